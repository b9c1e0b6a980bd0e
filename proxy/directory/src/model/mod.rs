//! What a directory holds: records, each with a key (D1–D13).

mod field;
mod lists;
mod name;
mod object;
mod people;
mod project;
mod record;
mod rights;
mod settings;
mod token;

pub use field::Field;
pub use lists::{ProjectLists, Projects};
pub use name::folded;
pub use object::{Object, ObjectKind};
pub use people::{Group, Role, User};
pub use project::Project;
pub use record::{Key, Record, RecordKind};
pub use rights::{Rights, Sections};
pub use settings::{Security, Settings};
pub use token::{Salt, Token, TokenDigest, TokenHash};

pub(crate) use field::DEFAULT_FIELD_KIND;
pub(crate) use object::OBJECT_KINDS;
pub(crate) use people::ADMIN;
