//! Holds one element whole while it streams in: a record until it is judged, or an element that a mask needs.

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind, Limit};
use crate::xml::region::{Region, Stretch};

/// An element being held, and the white space before it.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    region: Region,
    /// Where the element begins in the buffer.
    child: usize,
    /// Bytes of the body before the buffer.
    pub(crate) offset: u64,
    limit: usize,
    exceeded: Option<Limit>,
}

impl Capture {
    /// Begins with what is pending, in which the element begins at `child`. `offset` is that of the chunk in the body.
    pub(crate) fn begin(&mut self, region: &mut Region, child: usize, offset: u64, limit: (usize, Limit)) {
        std::mem::swap(&mut self.region, region);
        self.offset = offset + self.region.mark as u64 - self.region.stash.len() as u64;
        self.child = child;
        self.limit = limit.0;
        self.exceeded = Some(limit.1);
    }

    /// A position of the chunk in the buffer.
    pub(crate) fn position(&self, at: usize) -> usize {
        self.region.length(at)
    }

    /// Refuses an element that has become too long by `at` in the chunk.
    pub(crate) fn check(&self, at: usize) -> Result<(), EditError> {
        match self.exceeded {
            Some(limit) if self.position(at) - self.child > self.limit => Err(EditError {
                offset: self.offset + (self.child + self.limit) as u64,
                kind: EditErrorKind::Limit(limit),
            }),
            _ => Ok(()),
        }
    }

    /// Takes over the rest of a chunk, up to a position.
    pub(crate) fn end_chunk(&mut self, chunk: &[u8], at: usize) {
        self.region.end_chunk(chunk, at);
    }

    /// Ends with the element, at `at` in the chunk.
    pub(crate) fn end(&mut self, chunk: &Bytes, at: usize) -> Stretch {
        self.region.take(chunk, at)
    }
}
