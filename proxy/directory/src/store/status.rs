//! How a store is doing.

use std::time::{Duration, Instant, SystemTime};

use cordon_settings::Problem;

use crate::snapshot::Snapshot;

/// How a store is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// Revision of the snapshot in force.
    pub revision: u64,
    /// Number of the last change that the snapshot in force has; 0 for a file.
    pub change: u64,
    /// When the snapshot in force was last known to be what the file or the database says.
    pub confirmed: SystemTime,
    /// How long ago that was, whatever the system's clock did since.
    pub age: Duration,
    /// When the snapshot in force was made.
    pub loaded: SystemTime,
    /// Why the snapshot in force may not be what the file or the database says. `None` if it is.
    pub trouble: Option<Trouble>,
}

/// Why what the file or the database says now is not in force, or not known. The last good snapshot stays in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// When this was noticed.
    pub since: SystemTime,
    /// In one sentence.
    pub message: String,
    /// All that is wrong with the file; empty if it could not be read at all, and for a database.
    pub problems: Vec<Problem>,
}

/// What a source knows of the snapshot in force, beside the snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    confirmed: (SystemTime, Instant),
    loaded: SystemTime,
    pub(crate) trouble: Option<Trouble>,
}

impl Standing {
    /// That of a snapshot that was made at this moment.
    pub(crate) fn now() -> Standing {
        let now = SystemTime::now();
        Standing { confirmed: (now, Instant::now()), loaded: now, trouble: None }
    }

    /// Notes that the snapshot in force is what the source says. True if there was trouble until now.
    pub(crate) fn confirm(&mut self) -> bool {
        self.confirmed = (SystemTime::now(), Instant::now());
        self.trouble.take().is_some()
    }

    /// Notes what keeps the snapshot in force from being confirmed. True if that was not known yet.
    pub(crate) fn note(&mut self, message: String, problems: Vec<Problem>) -> bool {
        let known = self.trouble.as_ref();
        if known.is_some_and(|trouble| trouble.message == message && trouble.problems == problems) {
            return false;
        }
        self.trouble = Some(Trouble { since: SystemTime::now(), message, problems });
        true
    }

    /// How long ago the snapshot was confirmed.
    pub(crate) fn age(&self) -> Duration {
        self.confirmed.1.elapsed()
    }

    pub(crate) fn status(&self, snapshot: &Snapshot) -> Status {
        Status {
            revision: snapshot.revision(),
            change: snapshot.change(),
            confirmed: self.confirmed.0,
            age: self.age(),
            loaded: self.loaded,
            trouble: self.trouble.clone(),
        }
    }
}
