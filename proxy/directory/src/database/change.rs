//! The one way to write.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{Any, AnyConnection, Row, Transaction};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};

use super::connect::Database;
use super::fault::Fault;
use super::feed::{self, bound, number};
use super::shared::{Head, Shared, Version};
use super::write::{self, Author};
use crate::edit::{Change, Draft};
use crate::state::Violation;

/// Who changes the directory, and how that is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By<'a> {
    /// Who: a login, or the name of a program.
    pub actor: String,
    /// What, in a few words for the log.
    pub action: &'a str,
    /// By what a repetition is told.
    pub once: Option<Once>,
}

/// By what the repetition of a change is told, so that it is not made twice. Kept for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Chosen by whoever asks for the change, another for each. Keys of different actors have nothing to do with each
    /// other.
    pub key: String,
    /// A digest of what was asked for: the same key for something else is a mistake.
    pub fingerprint: [u8; 32],
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done<T> {
    /// What the edit answered.
    pub answer: T,
    /// Number of the change; of the last one if this changed nothing.
    pub number: u64,
    /// What it did to each record. Empty if it changed nothing, and for a repetition.
    pub changes: Vec<Change>,
    /// Whether the change had been made before, under the same once-key.
    pub repeated: bool,
}

/// Why a change was not made.
#[derive(Debug, Error)]
pub enum ChangeError<E> {
    /// The edit said no.
    #[error("the change was declined")]
    Declined(E),
    /// It is against the rules: everything that is wrong with it.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// The once-key was used for something else.
    #[error("this key was used for another change: choose a new one for each")]
    KeyReused,
    /// The directory is a file, which people write.
    #[error("the directory is a file: change that, or put the directory into a database")]
    ReadOnly,
    /// The database cannot be reached or written. Nothing was changed.
    #[error("{0}; nothing was changed")]
    Unavailable(String),
    /// The connection broke while the change was being committed, and the database has not come back to tell.
    #[error("{0}; the change may have been made or not: look at the history, or repeat it with the same key")]
    Unknown(String),
}

/// How long once-keys are kept, in milliseconds.
const KEPT: i64 = 24 * 60 * 60 * 1000;

impl Database {
    pub(crate) async fn change<T, E, F>(&self, by: &By<'_>, edit: F) -> Result<Done<T>, ChangeError<E>>
    where
        T: Serialize + DeserializeOwned + Send,
        E: Send,
        F: FnOnce(&mut Draft) -> Result<T, E> + Send,
    {
        let shared = &*self.shared;
        let _turn = shared.writing.lock().await;
        let unavailable = |fault: Fault| shared.unavailable(&fault);
        let mut transaction = match shared.begin().await {
            Ok(transaction) => transaction,
            Err(fault) => return Err(unavailable(shared.way.reason(fault).await)),
        };
        let head = feed::lock_head(&mut transaction).await.map_err(unavailable)?;
        let caught_up = feed::catch_up(&mut transaction, shared.version(), head).await;
        let (version, succession) = caught_up.map_err(unavailable)?;
        if let Some(once) = &by.once
            && let Some(found) = recall(&mut transaction, &by.actor, once).await.map_err(unavailable)?
        {
            return found.repeat();
        }
        let mut draft = Draft::new(&version.state);
        let answer = edit(&mut draft).map_err(ChangeError::Declined)?;
        let (state, changes) = draft.finish().map_err(ChangeError::Refused)?;
        if changes.is_empty() {
            shared.publish(version, succession);
            return Ok(Done { answer, number: head.number, changes, repeated: false });
        }
        // A clock that was set back does not put the history in disorder.
        let time = shared.options.clock.milliseconds().max(head.time);
        let author = Author { actor: &by.actor, action: by.action, time };
        let states = [&version.state, &state];
        let written =
            write::write(&mut transaction, shared.way.dialect, head, &author, &changes, states).await;
        let head = written.map_err(unavailable)?;
        if let Some(once) = &by.once {
            let answer = serde_json::to_string(&answer)
                .map_err(|error| unavailable(Fault::damaged(error.to_string())))?;
            note(&mut transaction, &by.actor, once, head, &answer).await.map_err(unavailable)?;
        }
        shared.way.dialect.notify(&mut transaction, head.number).await.map_err(unavailable)?;
        let committed = timeout(2 * shared.options.patience, transaction.commit()).await;
        if let Err(fault) = committed.map_or(Err(Fault::Silent), |done| done.map_err(Fault::from)) {
            shared.find_out(head, fault).await?;
        }
        shared.publish(Version { head, state }, succession);
        Ok(Done { answer, number: head.number, changes, repeated: false })
    }
}

impl Shared {
    /// A transaction that may write. A connection that is dead without knowing it must not be waited for for ever.
    async fn begin(&self) -> Result<Transaction<'static, Any>, Fault> {
        let begin = self.pool.begin_with(self.way.dialect.begin_to_write());
        Ok(timeout(2 * self.options.patience, begin).await.map_err(|_| Fault::Silent)??)
    }

    fn unavailable<E>(&self, fault: &Fault) -> ChangeError<E> {
        ChangeError::Unavailable(format!(
            "the directory's database {} cannot be written: {fault}",
            self.way.url
        ))
    }

    /// Finds out whether a change was committed whose commit failed: the log has its hash, or it never will.
    async fn find_out<E>(&self, head: Head, fault: Fault) -> Result<(), ChangeError<E>> {
        if !fault.is_loss() {
            return Err(self.unavailable(&fault));
        }
        let begin = Instant::now();
        loop {
            match self.has(head).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(self.unavailable(&fault)),
                Err(_) if begin.elapsed() < self.options.patience => sleep(self.options.patience / 50).await,
                Err(_) => {
                    let message = format!("the directory's database {} was lost: {fault}", self.way.url);
                    return Err(ChangeError::Unknown(message));
                }
            }
        }
    }

    /// Whether the log has this entry. The head is locked first, so that a commit that is still under way on the other
    /// side of a broken connection is waited for.
    async fn has(&self, head: Head) -> Result<bool, Fault> {
        let mut transaction = self.begin().await?;
        feed::lock_head(&mut transaction).await?;
        let sql = "SELECT count(*) FROM changes WHERE number = $1 AND hash = $2";
        let query = sqlx::query_scalar(sql).bind(bound(head.number)).bind(head.hash.to_string());
        let found: i64 = query.fetch_one(&mut *transaction).await?;
        Ok(found > 0)
    }
}

/// An answer that was given before.
enum Recalled {
    Answer {
        answer: String,
        number: u64,
    },
    /// To something else.
    Other,
}

impl Recalled {
    fn repeat<T: DeserializeOwned, E>(self) -> Result<Done<T>, ChangeError<E>> {
        match self {
            Recalled::Other => Err(ChangeError::KeyReused),
            Recalled::Answer { answer, number } => match serde_json::from_str(&answer) {
                Ok(answer) => Ok(Done { answer, number, changes: Vec::new(), repeated: true }),
                // An earlier program answered in another form.
                Err(_) => Err(ChangeError::KeyReused),
            },
        }
    }
}

async fn recall(connection: &mut AnyConnection, actor: &str, once: &Once) -> Result<Option<Recalled>, Fault> {
    let sql = "SELECT fingerprint, answer, number FROM once_keys WHERE actor = $1 AND key = $2";
    let row = sqlx::query(sql).bind(actor).bind(&*once.key).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<&str, _>(0)? != Digits(&once.fingerprint).to_string() {
        return Ok(Some(Recalled::Other));
    }
    Ok(Some(Recalled::Answer { answer: row.try_get(1)?, number: number(row.try_get(2)?)? }))
}

async fn note(
    connection: &mut AnyConnection,
    actor: &str,
    once: &Once,
    head: Head,
    answer: &str,
) -> Result<(), Fault> {
    sqlx::query("DELETE FROM once_keys WHERE at < $1")
        .bind(head.time - KEPT)
        .execute(&mut *connection)
        .await?;
    let sql =
        "INSERT INTO once_keys (actor, key, fingerprint, number, at, answer) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(sql)
        .bind(actor)
        .bind(&*once.key)
        .bind(Digits(&once.fingerprint).to_string())
        .bind(bound(head.number))
        .bind(head.time)
        .bind(answer)
        .execute(connection)
        .await?;
    Ok(())
}

struct Digits<'a>(&'a [u8; 32]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}
