//! A directory in SQLite or PostgreSQL: the same tables, the same log, the same behaviour.
//!
//! `connect` opens it, `load` reads the whole of it, `change` is the one way to write, `follow` keeps the snapshot up to
//! date by the log, `history` and `verify` read that.

mod address;
mod assemble;
mod change;
mod connect;
mod fault;
mod feed;
mod follow;
mod found;
mod history;
mod load;
mod rows;
mod schema;
mod shared;
mod verify;
mod write;

pub use address::{AddressError, DatabaseUrl};
pub use change::{By, ChangeError, Done, Once};
pub use connect::{Clock, ConnectOptions};
pub use found::Founding;
pub use history::{HistoryFilter, ReadError};
pub use verify::{Verified, VerifyError};

pub(crate) use connect::Database;
