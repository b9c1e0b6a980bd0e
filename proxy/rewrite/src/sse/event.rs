//! An event that is complete.

use std::ops::Range;

use bytes::Bytes;

use crate::plan::automaton::{Fate, NodeId};
use crate::sse::data::Data;

/// An event that waits to go on.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) block: Block,
    /// Its lines among those of the queue, without the blank one that ends it.
    pub(super) lines: Range<usize>,
    /// Its index in the array of events.
    pub(super) index: u64,
    /// Where it leads outside records.
    pub(super) node: NodeId,
    pub(super) fate: Fate,
    pub(super) data: Data,
    /// Whether records are sought in it, or it is one.
    pub(super) sought: bool,
    /// Whether its own fields stay where nothing names them: they frame what is kept.
    pub(super) framed: bool,
    /// The records in it among those of the queue: itself, or those in its data.
    pub(super) records: Range<usize>,
}

/// Some lines, in a chunk or in a buffer of their own.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) bytes: Bytes,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Bytes of the body before it.
    pub(super) offset: u64,
}

impl Block {
    pub(super) fn content(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}
