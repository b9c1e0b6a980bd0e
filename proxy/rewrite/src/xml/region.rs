//! What is pending until a child's fate is known: white space, and the beginning of an element that may yet turn out
//! to be a scalar.

use bytes::Bytes;

/// What came with earlier chunks, and the chunk at hand from `mark`.
#[derive(Debug, Default)]
pub(crate) struct Region {
    pub(crate) stash: Vec<u8>,
    pub(crate) mark: usize,
}

/// Bytes of a buffer: part of a chunk, or its own.
#[derive(Debug)]
pub(crate) struct Stretch {
    pub(crate) bytes: Bytes,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Region {
    pub(crate) fn begin(&mut self, mark: usize) {
        self.stash.clear();
        self.mark = mark;
    }

    /// Its length up to a position in the chunk.
    pub(crate) fn length(&self, at: usize) -> usize {
        self.stash.len() + (at - self.mark)
    }

    /// Its bytes up to a position in the chunk, from which it goes on with nothing.
    pub(crate) fn take(&mut self, chunk: &Bytes, at: usize) -> Stretch {
        let start = std::mem::replace(&mut self.mark, at);
        if self.stash.is_empty() {
            return Stretch { bytes: chunk.clone(), start, end: at };
        }
        self.stash.extend_from_slice(&chunk[start..at]);
        let bytes = Bytes::from(std::mem::take(&mut self.stash));
        Stretch { start: 0, end: bytes.len(), bytes }
    }

    /// Takes over the rest of a chunk, up to a position.
    pub(crate) fn end_chunk(&mut self, chunk: &[u8], at: usize) {
        self.stash.extend_from_slice(&chunk[self.mark..at]);
        self.mark = 0;
    }
}
