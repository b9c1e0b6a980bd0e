//! An entry of the history: a line of JSON with the hash of the line before.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Activation;
use crate::{Bundle, Digest};

/// What the first entry names as the hash before it.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A newer bundle took the place of the active one.
    Activate,
    /// Somebody said that an older one is to come back.
    Rollback,
    /// A candidate did what was not approved, and the one before came back by itself.
    AutomaticReturn,
}

/// What became active, when, by whom, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// From 1, without gaps.
    pub number: u64,
    /// When, as RFC 3339.
    #[serde(with = "time_text")]
    pub time: OffsetDateTime,
    /// By whom.
    pub who: String,
    /// What was done.
    pub action: Action,
    /// The bundle's digest.
    #[serde(with = "digest_text")]
    pub digest: Digest,
    /// The policy's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its counter.
    pub counter: u64,
    /// What admission, shadow or canary said.
    pub report: serde_json::Value,
    /// The hash of the entry before.
    pub before: String,
    /// The hash of this entry: SHA-256 over its line up to here.
    #[serde(default, skip_serializing)]
    pub hash: String,
}

impl Entry {
    pub(super) fn new(before: Option<&Entry>, bundle: &Bundle, activation: Activation) -> Entry {
        let manifest = bundle.manifest();
        Entry {
            number: before.map_or(1, |entry| entry.number + 1),
            time: activation.time,
            who: activation.who,
            action: activation.action,
            digest: bundle.digest(),
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            counter: manifest.counter,
            report: activation.report,
            before: before.map_or(NOTHING, |entry| &entry.hash).to_owned(),
            hash: String::new(),
        }
    }

    /// The line, without its end, and the hash in it.
    pub(super) fn line(&self) -> serde_json::Result<(String, String)> {
        let mut line = serde_json::to_string(self)?;
        line.pop();
        let hash = hash(&line);
        line.push_str(&format!("{SEAL}{hash}\"}}"));
        Ok((line, hash))
    }

    /// Reads a line, if it holds what its hash says.
    pub(super) fn read(line: &str) -> Option<Entry> {
        let entry: Entry = serde_json::from_str(line).ok()?;
        let sealed = line.strip_suffix("\"}")?.strip_suffix(entry.hash.as_str())?.strip_suffix(SEAL)?;
        (hash(sealed) == entry.hash).then_some(entry)
    }

    /// Whether this entry may stand behind that one.
    pub(super) fn follows(&self, before: Option<&Entry>) -> bool {
        let (number, hash) = before.map_or((0, NOTHING), |entry| (entry.number, &entry.hash));
        self.number == number + 1 && self.before == hash
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Action::Activate => "activate",
            Action::Rollback => "rollback",
            Action::AutomaticReturn => "automatic-return",
        })
    }
}

/// What stands between a line's contents and its hash.
const SEAL: &str = ",\"hash\":\"";

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

mod time_text {
    use super::{OffsetDateTime, Rfc3339};
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.format(&Rfc3339).map_err(S::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        OffsetDateTime::parse(&String::deserialize(deserializer)?, &Rfc3339).map_err(D::Error::custom)
    }
}

mod digest_text {
    use super::Digest;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
