//! Where rows lie: in the chunk at hand, or, if they began in an earlier one, in a buffer of their own.

use bytes::Bytes;

use crate::csv::encoding::Text;
use crate::plan::automaton::NodeId;

/// A buffer of rows.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) bytes: &'a Bytes,
    /// The part of it that has been checked, and where that begins.
    pub(super) text: Text<'a>,
    pub(super) checked: usize,
    /// The places of its separators.
    pub(super) marks: &'a [u32],
    /// Bytes of the body before it.
    pub(super) offset: u64,
}

/// The buffers that rows lie in while a chunk is read: the one of the row that began earlier, and the chunk.
pub(super) type Sources<'a> = [Source<'a>; 2];

/// A row of one of the sources, its cells already counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) source: usize,
    pub(super) start: u32,
    /// Where its last cell ends.
    pub(super) end: u32,
    /// Behind its row end, if it has one.
    pub(super) next: u32,
    /// Its first separator.
    pub(super) mark: u32,
    /// Its index among the rows that are no header.
    pub(super) index: u64,
    /// Where it leads outside records.
    pub(super) node: NodeId,
}
