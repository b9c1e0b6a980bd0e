//! The directory as a file that people write.

mod read;
mod watch;

pub(crate) use read::{Places, read};
pub(crate) use watch::Watcher;
