//! The admin API over a real store.

#![expect(clippy::unwrap_used, reason = "what fails in a test's own doing is to be seen at its place")]

mod changes;
mod document;
mod gone;
mod harness;
mod hidden;
mod history;
mod hostile;
mod identity;
mod lists;
mod operations;
mod resources;
mod rights;
#[path = "../../../directory/tests/database/server.rs"]
#[expect(dead_code, reason = "tests of the database do more with a server")]
mod server;
mod whole;
mod wire;
