//! JSON (RFC 8259), read in two stages: an index of where tokens begin, and a walk that the plan drives.

mod columns;
mod course;
mod document;
mod escape;
mod flush;
mod held;
#[allow(clippy::needless_range_loop, reason = "blocks are counted, and used in several arrays at once")]
mod index;
mod keys;
pub(crate) mod lexer;
mod opening;
mod packed;
mod reader;
mod record;
mod region;
mod shape;
mod trail;
mod unpack;
mod view;
mod walk;
mod write;

pub use document::Document;
pub(crate) use flush::{Learned, ask_for_masks};
#[cfg(fuzzing)]
pub use index::compare_index;
pub(crate) use index::{Index, Indexer};
pub(crate) use keys::{KeyMemo, find_keys, find_keys_below};
pub(crate) use reader::Json;
pub(crate) use record::{RecordEdit, Remains, Segment};
pub(crate) use trail::{Counted, START, TrailId, Trails, Turn};
pub(crate) use unpack::{Unpacker, read_document};
pub(crate) use view::View;
pub(crate) use write::{write_own, write_string};
