//! Names of start tags that have come before.
//!
//! Elements mostly follow each other in the same order. A start tag without attributes is found by comparing it with
//! those that came behind the last one, all at once, instead of reading its name.

/// Names, each with those that came behind it.
#[derive(Debug)]
pub(super) struct Known {
    /// The first one is none, and comes before all.
    names: Vec<Name>,
    /// The one that came last.
    last: usize,
}

#[derive(Debug)]
struct Name {
    /// The name and `>`, the first byte lowest.
    head: u128,
    /// Ones for each bit of that.
    mask: u128,
    length: usize,
    /// What came behind it last, and what did before.
    next: [usize; 2],
}

/// Bytes of a name and `>` at the most.
const HEAD: usize = 16;
/// Names that are remembered at the most.
const NAMES: usize = 256;

impl Known {
    pub(super) fn new() -> Known {
        // It is nowhere: no byte is both none and something.
        let none = Name { head: 1, mask: 0, length: 0, next: [0, 0] };
        Known { names: vec![none], last: 0 }
    }

    /// Where the name ends that stands at `at` with `>` behind it, if it is one of those expected.
    #[inline]
    pub(super) fn expect(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        let head = head(bytes, at)?;
        let next = self.names[self.last].next;
        let found = *next.iter().find(|&&next| self.names[next].is_at(head))?;
        self.last = found;
        Some(at + self.names[found].length)
    }

    /// Whether the name that was expected stands at `at`, with `>` behind it. Not known if so little follows that they
    /// cannot be compared.
    #[inline]
    pub(super) fn closes(&self, bytes: &[u8], at: usize) -> bool {
        head(bytes, at).is_some_and(|head| self.names[self.last].is_at(head))
    }

    /// Remembers a name that has come, of a tag that is nothing but the name.
    pub(super) fn learn(&mut self, name: &[u8]) {
        let Some(room) = HEAD.checked_sub(name.len() + 1) else { return };
        let mut bytes = [0; HEAD];
        bytes[..name.len()].copy_from_slice(name);
        bytes[name.len()] = b'>';
        let head = u128::from_le_bytes(bytes);
        let found = match self.names.iter().position(|name| name.is_at(head)) {
            Some(found) => found,
            None if self.names.len() == NAMES => return,
            None => {
                let mask = u128::MAX >> (8 * room);
                self.names.push(Name { head, mask, length: name.len(), next: [0, 0] });
                self.names.len() - 1
            }
        };
        let next = &mut self.names[self.last].next;
        if next[0] != found {
            *next = [found, next[0]];
        }
        self.last = found;
    }
}

impl Name {
    #[inline]
    fn is_at(&self, head: u128) -> bool {
        (head ^ self.head) & self.mask == 0 && self.mask != 0
    }
}

#[inline]
fn head(bytes: &[u8], at: usize) -> Option<u128> {
    Some(u128::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(known: &mut Known, tag: &str) -> bool {
        let padded = format!("{tag}                ");
        known.expect(padded.as_bytes(), 1).is_some_and(|end| end == tag.len() - 1)
    }

    #[test]
    fn what_comes_behind_is_expected() {
        let mut known = Known::new();
        assert!(!expected(&mut known, "<a>"));
        for name in ["a", "b", "fifteen-letters", "a", "a", "b"] {
            known.learn(name.as_bytes());
        }
        for tag in ["<fifteen-letters>", "<a>", "<b>", "<fifteen-letters>", "<a>", "<a>"] {
            assert!(expected(&mut known, tag), "{tag}");
        }
        for tag in ["<c>", "<aa>", "<a >", "<a/>", "<>", "<a", "<sixteen-letters->"] {
            assert!(!expected(&mut known, tag), "{tag}");
        }
        assert!(known.expect(b"<b>", 1).is_none(), "less than is compared");
    }

    #[test]
    fn not_all_names_are_remembered() {
        let mut known = Known::new();
        known.learn(b"sixteen-letters-");
        assert_eq!((known.names.len(), known.last), (1, 0));
        for number in 0..2 * NAMES {
            known.learn(format!("n{number}").as_bytes());
        }
        assert_eq!(known.names.len(), NAMES);
    }
}
