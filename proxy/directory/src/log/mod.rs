//! The log of changes: what an entry says, and how entries are chained.

mod chain;

use std::time::SystemTime;

use crate::edit::Change;

pub use chain::ChainHash;

pub(crate) use chain::Link;

/// One change of a directory (D9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1, without a gap.
    pub number: u64,
    /// When it was made, in whole milliseconds. No entry is older than the one before it, even if the clock was set
    /// back between them; the order is that of the numbers.
    pub time: SystemTime,
    /// Who made it.
    pub actor: String,
    /// What it was, in the words of the program that made it.
    pub action: String,
    /// How many records it changed.
    pub records: u64,
    /// What it did to each record, in order; less than `records` where only some were asked for.
    pub changes: Vec<Change>,
    /// Its hash, 64 hexadecimal digits.
    pub hash: ChainHash,
}
