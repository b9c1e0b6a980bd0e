//! What comes out of an editor.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// A queue of settled output. Long stretches that are kept are slices of the chunk they came in; what is short is
/// copied, one behind the other, which costs less than a piece for each.
#[derive(Debug, Default)]
pub struct Pieces {
    queue: VecDeque<Bytes>,
    /// What was copied and is no piece yet. It stands behind the queue.
    copied: BytesMut,
    bytes: usize,
}

/// Room for copies that is made at first.
const ROOM: usize = 8 << 10;

impl Pieces {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Pieces {
        Pieces::default()
    }

    /// Appends a piece. An empty one is left out.
    pub fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.bytes += piece.len();
            self.end_copies();
            self.queue.push_back(piece);
        }
    }

    /// Appends a copy of these bytes.
    pub fn copy(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        if self.copied.capacity() - self.copied.len() < bytes.len() {
            self.copied.reserve(bytes.len().max(self.copied.len()).max(ROOM));
        }
        self.copied.extend_from_slice(bytes);
    }

    /// Appends all that another queue holds, and leaves that one empty.
    pub(crate) fn append(&mut self, other: &mut Pieces) {
        if self.is_empty() {
            return std::mem::swap(self, other);
        }
        while let Some(piece) = other.pop() {
            self.push(piece);
        }
    }

    /// Takes the first piece.
    pub fn pop(&mut self) -> Option<Bytes> {
        if self.queue.is_empty() {
            self.end_copies();
        }
        let piece = self.queue.pop_front()?;
        self.bytes -= piece.len();
        Some(piece)
    }

    /// The number of bytes in all pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Drops everything, as a caller does whose answer is another than what the editor wrote.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.copied.clear();
        self.bytes = 0;
    }

    /// Takes everything as one buffer, copied only if there are several pieces.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
        if self.queue.is_empty() {
            self.bytes = 0;
            return self.copied.split().freeze();
        }
        self.end_copies();
        let first = self.pop().unwrap_or_default();
        if self.is_empty() {
            return first;
        }
        let mut whole = BytesMut::with_capacity(first.len() + self.bytes);
        whole.extend_from_slice(&first);
        while let Some(piece) = self.pop() {
            whole.extend_from_slice(&piece);
        }
        whole.freeze()
    }

    /// Makes a piece of what was copied.
    fn end_copies(&mut self) {
        if !self.copied.is_empty() {
            self.queue.push_back(self.copied.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bytes_and_leaves_out_empty_pieces() {
        let mut pieces = Pieces::new();
        pieces.push(Bytes::from_static(b"ab"));
        pieces.push(Bytes::new());
        pieces.push(Bytes::from_static(b"c"));
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces.pop().as_deref(), Some(&b"ab"[..]));
        pieces.push(Bytes::from_static(b"d"));
        assert_eq!(&pieces.take()[..], b"cd");
        assert!(pieces.is_empty());
    }

    #[test]
    fn copies_stand_where_they_were_made() {
        let mut pieces = Pieces::new();
        pieces.copy(b"a");
        pieces.copy(b"");
        pieces.copy(b"b");
        pieces.push(Bytes::from_static(b"c"));
        pieces.copy(b"d");
        assert_eq!(pieces.len(), 4);
        assert_eq!(pieces.pop().as_deref(), Some(&b"ab"[..]));
        let mut others = Pieces::new();
        others.copy(b"e");
        pieces.append(&mut others);
        assert!(others.is_empty());
        assert_eq!(&pieces.take()[..], b"cde");
        assert!(pieces.is_empty() && pieces.pop().is_none());
        others.copy(b"f");
        others.push(Bytes::from_static(b"g"));
        pieces.append(&mut others);
        pieces.clear();
        assert!(pieces.is_empty() && pieces.take().is_empty());
    }
}
