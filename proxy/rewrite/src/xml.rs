//! XML 1.0 with namespaces, without document types.
//!
//! A body is taken apart by a lexer of our own, since what a body may be is decided there. `quick-xml` was considered for
//! it: it pulls from a source that waits, so that a unit which a chunk cuts in two would have to be read again from its
//! beginning, and it leaves names, characters, references, prefixes and much of what makes a document well-formed to its
//! caller. It is no faster for that: the editor's benchmark has a filter written with it beside this one. `roxmltree`
//! checks nearly all of it, but builds a tree; the tests ask it what a document is.

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
mod turns;
mod walk;
mod write;

pub(crate) use characters::{is_allowed, name};
pub(crate) use reader::Xml;
