//! A judge that decides by a hash of what it sees: any plan gets all kinds of verdicts, and the same each time.

use cordon_rewrite::{Batch, Judge, JudgeError, OwnedScalar, Value, Verdict};

use super::feeding::Cuts;
use super::generate::Drawn;
use super::judge::display;
use super::oracle::own;

/// Decides by a hash of what it sees.
pub struct Hashing<'a> {
    pub drawn: &'a Drawn,
    pub seed: u64,
}

impl Hashing<'_> {
    pub fn verdict(&self, set: usize, keys: &[String]) -> Verdict {
        let mut hash = self.seed ^ set as u64;
        for byte in keys.iter().flat_map(|key| key.bytes().chain([0])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut choice = Cuts::new(hash ^ (hash >> 29));
        let profiles = u32::try_from(self.drawn.sets[set].profiles.len()).unwrap();
        let any = |choice: &mut Cuts| u32::try_from(choice.below(profiles as usize)).unwrap();
        match choice.below(4) {
            0 => Verdict::Drop,
            1 | 2 => Verdict::Keep(any(&mut choice)),
            _ => Verdict::KeepMerged((0..=choice.below(3)).map(|_| any(&mut choice)).collect()),
        }
    }
}

impl Judge for Hashing<'_> {
    fn judge(&mut self, set: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        for record in 0..batch.len() {
            let keys: Vec<String> =
                (0..batch.keys_per_record()).map(|key| display(&batch.value(record, key))).collect();
            verdicts.push(self.verdict(set as usize, &keys));
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
            scalars.push(match own(mask, &display(value)) {
                serde_json::Value::String(text) => OwnedScalar::Text(text),
                other => OwnedScalar::Number(other.to_string()),
            });
        }
        Ok(())
    }
}
