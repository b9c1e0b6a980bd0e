//! A store's file, which people write.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use cordon_settings::Problem;
use tracing::{info, warn};

use super::{OpenError, Standing};
use crate::file::Watcher;
use crate::snapshot::Snapshot;

/// A file that is followed: what it says is in force, and a version of it that is wrong is kept out.
pub(super) struct Followed {
    shared: Arc<Shared>,
    /// Stops following the file when the store goes away.
    _watcher: Watcher,
}

/// What the store and its watcher share.
struct Shared {
    current: Arc<ArcSwap<Snapshot>>,
    path: PathBuf,
    state: Mutex<State>,
}

/// Locked while the file is read, so that two readers do not overtake each other.
struct State {
    /// The text of the snapshot in force.
    text: String,
    /// The text that was last found wrong, so that it is reported once and not at every look.
    refused: Option<String>,
    standing: Standing,
}

impl Followed {
    pub(super) fn open(path: &Path) -> Result<Followed, OpenError> {
        let path = path.to_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|source| OpenError::Read { path: path.clone(), source })?;
        let snapshot = match parse_file(&text) {
            Ok(snapshot) => snapshot,
            Err(problems) => return Err(OpenError::Wrong { path, text, problems }),
        };
        let state = State { text, refused: None, standing: Standing::now() };
        let current = Arc::new(ArcSwap::from_pointee(snapshot));
        let shared = Arc::new(Shared { current, path, state: Mutex::new(state) });
        let watched = Arc::clone(&shared);
        let watcher = Watcher::start(&shared.path, move || watched.reload());
        Ok(Followed { shared, _watcher: watcher })
    }

    pub(super) fn current(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.shared.current)
    }

    pub(super) fn standing(&self) -> Standing {
        self.shared.state().standing.clone()
    }

    pub(super) fn reload(&self) {
        self.shared.reload();
    }
}

impl Shared {
    /// A panic while the lock was held leaves a state that is still true: each step writes it whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts in force what the file says now, if that is right and something else than before.
    fn reload(&self) {
        let path = &self.path;
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
            if state.standing.confirm() {
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
                *state = State { text, refused: None, standing: Standing::now() };
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
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        let text = message.clone();
        if self.standing.note(message, problems) {
            warn!(first, "{text}; the last good one stays in force");
        }
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
