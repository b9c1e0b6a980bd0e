//! The keys of some records of one set, as the judge sees them.

use crate::judge::{Scalar, Value};

/// The keys of some records of one set.
///
/// Each record's values stand encoded in one buffer that is used again for every batch, so that neither collecting
/// nor looking up a verdict allocates per record: [`Batch::encoded`] is the same for two records exactly when all
/// their values are.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Values one after the other. Tags and lengths are ASCII too, so that text can be handed out unchecked.
    text: String,
    /// End of each value in `text`, `keys` of them per record.
    ends: Vec<usize>,
    records: usize,
    keys: usize,
}

/// ASCII characters of a length, seven bits in each.
const LENGTH: usize = 5;

impl Batch {
    /// An empty batch of records with that many keys.
    #[must_use]
    pub fn new(keys: usize) -> Batch {
        Batch { keys, ..Batch::default() }
    }

    /// Appends a record. Values beyond the number of keys are left out, missing ones are absent.
    pub fn push(&mut self, values: &[Value<'_>]) {
        for key in 0..self.keys {
            self.push_value(values.get(key).unwrap_or(&Value::Absent));
        }
        self.end_record();
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// The number of keys that each record has.
    #[must_use]
    pub fn keys_per_record(&self) -> usize {
        self.keys
    }

    /// What a key found in a record. Both are counted from 0; beyond the last it is [`Value::Absent`].
    #[must_use]
    pub fn value(&self, record: usize, key: usize) -> Value<'_> {
        if record >= self.records || key >= self.keys {
            return Value::Absent;
        }
        let place = record * self.keys + key;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        decode(&self.text[start..self.ends[place]])
    }

    /// All values of a record in canonical form, for looking up a verdict. Empty for a set without keys.
    #[must_use]
    pub fn encoded(&self, record: usize) -> &[u8] {
        if record >= self.records || self.keys == 0 {
            return &[];
        }
        let first = record * self.keys;
        let start = first.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text.as_bytes()[start..self.ends[first + self.keys - 1]]
    }

    /// Empties the batch for records of another set, keeping its memory.
    pub(crate) fn reset(&mut self, keys: usize) {
        self.text.clear();
        self.ends.clear();
        self.records = 0;
        self.keys = keys;
    }

    /// Empties the batch and gives up memory that many records needed.
    pub(crate) fn trim(&mut self) {
        self.reset(0);
        self.text.shrink_to(4 << 10);
        self.ends.shrink_to(256);
    }

    /// Appends one value of the record under way.
    pub(crate) fn push_value(&mut self, value: &Value<'_>) {
        match value {
            Value::Absent => self.text.push('a'),
            Value::Composite => self.text.push('c'),
            Value::One(scalar) => {
                self.text.push('o');
                self.push_scalar(*scalar);
            }
            Value::Many(scalars) => {
                self.begin_many(scalars.len());
                for scalar in scalars {
                    self.push_scalar(*scalar);
                }
            }
        }
        self.end_value();
    }

    /// Begins an array, whose scalars and [`Batch::end_value`] must follow.
    pub(crate) fn begin_many(&mut self, scalars: usize) {
        self.text.push('m');
        self.push_length(scalars);
    }

    /// Begins a scalar, which and [`Batch::end_value`] must follow.
    pub(crate) fn begin_one(&mut self) {
        self.text.push('o');
    }

    pub(crate) fn push_scalar(&mut self, scalar: Scalar<'_>) {
        let (tag, text) = match scalar {
            Scalar::Null => return self.text.push('n'),
            Scalar::Boolean(false) => return self.text.push('f'),
            Scalar::Boolean(true) => return self.text.push('t'),
            Scalar::Number(text) => ("#\0\0\0\0", text),
            Scalar::Text(text) => ("s\0\0\0\0", text),
        };
        match u8::try_from(text.len()) {
            // Nearly all are so short that the length has one digit.
            Ok(length) if length.is_ascii() => {
                self.text.push_str(tag);
                self.text.push(char::from(length));
            }
            _ => {
                self.text.push_str(&tag[..1]);
                self.push_length(text.len());
            }
        }
        self.text.push_str(text);
    }

    pub(crate) fn end_value(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Ends a record whose values have been appended.
    pub(crate) fn end_record(&mut self) {
        self.records += 1;
    }

    fn push_length(&mut self, length: usize) {
        for place in (0..LENGTH).rev() {
            let bits = u8::try_from((length >> (7 * place)) & 0x7f).unwrap_or(0);
            self.text.push(char::from(bits));
        }
    }
}

fn decode(text: &str) -> Value<'_> {
    match text.as_bytes().first() {
        Some(b'c') => Value::Composite,
        Some(b'o') => Value::One(decode_scalar(&text[1..]).0),
        Some(b'm') => {
            let count = decode_length(&text[1..]);
            let mut rest = &text[1 + LENGTH..];
            let mut scalars = Vec::with_capacity(count);
            for _ in 0..count {
                let (scalar, after) = decode_scalar(rest);
                scalars.push(scalar);
                rest = after;
            }
            Value::Many(scalars)
        }
        _ => Value::Absent,
    }
}

/// The scalar that the text begins with, and what stands behind it.
fn decode_scalar(text: &str) -> (Scalar<'_>, &str) {
    let tag = text.as_bytes()[0];
    let rest = &text[1..];
    match tag {
        b'n' => (Scalar::Null, rest),
        b'f' => (Scalar::Boolean(false), rest),
        b't' => (Scalar::Boolean(true), rest),
        _ => {
            let (value, rest) = rest[LENGTH..].split_at(decode_length(rest));
            (if tag == b'#' { Scalar::Number(value) } else { Scalar::Text(value) }, rest)
        }
    }
}

fn decode_length(text: &str) -> usize {
    text.as_bytes()[..LENGTH].iter().fold(0, |length, &bits| length << 7 | usize::from(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went_in() {
        let long = "é".repeat(300);
        let records = [
            vec![Value::Absent, Value::Composite, Value::One(Scalar::Null)],
            vec![Value::One(Scalar::Boolean(true)), Value::One(Scalar::Number("1e400")), Value::Many(vec![])],
            vec![
                Value::One(Scalar::Text(&long)),
                Value::Many(vec![Scalar::Boolean(false), Scalar::Text(""), Scalar::Number("-0")]),
                Value::One(Scalar::Text("#s")),
            ],
        ];
        let mut batch = Batch::new(3);
        for record in &records {
            batch.push(record);
        }
        assert_eq!((batch.len(), batch.keys_per_record()), (3, 3));
        for (place, record) in records.iter().enumerate() {
            for (key, value) in record.iter().enumerate() {
                assert_eq!(&batch.value(place, key), value);
            }
        }
        assert_eq!(batch.value(3, 0), Value::Absent);
        assert_eq!(batch.value(0, 3), Value::Absent);
    }

    #[test]
    fn encodings_are_equal_exactly_for_equal_records() {
        let values = [
            Value::Absent,
            Value::Composite,
            Value::One(Scalar::Null),
            Value::One(Scalar::Number("1")),
            Value::One(Scalar::Text("1")),
            Value::Many(vec![]),
            Value::Many(vec![Scalar::Text("1")]),
            Value::Many(vec![Scalar::Text("1"), Scalar::Null]),
        ];
        let mut batch = Batch::new(2);
        for first in &values {
            for second in &values {
                batch.push(&[first.clone(), second.clone()]);
            }
        }
        for one in 0..batch.len() {
            for other in 0..batch.len() {
                assert_eq!(batch.encoded(one) == batch.encoded(other), one == other);
            }
        }
    }
}
