//! Logs of their own: what was asked, and what special rights revealed.

pub(crate) mod access;
pub(crate) mod audit;
mod line;
mod writer;

use std::fmt;
use std::path::PathBuf;

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A file, to which is appended. It is made if it is not there, readable to its owner and group.
    File(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Stdout => f.write_str("standard output"),
            Place::Stderr => f.write_str("standard error"),
            Place::File(path) => write!(f, "{}", path.display()),
        }
    }
}
