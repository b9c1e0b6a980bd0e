//! A judge that answers from a table.

use std::collections::HashMap;

use cordon_rewrite::{Batch, Judge, JudgeError, OwnedScalar, Scalar, Value, Verdict};

/// Answers by the keys as [`display`] writes them.
#[derive(Debug, Default)]
pub struct Table {
    pub verdicts: HashMap<(u32, Vec<String>), Verdict>,
    /// For records that are not in the table.
    pub otherwise: Option<Verdict>,
    /// Given in place of the right number of verdicts.
    pub too_few: bool,
    /// What the judge was asked, by set and keys.
    pub asked: Vec<(u32, Vec<String>)>,
    pub batches: usize,
}

impl Judge for Table {
    fn judge(&mut self, set: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        self.batches += 1;
        for record in 0..batch.len() {
            let keys: Vec<String> =
                (0..batch.keys_per_record()).map(|key| display(&batch.value(record, key))).collect();
            let found = self.verdicts.get(&(set, keys.clone())).or(self.otherwise.as_ref());
            self.asked.push((set, keys));
            verdicts.push(found.cloned().ok_or("nothing in the table")?);
        }
        if self.too_few {
            verdicts.pop();
        }
        Ok(())
    }

    fn mask(
        &mut self,
        mask: u32,
        values: &[Value<'_>],
        scalars: &mut Vec<OwnedScalar>,
    ) -> Result<(), JudgeError> {
        for value in values {
            scalars.push(match mask {
                0 => OwnedScalar::Text(format!("<{}>", display(value))),
                1 => OwnedScalar::Number("1.50".to_owned()),
                2 => OwnedScalar::Boolean(true),
                3 => OwnedScalar::Null,
                4 => OwnedScalar::Number("01".to_owned()),
                5 => OwnedScalar::Text("x".repeat(257)),
                6 => return Ok(()),
                _ => return Err("no such mask".into()),
            });
        }
        Ok(())
    }
}

/// A value as the tables write it.
pub fn display(value: &Value<'_>) -> String {
    let scalar = |scalar: &Scalar<'_>| match *scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Number(text) => format!("#{text}"),
        Scalar::Text(text) => text.to_owned(),
    };
    match value {
        Value::Absent => "(absent)".to_owned(),
        Value::Composite => "(composite)".to_owned(),
        Value::One(one) => scalar(one),
        Value::Many(many) => format!("[{}]", many.iter().map(scalar).collect::<Vec<_>>().join(" ")),
    }
}
