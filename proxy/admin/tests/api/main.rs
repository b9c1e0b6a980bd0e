//! The admin API over a real store.

mod changes;
mod document;
mod harness;
mod hidden;
mod history;
mod hostile;
mod identity;
mod lists;
mod operations;
mod resources;
mod rights;
mod wire;
