//! Projects, users, groups, roles, contact fields and objects, as one immutable snapshot with a revision.
//!
//! A [`Snapshot`] is built from the text of a `directory.toml` (its form is described in `DIRECTORY.md` beside this
//! crate) and answers what the data plane asks on each request: who is this caller, what may they see (their
//! [`Scope`]), and whose is this object or field. A [`Store`] holds the snapshot that is in force and replaces it
//! when the file changes (D8).

mod advice;
mod names;
mod people;
mod project;
mod rights;
mod scope;
mod snapshot;
mod store;
mod things;
mod token;
mod watch;

pub use cordon_settings::Problem;

pub use advice::{Advice, Topic};
pub use people::{Group, Role, User, UserId};
pub use project::Project;
pub use rights::{Rights, Sections};
pub use scope::{Scope, ScopeError};
pub use snapshot::{Security, Snapshot};
pub use store::{OpenError, Status, Store, Trouble};
pub use things::{Field, Object};
