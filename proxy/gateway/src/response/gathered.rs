//! A body put together of its pieces.

use bytes::{Bytes, BytesMut};

/// What has come so far. Mostly that is one piece, which is not copied.
#[derive(Default)]
pub(crate) struct Gathered {
    first: Bytes,
    several: BytesMut,
}

impl Gathered {
    pub(crate) fn push(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
            return;
        }
        if self.several.is_empty() {
            self.several.extend_from_slice(&self.first);
        }
        self.several.extend_from_slice(&piece);
    }

    pub(crate) fn len(&self) -> usize {
        self.first.len().max(self.several.len())
    }

    /// All of it.
    pub(crate) fn whole(self) -> Bytes {
        if self.several.is_empty() { self.first } else { self.several.freeze() }
    }

    /// All of it, to which more can be added.
    pub(crate) fn open(self) -> BytesMut {
        if self.several.is_empty() { self.first.into() } else { self.several }
    }
}
