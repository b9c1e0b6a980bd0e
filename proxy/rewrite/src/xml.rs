//! XML 1.0 with namespaces, without document types.
//!
//! A body is taken apart by a lexer of our own, since what a body may be is decided there: it checks all that makes a
//! document well-formed, takes chunks of any size, and tells errors by the byte, the same however a body is cut. Readers
//! that can be had pull from a source that waits, check less, or build a tree; they are what the tests compare with.

mod capture;
mod characters;
mod edit;
mod flush;
mod held;
mod keys;
mod lexer;
mod namespaces;
mod reader;
mod region;
mod remains;
mod tape;
mod text;
mod walk;
mod write;

pub(crate) use characters::{is_allowed, name};
pub(crate) use reader::Xml;
