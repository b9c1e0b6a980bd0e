//! What comes out of an editor.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// A queue of settled output. What is kept outside held records is a slice of the chunk it came in, not a copy.
#[derive(Debug, Default)]
pub struct Pieces {
    queue: VecDeque<Bytes>,
    bytes: usize,
}

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
            self.queue.push_back(piece);
        }
    }

    /// Takes the first piece.
    pub fn pop(&mut self) -> Option<Bytes> {
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
        self.queue.is_empty()
    }

    /// Drops everything, as a caller does whose answer is another than what the editor wrote.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
    }

    /// Takes everything as one buffer, copied only if there are several pieces.
    #[must_use]
    pub fn take(&mut self) -> Bytes {
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
}
