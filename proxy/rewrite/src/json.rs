//! JSON (RFC 8259): one document.

mod capture;
mod flush;
mod index;
mod held;
pub(crate) mod lexer;
mod opening;
mod reader;
mod record;
mod region;
pub(crate) mod tape;
mod walk;
mod write;

pub(crate) use reader::Json;
