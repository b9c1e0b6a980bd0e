//! Hashes that hang each entry of the log on the one before, so that nobody can alter, remove or insert one without
//! every later hash being another.
//!
//! # The canonical form
//! The hash of an entry is SHA-256 over these, one after the other:
//!
//! 1. the 32 bytes of the previous entry's hash; for the first entry, those of the directory's beginning, which is
//!    SHA-256 over the text `cordon directory log 1` and the directory's salt of 16 bytes;
//! 2. number and time, each as 8 bytes, big endian; the time is in milliseconds since 1970, signed;
//! 3. actor and action, each as a text;
//! 4. for each record, in their order: the byte 1, then kind, kind of what (empty but for fields and objects), and id,
//!    each as a text, then what was before and what is after, each as the byte 0 if there is nothing, or the byte 1
//!    and the text of its JSON exactly as the log keeps it;
//! 5. the byte 0.
//!
//! A text is its length in bytes of UTF-8, as 8 bytes, big endian, and then those bytes. So no two entries have the
//! same form.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::model::Salt;

const BEGINNING: &[u8] = b"cordon directory log 1";

/// The hash of an entry. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// What the first entry hangs on.
    pub(crate) fn beginning(salt: &Salt) -> ChainHash {
        ChainHash(Sha256::new().chain_update(BEGINNING).chain_update(salt.0).finalize().into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(digits: &str) -> Option<ChainHash> {
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
        }
        Some(ChainHash(bytes))
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// An entry's hash in the making, so that a large entry need not be in memory at once.
pub(crate) struct Link(Sha256);

impl Link {
    pub(crate) fn new(previous: ChainHash, number: u64, time: i64, actor: &str, action: &str) -> Link {
        let mut link = Link(Sha256::new());
        link.0.update(previous.0);
        link.0.update(number.to_be_bytes());
        link.0.update(time.to_be_bytes());
        link.text(actor);
        link.text(action);
        link
    }

    /// The next record.
    pub(crate) fn record(&mut self, key: [&str; 3], before: Option<&str>, after: Option<&str>) {
        self.0.update([1]);
        key.into_iter().for_each(|part| self.text(part));
        for json in [before, after] {
            match json {
                None => self.0.update([0]),
                Some(json) => {
                    self.0.update([1]);
                    self.text(json);
                }
            }
        }
    }

    pub(crate) fn finish(mut self) -> ChainHash {
        self.0.update([0]);
        ChainHash(self.0.finalize().into())
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: ChainHash = ChainHash([7; 32]);

    fn entry(actor: &str, action: &str, records: &[([&str; 3], Option<&str>, Option<&str>)]) -> ChainHash {
        let mut link = Link::new(BEFORE, 1, 2, actor, action);
        for (key, before, after) in records {
            link.record(*key, *before, *after);
        }
        link.finish()
    }

    /// The bytes as the description at the top of the file has them, put together by hand.
    #[test]
    fn the_form_is_the_one_that_is_described() {
        let mut bytes = vec![7; 32];
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend(b"\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\x02do");
        bytes.extend(
            b"\x01\0\0\0\0\0\0\0\x05queue\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x017\0\x01\0\0\0\0\0\0\0\x02{}",
        );
        bytes.push(0);
        let expected = ChainHash(Sha256::digest(&bytes).into());
        assert_eq!(entry("a", "do", &[(["queue", "", "7"], None, Some("{}"))]), expected);
    }

    #[test]
    fn whatever_differs_the_hash_does() {
        let record = (["object", "queue", "7"], None, Some("{}"));
        let other = (["object", "queu", "e7"], None, Some("{}"));
        let gone = (["object", "queue", "7"], Some("{}"), None);
        let all = [
            entry("a", "b", &[]),
            entry("ab", "", &[]),
            entry("a", "b", &[record]),
            entry("a", "b", &[other]),
            entry("a", "b", &[gone]),
            entry("a", "b", &[record, record]),
            Link::new(BEFORE, 2, 2, "a", "b").finish(),
            Link::new(BEFORE, 1, 3, "a", "b").finish(),
            Link::new(ChainHash([8; 32]), 1, 2, "a", "b").finish(),
        ];
        let distinct: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = entry("a", "b", &[]);
        assert_eq!(ChainHash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "0", &"g".repeat(64), &"é".repeat(32), &hash.to_string()[1..]] {
            assert_eq!(ChainHash::parse(wrong), None);
        }
    }
}
