//! The directory that a command works on.

use std::path::Path;
use std::sync::Arc;

use cordon_directory::{
    Advice, By, Change, ChangeError, Done, Draft, Key, Record, Rule, Snapshot, State, Store,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use super::output::{Output, sentences};
use crate::config::Config;
use crate::loaded::{Following, open_store, read_config};
use crate::{Failure, serve};

/// The open directory, who works on it, and where the answer goes.
pub(super) struct Session {
    pub(super) config: Config,
    pub(super) output: Output,
    store: Store,
    runtime: Runtime,
}

impl Session {
    /// Opens the directory that the configuration names.
    pub(super) fn open(config: &Path, json: bool) -> Result<Session, Failure> {
        let config = read_config(config)?;
        let runtime = serve::runtime()?;
        let store = runtime.block_on(open_store(&config.directory.place, Following::No))?;
        Ok(Session { config, output: Output { json }, store, runtime })
    }

    /// The directory as it is.
    pub(super) fn current(&self) -> Arc<Snapshot> {
        self.store.current()
    }

    /// Where it comes from.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Waits for what is asked of the store or the backend.
    pub(super) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Makes a change and prints what came of it.
    pub(super) fn change(&self, action: &str, edit: impl FnOnce(&mut Draft) + Send) -> Result<(), Failure> {
        let done = self.changed(&cli_user(), action, |draft| {
            edit(draft);
            Ok(())
        })?;
        self.output.changed(done.number, &done.changes, &self.warnings(&done.changes))
    }

    /// Makes a change.
    pub(super) fn changed<T>(
        &self,
        actor: &str,
        action: &str,
        edit: impl FnOnce(&mut Draft) -> Result<T, Failure> + Send,
    ) -> Result<Done<T>, Failure>
    where
        T: Serialize + DeserializeOwned + Send,
    {
        let by = By { actor: actor.to_owned(), action, once: None };
        self.wait(self.store.change(&by, edit)).map_err(|error| match error {
            ChangeError::Declined(failure) => failure,
            ChangeError::Refused(violations) => self.output.refused(&violations),
            ChangeError::ReadOnly => Failure::wrong(
                "error: the directory is a file, and people write that\n  help: edit it, or put it into a database: \
                 name one by `database` in cordon.toml, `cordon directory init`, and `cordon directory import` the file",
            ),
            error => Failure::failed(format!("error: {error}")),
        })
    }

    /// What whoever made these changes should know (D2, D20).
    pub(super) fn warnings(&self, changes: &[Change]) -> Vec<String> {
        sentences(&Advice::of_changes(self.current().state(), changes))
    }
}

/// Who is at the keyboard, for the log.
pub(super) fn cli_user() -> String {
    format!("cli:{}", whoami::username().unwrap_or_else(|_| "unknown".to_owned()))
}

/// The record of a key, or a refusal in the draft.
pub(super) fn found(draft: &mut Draft, key: &Key) -> Option<Record> {
    let record = draft.state().get(key);
    if record.is_none() {
        draft.refuse(Rule::Missing, key, "", format!("there is no {key}"), "look at the list of them");
    }
    record
}

/// The record of a key of what is there now.
pub(super) fn shown(state: &State, key: &Key) -> Result<Record, Failure> {
    let missing = || Failure::wrong(format!("error: there is no {key}\n  help: look at the list of them"));
    state.get(key).ok_or_else(missing)
}

/// A list with some entries added and some taken out; those that are there stay in their order.
pub(super) fn edited(list: &mut Vec<Arc<str>>, add: &[String], remove: &[String]) {
    list.retain(|entry| !remove.iter().any(|removed| **removed == **entry));
    for entry in add {
        if !list.iter().any(|there| **there == **entry) {
            list.push(entry.as_str().into());
        }
    }
}
