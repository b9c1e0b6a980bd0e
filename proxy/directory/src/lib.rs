//! Projects, users, groups, roles, contact fields and objects: what they are, who may change them how, and one
//! immutable snapshot with a revision for the data plane.
//!
//! [`model`] says what records there are, [`State`] holds them in memory, a [`Draft`] changes them and knows what is
//! wrong with that. A [`Snapshot`] answers what the data plane asks on each request: who is this caller, what may they
//! see (their [`Scope`]), and whose is this object or field. A [`Store`] holds the snapshot that is in force and
//! replaces it when the file or the database changes (D8).

mod advice;
mod database;
mod edit;
pub mod exchange;
mod file;
mod log;
pub mod model;
mod snapshot;
mod state;
mod store;

pub use cordon_settings::Problem;

pub use advice::{Advice, Topic};
pub use database::{
    AddressError, By, ChangeError, Clock, ConnectOptions, DatabaseUrl, Done, Founding, HistoryFilter, Once,
    ReadError, Verified, VerifyError,
};
pub use edit::{Change, Draft};
pub use log::{ChainHash, Entry};
pub use model::{
    Field, Group, Key, Object, ObjectKind, Project, Projects, Record, RecordKind, Rights, Role, Sections,
    Security, User,
};
pub use snapshot::{Snapshot, UserId};
pub use state::{Rule, Scope, ScopeError, State, Violation};
pub use store::{OpenError, Status, Store, Trouble};
