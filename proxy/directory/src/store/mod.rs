//! The directory in force, and what came of the last attempt to replace it.

mod file;
mod status;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use cordon_settings::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::database::{
    By, ChangeError, ConnectOptions, Database, DatabaseUrl, Done, Founding, HistoryFilter, ReadError,
    Verified, VerifyError,
};
use crate::edit::Draft;
use crate::log::Entry;
use crate::snapshot::Snapshot;

use file::Followed;

pub use status::{Status, Trouble};

pub(crate) use status::Standing;

/// Holds the snapshot in force and follows where it comes from: what a file says, or what was committed to a database,
/// is in force at the next request (D8).
pub struct Store {
    current: Arc<ArcSwap<Snapshot>>,
    source: Source,
}

enum Source {
    /// Nothing replaces the snapshot.
    Fixed,
    File(Followed),
    Database(Database),
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
    /// The database cannot be reached, or does not do what it is asked.
    #[error("the directory's database {url} cannot be opened: {message}")]
    Database {
        /// Which, without its password.
        url: String,
        /// What it or the system says.
        message: String,
    },
    /// There is no directory in the database yet.
    #[error("there is no directory in {url} yet: make one with `cordon directory init`")]
    NotInitialised {
        /// Which, without its password.
        url: String,
    },
    /// There is a directory in the database already.
    #[error("there is a directory in {url} already: nothing was changed")]
    Initialised {
        /// Which, without its password.
        url: String,
    },
    /// A newer program has changed the form of the database.
    #[error(
        "the directory in {url} has form {found}, and this program knows forms up to {known}: use the program that \
         wrote it, or a newer one"
    )]
    Newer {
        /// Which, without its password.
        url: String,
        /// The form that the database has.
        found: i64,
        /// The newest form that this program knows.
        known: i64,
    },
    /// The first change was refused: the administrator's login or name is no such text.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<crate::Violation>),
}

impl Store {
    /// Reads a file and follows it from then on.
    ///
    /// # Errors
    /// The file cannot be read, or is wrong.
    pub fn open(path: impl AsRef<Path>) -> Result<Store, OpenError> {
        let followed = Followed::open(path.as_ref())?;
        Ok(Store { current: followed.current(), source: Source::File(followed) })
    }

    /// A store whose snapshot never changes.
    pub fn fixed(snapshot: Snapshot) -> Store {
        Store { current: Arc::new(ArcSwap::from_pointee(snapshot)), source: Source::Fixed }
    }

    /// Opens a database that holds a directory, brings its form up to date, loads it and follows its log from then on.
    /// The following is a task of the runtime that this is called on, and ends with it.
    ///
    /// # Errors
    /// The database cannot be reached, holds no directory, or one of a newer form.
    pub async fn connect(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Store, OpenError> {
        let database = Database::connect(url, options).await?;
        Ok(Store { current: database.current(), source: Source::Database(database) })
    }

    /// Makes a directory in a database that holds none: its tables, its salt, its first administrator. Tells the
    /// administrator's token, which nobody can find out afterwards.
    ///
    /// # Errors
    /// The database cannot be reached or holds a directory already, or the administrator's login or name is refused.
    pub async fn initialise(
        url: &DatabaseUrl,
        founding: &Founding,
        options: &ConnectOptions,
    ) -> Result<(Store, String), OpenError> {
        let (database, token) = Database::initialise(url, founding, options).await?;
        Ok((Store { current: database.current(), source: Source::Database(database) }, token))
    }

    /// The snapshot in force. One request uses one snapshot from its beginning to its end.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// How the store is doing.
    pub fn status(&self) -> Status {
        let snapshot = self.current.load();
        match &self.source {
            Source::Fixed => Standing::now().status(&snapshot),
            Source::File(followed) => followed.standing().status(&snapshot),
            Source::Database(database) => database.standing().status(&snapshot),
        }
    }

    /// How long ago the snapshot in force was last known to be what the database holds. Zero for a file: people write
    /// it, and what they wrote last that was right is in force for as long as they leave it.
    pub fn age(&self) -> Duration {
        match &self.source {
            Source::Fixed | Source::File(_) => Duration::ZERO,
            Source::Database(database) => database.age(),
        }
    }

    /// Whether [`Store::change`] can change anything here: not in a file, which people write.
    pub fn is_writable(&self) -> bool {
        matches!(self.source, Source::Database(_))
    }

    /// Reads the file now instead of waiting for word that it changed. Does nothing for a fixed store and for a
    /// database, which is followed without.
    pub fn reload(&self) -> Status {
        if let Source::File(followed) = &self.source {
            followed.reload();
        }
        self.status()
    }

    /// Changes the directory: all of what `edit` does to the draft, or nothing. Changes by whomever come one after the
    /// other; the draft begins with the version that the last one left. When this returns, the change is kept whatever
    /// happens to the machine, it is in the log, and [`Store::current`] has it.
    ///
    /// Where nothing comes of the edit, nothing is written, not even the once-key. `T` must hold no secret if there is
    /// a once-key, because the answer is kept in the database for the repetition.
    ///
    /// # Errors
    /// See [`ChangeError`]. Nothing has been changed, unless it is [`ChangeError::Unknown`].
    pub async fn change<T, E, F>(&self, by: &By<'_>, edit: F) -> Result<Done<T>, ChangeError<E>>
    where
        T: Serialize + DeserializeOwned + Send,
        E: Send,
        F: FnOnce(&mut Draft) -> Result<T, E> + Send,
    {
        match &self.source {
            Source::Database(database) => database.change(by, edit).await,
            Source::Fixed | Source::File(_) => Err(ChangeError::ReadOnly),
        }
    }

    /// Changes of the log, the newest first.
    ///
    /// # Errors
    /// There is no log, or the database cannot be read.
    pub async fn history(&self, filter: &HistoryFilter) -> Result<Vec<Entry>, ReadError> {
        match &self.source {
            Source::Database(database) => database.history(filter).await,
            Source::Fixed | Source::File(_) => Err(ReadError::NoLog),
        }
    }

    /// Checks that nobody tampered with the database: each change's hash follows from the one before, the numbers have
    /// no gap, and what the changes come to is exactly what the tables hold. `expected` is a number and hash that was
    /// noted elsewhere: the log must still have it, which whoever rewrites the whole log cannot bring about.
    ///
    /// # Errors
    /// The first thing that does not hold, or that the database cannot be read.
    pub async fn verify(&self, expected: Option<(u64, String)>) -> Result<Verified, VerifyError> {
        match &self.source {
            Source::Database(database) => database.verify(expected).await,
            Source::Fixed | Source::File(_) => Err(VerifyError::Read(ReadError::NoLog)),
        }
    }
}
