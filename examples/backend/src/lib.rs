//! A sample legacy contact-centre API, such as Cordon is put in front of: it isolates nothing.
//!
//! Whoever has any token sees the records of all four clients. Its habits are those of such software: a call names its
//! project, or only its queue, autodialer or script (D23); contact fields are members of an object in one place,
//! name/value entries in another and flat columns in a third; errors quote records; every answer has headers that
//! tell of hidden rows. The data are made from a fixed seed and the same on every machine.
//!
//! | route | answers with |
//! |---|---|
//! | `GET /api/calls`, `/api/calls/{id}` | calls, each with its contact: fields as members of an object |
//! | `GET /api/calls/{id}/recording` | a WAV file |
//! | `GET /api/contacts` | contacts: fields as name/value entries |
//! | `GET`, `PUT`, `DELETE /api/contacts/{id}` | one contact: fields as columns |
//! | `GET /api/queues`, `/api/scripts`, `/api/autodialers`, `/api/lists`, `/api/forms`, `/api/users`, each with `/{id}` | objects |
//! | `GET /api/projects`, `/api/fields` | projects with their queues; contact fields |
//! | `GET /api/reports/calls` | a call log with the contact in flat columns, and totals |
//! | `GET /api/faults/…` | broken answers, if switched on: see [`FAULTS`] |
//!
//! Lists are paged by `page` and `per_page` (25 unless asked otherwise, 2,000 at the most).

mod catalog;
mod contacts;
mod data;
mod dice;
mod faults;
mod objects;
mod query;
mod render;
mod reply;
mod report;
mod routes;
mod server;

pub use catalog::{AUTODIALERS, FIELDS, FORMS, LISTS, PROJECTS, QUEUES, SCRIPTS, USERS};
pub use catalog::{FieldRow, ObjectRow, ProjectRow, TOKENS, UserRow};
pub use data::{Attribution, Call, Contact, Data, SEED};
pub use faults::FAULTS;
pub use server::{Backend, BackendOptions, Running};
