//! What goes wrong with a database, in words that fit into a log.

use std::io;

use sqlx::migrate::MigrateError;
use thiserror::Error;

/// Why the database could not be read or written.
#[derive(Debug, Error)]
pub(super) enum Fault {
    /// What the database or the way to it says.
    #[error("{}", said(.0))]
    Database(#[from] sqlx::Error),
    /// What brings the form of the database up to date says.
    #[error("its form cannot be brought up to date: {0}")]
    Migration(#[from] MigrateError),
    /// The database holds what this program has never written.
    #[error("{0}; `cordon directory verify` tells more")]
    Damaged(String),
    /// No answer in the time that a connection is waited for.
    #[error("it does not answer")]
    Silent,
}

impl Fault {
    /// Whether the connection broke, so that nobody knows what became of the last statement.
    pub(super) fn is_loss(&self) -> bool {
        match self {
            Fault::Silent => true,
            Fault::Database(sqlx::Error::Database(error)) => {
                // PostgreSQL's class 57P: the server is going down, or was told to end the session.
                error.code().is_some_and(|code| code.starts_with("57P"))
            }
            Fault::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            Fault::Migration(_) | Fault::Damaged(_) => false,
        }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Fault {
        Fault::Damaged(what.into())
    }
}

/// What the library says, with what to do about the faults that a machine has.
fn said(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(database) = error else {
        return match error {
            sqlx::Error::PoolTimedOut => "no connection could be made in time".to_owned(),
            sqlx::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                "nobody answers there (connection refused)".to_owned()
            }
            other => other.to_string(),
        };
    };
    let code = database.code().unwrap_or_default().into_owned();
    // SQLite's result codes have the primary one in the low byte.
    let sqlite = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff);
    let message = database.message();
    match (sqlite, code.as_str()) {
        (Some(5 | 6), _) => format!("another program keeps it locked ({message})"),
        (_, "55P03") => format!("another program keeps it locked ({message})"),
        (Some(8), _) => {
            format!("it may only be read ({message}): check the rights of the file and its folder")
        }
        (Some(10), _) => format!("the disk cannot be read or written ({message})"),
        (Some(11), _) => format!("the file is damaged ({message}): bring back a copy"),
        (Some(13), _) | (_, "53100") => format!("the disk is full ({message}): make room"),
        (Some(14), _) => format!("the file is not there or may not be opened ({message})"),
        (Some(26), _) => format!("the file is no database ({message})"),
        _ => message.to_owned(),
    }
}
