//! What an answer read of the directory, and until when it holds.
//!
//! A policy is a function of its memory, of what it is asked, and of what the directory tells it, one look-up after
//! the other. Where every look-up that led to an answer would be answered alike, the first would be made alike, so the
//! second too, and so on: a fresh sandbox would answer alike. So an answer is not kept for a revision, but for as long
//! as what it read has the versions that it had.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::directory::Directory;

/// The most look-ups that are remembered of an answer. One that made more holds for its revision only.
const LOOKUPS: usize = 1024;
/// What a look-up takes beside its texts: versions, lengths, its place in a list.
const OVERHEAD: usize = 64;
/// A revision that none is: directories count from below, and samples from above.
const NO_REVISION: u64 = 0;

/// A look-up in the directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lookup {
    Fields { kind: String },
    Projects { kind: String, id: String },
    Single { kind: String },
}

/// The look-ups of one call, as they are made.
#[derive(Default)]
pub(crate) struct Recorder {
    lookups: BTreeMap<Lookup, u64>,
    /// There were more than are remembered, or the directory contradicted itself.
    is_lost: bool,
}

/// What an answer, or each of some answers, rests on.
#[derive(Clone, Debug)]
pub(crate) struct Reads(Option<Arc<Basis>>);

#[derive(Debug)]
struct Basis {
    lookups: Box<[(Lookup, u64)]>,
    /// The look-ups are not all known: they hold for the revision that they were made in.
    is_lost: bool,
    /// A revision in which all of them have the versions told. Any will do; it is the last that was looked at.
    holds_in: AtomicU64,
    /// A revision in which they have not, so that many answers that share them find out once.
    fails_in: AtomicU64,
    /// What each of those who share it bears of its size.
    share: usize,
}

impl Lookup {
    fn version(&self, directory: &dyn Directory) -> u64 {
        match self {
            Lookup::Fields { kind } => directory.fields_version(kind),
            Lookup::Projects { kind, id } => directory.projects_version(kind, id),
            Lookup::Single { kind } => directory.single_project_version(kind),
        }
    }

    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Lookup::Fields { kind } | Lookup::Single { kind } => kind.len(),
                Lookup::Projects { kind, id } => kind.len() + id.len(),
            }
    }
}

impl Recorder {
    /// Notes a look-up with the version that its answer has.
    pub(crate) fn note(&mut self, lookup: Lookup, directory: &dyn Directory) {
        if self.is_lost {
            return;
        }
        let version = lookup.version(directory);
        let known = self.lookups.insert(lookup, version);
        self.is_lost = self.lookups.len() > LOOKUPS || known.is_some_and(|known| known != version);
    }

    /// What the answers of the call, so many of them, rest on.
    pub(crate) fn into_reads(self, revision: u64, answers: usize) -> Reads {
        Reads::new(self.lookups.into_iter().collect(), self.is_lost, revision, answers)
    }
}

impl Reads {
    fn new(lookups: Box<[(Lookup, u64)]>, is_lost: bool, revision: u64, answers: usize) -> Reads {
        if lookups.is_empty() && !is_lost {
            return Reads(None);
        }
        let size: usize = size_of::<Basis>() + lookups.iter().map(|(lookup, _)| lookup.size()).sum::<usize>();
        Reads(Some(Arc::new(Basis {
            lookups,
            is_lost,
            holds_in: AtomicU64::new(revision),
            fails_in: AtomicU64::new(NO_REVISION),
            share: size.div_ceil(answers.max(1)),
        })))
    }

    /// Whether the answer is the one that this directory leads to. Allocates nothing and locks nothing.
    pub(crate) fn hold(&self, directory: &dyn Directory, revision: u64) -> bool {
        let Some(basis) = &self.0 else {
            return true;
        };
        // Nothing is published by these: each only says what was found out, and finding out again finds the same.
        if basis.holds_in.load(Ordering::Relaxed) == revision {
            return true;
        }
        if basis.is_lost || basis.fails_in.load(Ordering::Relaxed) == revision {
            return false;
        }
        let holds = basis.lookups.iter().all(|(lookup, version)| lookup.version(directory) == *version);
        let found_out = if holds { &basis.holds_in } else { &basis.fails_in };
        found_out.store(revision, Ordering::Relaxed);
        holds
    }

    /// What rests on both of these, both of which hold in this revision.
    pub(crate) fn join(self, other: &Reads, revision: u64) -> Reads {
        match (&self.0, &other.0) {
            (_, None) => self,
            (None, _) => other.clone(),
            (Some(one), Some(two)) => {
                let lookups = one.lookups.iter().chain(&two.lookups).cloned().collect();
                Reads::new(lookups, one.is_lost || two.is_lost, revision, 1)
            }
        }
    }

    /// What an answer bears of the size, in bytes.
    pub(crate) fn share(&self) -> usize {
        size_of::<Reads>() + self.0.as_ref().map_or(0, |basis| basis.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Field;

    /// Versions by kind; every look-up counts as one of projects.
    struct Versions(u64, BTreeMap<&'static str, u64>);

    impl Directory for Versions {
        fn revision(&self) -> u64 {
            self.0
        }

        fn fields(&self, _: &str) -> Vec<Field> {
            Vec::new()
        }

        fn projects_of(&self, _: &str, _: &str) -> Option<Vec<String>> {
            None
        }

        fn single_project(&self, _: &str) -> bool {
            false
        }

        fn fields_version(&self, kind: &str) -> u64 {
            self.1[kind]
        }

        fn projects_version(&self, kind: &str, _: &str) -> u64 {
            self.1[kind]
        }

        fn single_project_version(&self, kind: &str) -> u64 {
            self.1[kind]
        }
    }

    fn versions(revision: u64, queue: u64, contact: u64) -> Versions {
        Versions(revision, BTreeMap::from([("queue", queue), ("contact", contact)]))
    }

    fn queue(id: &str) -> Lookup {
        Lookup::Projects { kind: "queue".into(), id: id.into() }
    }

    fn reads(directory: &Versions, lookups: impl IntoIterator<Item = Lookup>) -> Reads {
        let mut recorder = Recorder::default();
        lookups.into_iter().for_each(|lookup| recorder.note(lookup, directory));
        recorder.into_reads(directory.0, 1)
    }

    #[test]
    fn an_answer_holds_for_as_long_as_what_it_read() {
        let first = versions(1, 1, 1);
        let nothing = reads(&first, []);
        let one = reads(&first, [queue("a"), queue("a")]);
        let both = one.clone().join(&reads(&first, [Lookup::Fields { kind: "contact".into() }]), 1);
        for (directory, one_holds, both_hold) in [
            (versions(2, 1, 1), true, true),
            (versions(3, 1, 2), true, false),
            (versions(4, 2, 1), false, false),
            (versions(1, 1, 1), true, true),
            (versions(4, 2, 1), false, false),
        ] {
            for _ in 0..2 {
                assert!(nothing.hold(&directory, directory.0));
                assert_eq!(one.hold(&directory, directory.0), one_holds, "revision {}", directory.0);
                assert_eq!(both.hold(&directory, directory.0), both_hold, "revision {}", directory.0);
            }
        }
    }

    #[test]
    fn what_read_too_much_holds_for_its_revision() {
        let first = versions(1, 1, 1);
        let much = reads(&first, (0..=LOOKUPS).map(|id| queue(&id.to_string())));
        assert!(much.hold(&first, 1));
        assert!(!much.hold(&versions(2, 1, 1), 2));
        let joined = reads(&first, [queue("a")]).join(&much, 1);
        assert!(joined.hold(&first, 1));
        assert!(!joined.hold(&versions(2, 1, 1), 2));
        assert!(much.share() > LOOKUPS * OVERHEAD, "its size is counted");
    }
}
