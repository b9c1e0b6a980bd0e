//! How far the history reached: without it, nobody would notice that its last lines are gone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::disk::{absent, read, replace};
use super::{History, KeptError};

/// The end of the history, in a file beside it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The number of the last entry; 0 if there is none.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// The highest counter that was ever active.
    pub floor: u64,
}

impl Head {
    pub(super) fn of(history: &History, floor: u64) -> Head {
        let last = history.entries().last();
        Head {
            number: last.map_or(0, |entry| entry.number),
            hash: last.map(|entry| entry.hash.clone()).unwrap_or_default(),
            floor,
        }
    }

    pub(super) fn read(folder: &Path) -> Result<Option<Head>, KeptError> {
        let path = path(folder);
        let Some(text) = read(&path).or_else(absent)? else { return Ok(None) };
        let spoilt =
            |error: serde_json::Error| KeptError::Spoilt { path: path.clone(), reason: error.to_string() };
        serde_json::from_slice(&text).map(Some).map_err(spoilt)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), KeptError> {
        let path = path(folder);
        let spoilt =
            |error: serde_json::Error| KeptError::Spoilt { path: path.clone(), reason: error.to_string() };
        replace(&path, &serde_json::to_vec(self).map_err(spoilt)?)
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("head.json")
}
