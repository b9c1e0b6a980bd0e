//! Where a directory's database is.

use std::fmt;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use thiserror::Error;
use url::Url;

/// Where a database is: `sqlite:cordon.db` or `postgres://user@host/name`. It may know a password, and never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Place);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    Sqlite(PathBuf),
    Postgres(Url),
}

/// Why a text names no database. It never repeats the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// The text begins otherwise.
    #[error(
        "it begins neither with `sqlite:` nor with `postgres:`; write `sqlite:cordon.db` or `postgres://user@host/name`"
    )]
    Scheme,
    /// There is nothing behind `sqlite:`.
    #[error("no file is named; write `sqlite:cordon.db`")]
    NoFile,
    /// What stands behind `postgres:` is no address.
    #[error("it is no address of a PostgreSQL database ({0}); write `postgres://user@host/name`")]
    Form(&'static str),
}

/// What a path must not have plain in a URL.
const NOT_IN_PATH: &AsciiSet =
    &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#').add(b'"').add(b'<').add(b'>');

impl DatabaseUrl {
    /// Reads `sqlite:` and a path, which is relative to `folder` unless it is absolute, or the URL of a PostgreSQL
    /// database with the parameters of its own client library (`sslmode`, `sslrootcert`, `host` for a socket…).
    ///
    /// # Errors
    /// The text names no database.
    pub fn parse(text: &str, folder: &Path) -> Result<DatabaseUrl, AddressError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            // `sqlite:///var/cordon.db` is how some write an absolute path.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(AddressError::NoFile);
            }
            return Ok(DatabaseUrl(Place::Sqlite(folder.join(path))));
        }
        if !text.starts_with("postgres:") && !text.starts_with("postgresql:") {
            return Err(AddressError::Scheme);
        }
        let url = Url::parse(text).map_err(|error| AddressError::Form(reason(error)))?;
        if url.cannot_be_a_base() {
            return Err(AddressError::Form("`//` is missing"));
        }
        Ok(DatabaseUrl(Place::Postgres(url)))
    }

    /// The same database, entered with this password. SQLite knows none.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> DatabaseUrl {
        if let Place::Postgres(url) = &mut self.0 {
            // Without a host there is nowhere to put it but among the parameters.
            if url.set_password(Some(password)).is_err() {
                url.query_pairs_mut().append_pair("password", password);
            }
        }
        self
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(path) => Some(path),
            Place::Postgres(_) => None,
        }
    }

    pub(super) fn place(&self) -> &Place {
        &self.0
    }

    /// As the database's library reads it, password and all. Never to be shown.
    pub(super) fn to_connect(&self, create: bool) -> Result<Url, url::ParseError> {
        match &self.0 {
            Place::Postgres(url) => Ok(url.clone()),
            Place::Sqlite(path) => {
                // A relative path has no form as a URL.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                let path = path.to_string_lossy().into_owned();
                let path = utf8_percent_encode(&path, NOT_IN_PATH);
                Url::parse(&format!("sqlite://{path}?mode={}", if create { "rwc" } else { "rw" }))
            }
        }
    }
}

/// Without password and parameters.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(formatter, "sqlite:{}", path.display()),
            Place::Postgres(url) => {
                formatter.write_str("postgres://")?;
                if !url.username().is_empty() {
                    write!(formatter, "{}@", url.username())?;
                }
                formatter.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(formatter, ":{port}")?;
                }
                formatter.write_str(url.path())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "DatabaseUrl({self})")
    }
}

/// The error without what it quotes.
fn reason(error: url::ParseError) -> &'static str {
    match error {
        url::ParseError::EmptyHost => "the host is empty",
        url::ParseError::InvalidPort => "the port is no number",
        url::ParseError::RelativeUrlWithoutBase => "`//` is missing",
        _ => "host, port or name are not written as a URL has them",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, AddressError> {
        DatabaseUrl::parse(text, Path::new("/etc/cordon"))
    }

    #[test]
    fn a_file_is_relative_to_the_folder() {
        for (text, path) in [
            ("sqlite:cordon.db", "/etc/cordon/cordon.db"),
            ("sqlite:/var/a b?.db", "/var/a b?.db"),
            ("sqlite:///var/cordon.db", "/var/cordon.db"),
        ] {
            assert_eq!(parse(text).unwrap().file(), Some(Path::new(path)));
        }
        let url = parse("sqlite:/var/a b?#%.db").unwrap().to_connect(true).unwrap();
        assert_eq!(url.as_str(), "sqlite:///var/a%20b%3F%23%25.db?mode=rwc");
    }

    #[test]
    fn a_password_is_never_shown() {
        let shown = "postgres://cordon@db.example:5433/fleet";
        for text in [
            "postgres://cordon:hunter2@db.example:5433/fleet?sslmode=require&password=hunter2",
            "postgresql://cordon@db.example:5433/fleet",
        ] {
            let url = parse(text).unwrap().with_password("hunter2");
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("hunter2"));
            assert!(url.to_connect(false).unwrap().as_str().contains("hunter2"));
        }
    }

    #[test]
    fn what_names_no_database_is_told_without_repeating_it() {
        for text in ["", "mysql://u:hunter2@h/d", "sqlite:", "postgres:hunter2", "postgres://u:hunter2@h:x/d"]
        {
            let error = parse(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
