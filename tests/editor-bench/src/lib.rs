//! Bodies to measure the editor on: call logs of 3 to 3000 entries in every format, a catalogue of deep and wide objects,
//! and a timeline of posts that is rich in Unicode. All are made by a generator with a fixed seed.
//!
//! `cargo bench -p cordon-editor-bench` measures; the module documentation of the benchmark says how.

pub mod calls;
pub mod catalogue;
pub mod chance;
mod layout;
pub mod timeline;
