//! The directory as files that come and go: export, import, and the difference between the two.
//!
//! TOML in the form of `DIRECTORY.md` and JSON hold the whole of it; CSV holds the users, the fields or the objects,
//! for spreadsheets. What was exported and is imported again changes nothing. A listing is what the backend says that it
//! has.

mod arrange;
mod cells;
mod difference;
mod export;
mod import;
mod json;
mod listing;
mod sheet;

pub use difference::{Difference, name_of};
pub use export::{Secrets, export};
pub use import::Import;
pub use listing::{Landing, Listed, Listing, Remark};

/// How a directory, or a part of it, is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As `DIRECTORY.md` describes it.
    Toml,
    /// One document: `format`, `settings`, and a list for each kind of record, one record a line.
    Json,
    /// RFC 4180 with a row of names, for spreadsheets.
    Csv(Sheet),
}

/// What a CSV file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// One user a row.
    Users,
    /// One field a row.
    Fields,
    /// One object a row.
    Objects,
}
