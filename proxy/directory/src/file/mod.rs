//! The directory as a file that people write.

mod declared;
mod parse;
mod read;
mod watch;

pub(crate) use declared::{DeclaredSettings, Entry, Item, Receiver, Written};
pub(crate) use parse::{SALTED, parse};
pub(crate) use read::{Places, read};
pub(crate) use watch::Watcher;
