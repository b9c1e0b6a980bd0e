//! Whether the log and the tables are what the changes left, and nobody else's work.

use futures_util::TryStreamExt;
use sqlx::{AnyConnection, Row};
use thiserror::Error;

use super::connect::Database;
use super::fault::Fault;
use super::feed::{self, number};
use super::history::ReadError;
use super::load;
use super::shared::{Head, Version};
use crate::log::{ChainHash, Link};
use crate::model::{Key, ProjectLists, Record, Security};
use crate::state::State;

/// What holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many changes the log has.
    pub entries: u64,
    /// How many records the directory has.
    pub records: u64,
    /// Number of the last change.
    pub head_number: u64,
    /// Its hash, 64 hexadecimal digits: noted elsewhere, it proves later that the log still has all up to here.
    pub head_hash: String,
}

/// What does not hold.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The database cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log has been tampered with, or damaged.
    #[error("change {number} of the log is not as it was made: {message}")]
    Log {
        /// The first change of which this is known.
        number: u64,
        /// In what respect.
        message: String,
    },
    /// The tables have been written past the log, or are damaged.
    #[error("the tables are not what the log's changes come to: {0}")]
    Tables(String),
    /// The log is not the one of which a number and a hash were noted.
    #[error("the log is not the one that was noted: {0}")]
    Expected(String),
}

/// Differences between tables and log that are told.
const TOLD: usize = 5;

impl Database {
    pub(crate) async fn verify(&self, expected: Option<(u64, String)>) -> Result<Verified, VerifyError> {
        let shared = &*self.shared;
        let verify = async {
            let mut transaction = shared.pool.begin_with(shared.way.dialect.begin_to_read()).await?;
            Verifier { connection: &mut transaction, expected }.verify().await
        };
        match verify.await {
            Ok(verified) => Ok(verified),
            Err(Broken::Known(error)) => Err(error),
            Err(Broken::Fault(Fault::Damaged(message))) => Err(VerifyError::Tables(message)),
            Err(Broken::Fault(fault)) => Err(ReadError::Unavailable(shared.unreadable(fault).await).into()),
        }
    }
}

enum Broken {
    Known(VerifyError),
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for Broken {
    fn from(fault: F) -> Broken {
        Broken::Fault(fault.into())
    }
}

struct Verifier<'c> {
    connection: &'c mut AnyConnection,
    expected: Option<(u64, String)>,
}

/// An entry whose records are being read.
struct Open {
    number: u64,
    time: i64,
    hash: ChainHash,
    link: Link,
}

const LOG: &str = "
    SELECT changes.number, changes.at, changes.actor, changes.action, changes.previous, changes.hash,
        change_records.kind, change_records.kind_of, change_records.id, change_records.before, change_records.after
    FROM changes LEFT JOIN change_records ON change_records.number = changes.number
    ORDER BY changes.number, change_records.position";

impl Verifier<'_> {
    async fn verify(&mut self) -> Result<Verified, Broken> {
        let salt = load::salt(self.connection).await?;
        let mut replayed = State::new(Security::Simplified, salt);
        let beginning = Head { number: 0, time: i64::MIN, hash: ChainHash::beginning(&salt) };
        let last = self.replay(&mut replayed, beginning).await?;
        let Version { head, state } = load::load(self.connection).await?;
        if (head.number, head.hash) != (last.number, last.hash) {
            let message = format!(
                "the head says {} with hash {}, the log ends with {} and hash {}",
                head.number, head.hash, last.number, last.hash
            );
            return Err(broken(last.number, message));
        }
        if let Some((number, hash)) = &self.expected {
            let message = match *number > last.number {
                true => format!("it ends with change {}, and had {number}", last.number),
                false => format!("change {number} has another hash than {hash}"),
            };
            return Err(Broken::Known(VerifyError::Expected(message)));
        }
        let records = compare(&replayed, &state).map_err(Broken::Known)?;
        Ok(Verified {
            entries: last.number,
            records,
            head_number: last.number,
            head_hash: last.hash.to_string(),
        })
    }

    /// Follows the chain through the whole log, and makes the changes in an empty directory.
    async fn replay(&mut self, state: &mut State, beginning: Head) -> Result<Head, Broken> {
        let mut last = beginning;
        let mut open: Option<Open> = None;
        let mut lists = ProjectLists::default();
        if self.expected.as_ref().is_some_and(|(number, hash)| *number == 0 && *hash == last.hash.to_string())
        {
            self.expected = None;
        }
        let mut rows = sqlx::query(LOG).fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let entry = number(row.try_get(0)?)?;
            if open.as_ref().is_none_or(|open| open.number != entry) {
                if let Some(open) = open.take() {
                    last = close(open, &mut self.expected)?;
                }
                if entry != last.number + 1 {
                    return Err(broken(last.number + 1, "it is missing".to_owned()));
                }
                if feed::hash(row.try_get(4)?)? != last.hash {
                    return Err(broken(entry, "it names another hash of the change before".to_owned()));
                }
                let time: i64 = row.try_get(1)?;
                if time < last.time {
                    return Err(broken(entry, "it is older than the one before".to_owned()));
                }
                let link = Link::new(last.hash, entry, time, row.try_get(2)?, row.try_get(3)?);
                open = Some(Open { number: entry, time, hash: feed::hash(row.try_get(5)?)?, link });
            }
            let Some(kind) = row.try_get::<Option<&str>, _>(6)? else { continue };
            let (of, id): (&str, &str) = (row.try_get(7)?, row.try_get(8)?);
            let (before, after): (Option<&str>, Option<&str>) = (row.try_get(9)?, row.try_get(10)?);
            if let Some(open) = &mut open {
                open.link.record([kind, of, id], before, after);
            }
            let key = feed::key(kind, of, id)?;
            let mut record =
                |json: Option<&str>| json.map(|json| feed::record(&key, json, &mut lists)).transpose();
            let told = (record(before), record(after));
            let (Ok(before), Ok(after)) = told else {
                return Err(broken(entry, format!("it holds no record of {key}")));
            };
            if state.get(&key) != before {
                return Err(broken(entry, format!("what it says {key} was is not what it was")));
            }
            state.apply(&key, after);
        }
        match open {
            Some(open) => close(open, &mut self.expected),
            None => Ok(last),
        }
    }
}

/// Compares an entry's hash with what it comes to.
fn close(open: Open, expected: &mut Option<(u64, String)>) -> Result<Head, Broken> {
    let hash = open.link.finish();
    if hash != open.hash {
        return Err(broken(open.number, "its hash does not fit what it says".to_owned()));
    }
    if expected.as_ref().is_some_and(|(number, noted)| *number == open.number && *noted == hash.to_string()) {
        *expected = None;
    }
    Ok(Head { number: open.number, time: open.time, hash })
}

fn broken(number: u64, message: String) -> Broken {
    Broken::Known(VerifyError::Log { number, message })
}

/// Compares every record. How many there are, if they are the same.
fn compare(log: &State, tables: &State) -> Result<u64, VerifyError> {
    let mut count = 0;
    let mut differences: Vec<String> = Vec::new();
    let mut note = |key: &Key, what: &str| {
        if differences.len() < TOLD {
            differences.push(format!("{key} {what}"));
        }
    };
    for record in log.records() {
        count += 1;
        let key = record.key();
        match tables.get(&key) {
            None => note(&key, "is missing"),
            Some(other) if other != record => note(&key, "was altered"),
            Some(_) => {}
        }
    }
    for key in tables.records().map(|record: Record| record.key()) {
        if log.get(&key).is_none() {
            note(&key, "was added");
        }
    }
    if differences.is_empty() { Ok(count) } else { Err(VerifyError::Tables(differences.join(", "))) }
}
