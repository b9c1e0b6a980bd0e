//! The directory in force, and what came of the last attempt to replace it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use cordon_settings::Problem;
use thiserror::Error;
use tracing::{info, warn};

use crate::file::Watcher;
use crate::snapshot::Snapshot;

/// Holds the snapshot in force. A store that was opened from a file follows it: what the file says is in force at the
/// next request (D8), and a file that is wrong is kept out.
pub struct Store {
    shared: Arc<Shared>,
    /// Stops following the file when the store goes away.
    _watcher: Option<Watcher>,
}

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("the directory {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can be read, and is wrong.
    #[error("the directory {} has {} problem(s)", path.display(), problems.len())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What stands in it, for showing the places. Print no line of it but those that a problem's span names.
        text: String,
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
}

/// How a store is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// Revision of the snapshot in force.
    pub revision: u64,
    /// When that snapshot was read.
    pub loaded: SystemTime,
    /// Why the file as it is now is not in force. `None` if it is.
    pub trouble: Option<Trouble>,
}

/// Why the file as it is now was kept out. The last good snapshot stays in force.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// When this was noticed.
    pub since: SystemTime,
    /// In one sentence.
    pub message: String,
    /// All that is wrong with the file; empty if it could not be read at all.
    pub problems: Vec<Problem>,
}

impl Store {
    /// Reads a file and follows it from then on.
    pub fn open(path: impl AsRef<Path>) -> Result<Store, OpenError> {
        let path = path.as_ref().to_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| OpenError::Read { path: path.clone(), source })?;
        let snapshot = match parse_file(&text) {
            Ok(snapshot) => snapshot,
            Err(problems) => return Err(OpenError::Wrong { path, text, problems }),
        };
        let shared = Arc::new(Shared::new(snapshot, Some(path.clone()), text));
        let watched = Arc::clone(&shared);
        let watcher = Watcher::start(&path, move || watched.reload());
        Ok(Store { shared, _watcher: Some(watcher) })
    }

    /// A store whose snapshot never changes.
    pub fn fixed(snapshot: Snapshot) -> Store {
        Store { shared: Arc::new(Shared::new(snapshot, None, String::new())), _watcher: None }
    }

    /// The snapshot in force. One request uses one snapshot from its beginning to its end.
    pub fn current(&self) -> Arc<Snapshot> {
        self.shared.current.load_full()
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        let state = self.shared.state();
        Status {
            revision: self.shared.current.load().revision(),
            loaded: state.loaded,
            trouble: state.trouble.clone(),
        }
    }

    /// Reads the file now instead of waiting for word that it changed. Does nothing for a fixed store.
    pub fn reload(&self) -> Status {
        self.shared.reload();
        self.status()
    }
}

/// What the store and its watcher share.
struct Shared {
    current: ArcSwap<Snapshot>,
    /// The file; none for a fixed store.
    path: Option<PathBuf>,
    state: Mutex<State>,
}

/// Locked while the file is read, so that two readers do not overtake each other.
struct State {
    /// The text of the snapshot in force.
    text: String,
    /// The text that was last found wrong, so that it is reported once and not at every look.
    refused: Option<String>,
    loaded: SystemTime,
    trouble: Option<Trouble>,
}

impl Shared {
    fn new(snapshot: Snapshot, path: Option<PathBuf>, text: String) -> Shared {
        let state = State { text, refused: None, loaded: SystemTime::now(), trouble: None };
        Shared { current: ArcSwap::from_pointee(snapshot), path, state: Mutex::new(state) }
    }

    /// A panic while the lock was held leaves a state that is still true: each step writes it whole.
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in force what the file says now, if that is right and something else than before.
    fn reload(&self) {
        let Some(path) = &self.path else { return };
        let mut state = self.state();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("the directory {} cannot be read: {error}", path.display());
                state.refused = None;
                return state.note(message, Vec::new());
            }
        };
        if text == state.text {
            if state.trouble.take().is_some() {
                info!(path = %path.display(), "the directory is again what is in force");
            }
            state.refused = None;
            return;
        }
        if state.refused.as_ref() == Some(&text) {
            return;
        }
        match parse_file(&text) {
            Ok(snapshot) => {
                info!(path = %path.display(), revision = snapshot.revision(), "a changed directory is in force");
                self.current.store(Arc::new(snapshot));
                *state = State { text, refused: None, loaded: SystemTime::now(), trouble: None };
            }
            Err(problems) => {
                state.refused = Some(text);
                let count = problems.len();
                let message =
                    format!("the directory {} has {count} problem(s) and was kept out", path.display());
                state.note(message, problems);
            }
        }
    }
}

impl State {
    /// Notes why the file is kept out, and says so in the log unless that has been said.
    fn note(&mut self, message: String, problems: Vec<Problem>) {
        let known = self.trouble.as_ref();
        if known.is_some_and(|trouble| trouble.message == message && trouble.problems == problems) {
            return;
        }
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        warn!(first, "{message}; the last good one stays in force");
        self.trouble = Some(Trouble { since: SystemTime::now(), message, problems });
    }
}

/// Parses the text of a file. An empty one is taken for one that is being written: it would lock everybody out.
fn parse_file(text: &str) -> Result<Snapshot, Vec<Problem>> {
    if text.trim().is_empty() {
        let message = "the file is empty".to_owned();
        let help = Some("declare projects and users; see DIRECTORY.md".to_owned());
        return Err(vec![Problem { message, span: None, help }]);
    }
    Snapshot::parse(text)
}
