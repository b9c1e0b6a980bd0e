//! Reads settings in TOML: typed values with their places, and every mistake at once.
//!
//! A [`Table`] is asked for each key that it may have and complains about the rest; what is wrong is noted in
//! [`Problems`] with its place, and reading goes on, so that whoever wrote the file sees all of it at once. A line
//! that may hold a secret is never part of a problem.

mod problem;
mod syntax;
mod table;

pub use problem::{Problem, Problems, line_of, nearest};
pub use syntax::note_syntax;
pub use table::{Table, Text, quoted, text_of, texts_of, wrong_type};
