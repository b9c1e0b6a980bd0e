//! The tests of what is the same in both versions of HTTP, once more over HTTP/2: a stage in here speaks it.
#![expect(clippy::duplicate_mod, reason = "the same tests, asked in another way")]

#[path = "callers.rs"]
mod callers;
#[path = "content.rs"]
mod content;
#[path = "failures.rs"]
mod failures;
#[path = "formats.rs"]
mod formats;
#[path = "hidden.rs"]
mod hidden;
#[path = "messages.rs"]
mod messages;
#[path = "packed.rs"]
mod packed;
#[path = "representation.rs"]
mod representation;
