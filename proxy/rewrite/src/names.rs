//! Finds member names that stand twice in an object (H22).

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use crate::error::{EditErrorKind, Limit};

/// The names met in the open objects, as keyed hashes of 64 bits: a chance equality, which nobody can provoke,
/// refuses a body and lets nothing through.
#[derive(Debug, Default)]
pub(crate) struct SeenNames {
    hasher: RandomState,
    /// Hashes of all open objects, the innermost last.
    hashes: Vec<u64>,
    /// Where each open object's hashes begin.
    objects: Vec<usize>,
    /// The hashes of objects that have become large.
    large: HashSet<u64>,
    limit: usize,
}

/// Up to so many members an object's hashes are compared one by one.
const SMALL: usize = 16;

impl SeenNames {
    pub(crate) fn new(limit: usize) -> SeenNames {
        SeenNames { limit, ..SeenNames::default() }
    }

    /// The same room for another body.
    pub(crate) fn again(mut self, limit: usize) -> SeenNames {
        self.clear();
        self.limit = limit;
        self
    }

    /// Forgets all names, and gives up memory that many of them needed.
    pub(crate) fn trim(&mut self) {
        self.clear();
        self.hashes.shrink_to(256);
        self.objects.shrink_to(64);
        self.large = HashSet::new();
    }

    /// Names that may be remembered at one time.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Forgets all names, as if no object were open.
    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        self.objects.clear();
        self.large.clear();
    }

    pub(crate) fn open(&mut self) {
        self.objects.push(self.hashes.len());
    }

    pub(crate) fn close(&mut self) {
        let start = self.objects.pop().unwrap_or_default();
        if self.hashes.len() - start > SMALL {
            for hash in &self.hashes[start..] {
                self.large.remove(hash);
            }
        }
        self.hashes.truncate(start);
    }

    /// Remembers a name, unescaped, of the innermost object.
    pub(crate) fn add(&mut self, name: &str) -> Result<(), EditErrorKind> {
        let start = self.objects.last().copied().unwrap_or_default();
        let hash = self.hasher.hash_one((self.objects.len(), name));
        let members = self.hashes.len() - start;
        let twice =
            if members <= SMALL { self.hashes[start..].contains(&hash) } else { self.large.contains(&hash) };
        if twice {
            return Err(EditErrorKind::DuplicateName);
        }
        if self.hashes.len() >= self.limit {
            return Err(EditErrorKind::Limit(Limit::Members));
        }
        self.hashes.push(hash);
        if members == SMALL {
            self.large.extend(&self.hashes[start..]);
        } else if members > SMALL {
            self.large.insert(hash);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_once_in_each_object() {
        let mut names = SeenNames::new(1000);
        names.open();
        for number in 0..100 {
            names.add(&format!("n{number}")).unwrap();
            names.open();
            for inner in 0..30 {
                names.add(&format!("n{inner}")).unwrap();
            }
            assert!(matches!(names.add("n29"), Err(EditErrorKind::DuplicateName)));
            names.close();
        }
        for number in [0, 15, 16, 17, 99] {
            assert!(matches!(names.add(&format!("n{number}")), Err(EditErrorKind::DuplicateName)));
        }
    }

    #[test]
    fn what_is_remembered_is_limited() {
        let mut names = SeenNames::new(20);
        names.open();
        for number in 0..20 {
            names.add(&number.to_string()).unwrap();
        }
        assert!(matches!(names.add("more"), Err(EditErrorKind::Limit(Limit::Members))));
    }
}
