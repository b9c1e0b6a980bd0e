//! Holds one value whole while it streams in: a record until it is judged, or a value that a mask needs.

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind, Limit};
use crate::json::lexer::Event;
use crate::json::tape::Tape;

/// A value being held, and what stands before it in its container.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    /// What came with earlier chunks.
    buffer: Vec<u8>,
    /// Where the buffer goes on in the chunk at hand.
    from: usize,
    /// Where the value begins in the buffer.
    pub(crate) value: usize,
    /// Bytes of the body before the buffer.
    pub(crate) offset: u64,
    pub(crate) tape: Tape,
    limit: usize,
    exceeded: Option<Limit>,
}

/// A buffer: part of a chunk, or its own.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) bytes: Bytes,
    pub(crate) base: usize,
    /// Length from `base`.
    pub(crate) end: usize,
}

impl Capture {
    /// Begins with what earlier chunks had, and with `from` in the chunk at hand, in which the value begins at
    /// `start`. `offset` is that of the chunk in the body.
    pub(crate) fn begin(
        &mut self,
        before: Vec<u8>,
        (from, start): (usize, usize),
        offset: u64,
        (limit, exceeded): (usize, Limit),
    ) {
        self.value = before.len() + (start - from);
        self.offset = offset + from as u64 - before.len() as u64;
        self.buffer = before;
        self.from = from;
        self.tape.clear();
        self.limit = limit;
        self.exceeded = Some(exceeded);
    }

    /// Takes an event that ends at `at` in the chunk.
    pub(crate) fn event(&mut self, event: Event, at: usize) -> Result<(), EditError> {
        self.check(at)?;
        self.tape.event(event, self.position(at));
        Ok(())
    }

    /// Refuses a value that has become too long by `at` in the chunk.
    pub(crate) fn check(&self, at: usize) -> Result<(), EditError> {
        match self.exceeded {
            Some(limit) if self.position(at) - self.value > self.limit => Err(EditError {
                offset: self.offset + (self.value + self.limit) as u64,
                kind: EditErrorKind::Limit(limit),
            }),
            _ => Ok(()),
        }
    }

    /// Takes over the rest of a chunk.
    pub(crate) fn end_chunk(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(&chunk[self.from..]);
        self.from = 0;
    }

    /// Ends with the value, at `at` in the chunk.
    pub(crate) fn end(&mut self, chunk: &Bytes, at: usize) -> Captured {
        if self.buffer.is_empty() {
            return Captured { bytes: chunk.clone(), base: self.from, end: at - self.from };
        }
        self.buffer.extend_from_slice(&chunk[self.from..at]);
        let bytes = Bytes::from(std::mem::take(&mut self.buffer));
        Captured { base: 0, end: bytes.len(), bytes }
    }

    fn position(&self, at: usize) -> usize {
        self.buffer.len() + (at - self.from)
    }
}
