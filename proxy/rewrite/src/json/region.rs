//! What is pending until a child's fate is known: the comma, white space and name before its value.

use bytes::Bytes;

/// What stands before a child's value: what came with earlier chunks, and the chunk at hand from `mark`.
#[derive(Debug, Default)]
pub(crate) struct Region {
    pub(crate) stash: Vec<u8>,
    pub(crate) mark: usize,
    /// Where the child itself begins, counted from the region's beginning.
    pub(crate) child: usize,
    /// Where its name ends.
    pub(crate) name_end: usize,
    /// Whether no comma stands at the beginning.
    pub(crate) first: bool,
    /// Whether the child's name has ended.
    pub(crate) named: bool,
}

impl Region {
    pub(crate) fn begin(&mut self, mark: usize, first: bool) {
        self.stash.clear();
        self.mark = mark;
        self.first = first;
        self.named = false;
        self.child = 0;
    }

    /// Drops white space before the comma of a child that is not the first; the child has begun.
    pub(crate) fn begin_at_comma(&mut self, chunk: &[u8]) {
        if self.first {
            return;
        }
        let blank = |byte: &&u8| **byte != b',';
        let stashed = self.stash.iter().take_while(blank).count();
        if stashed < self.stash.len() {
            self.stash.drain(..stashed);
            return;
        }
        self.stash.clear();
        self.mark += chunk[self.mark..].iter().take_while(blank).count();
    }

    /// Its length up to a position in the chunk.
    pub(crate) fn length(&self, at: usize) -> usize {
        self.stash.len() + (at - self.mark)
    }

    /// Its bytes up to a position in the chunk: the chunk itself if they lie in it.
    pub(crate) fn take(&mut self, chunk: &Bytes, at: usize) -> (Bytes, usize, usize) {
        if self.stash.is_empty() {
            return (chunk.clone(), self.mark, at);
        }
        self.stash.extend_from_slice(&chunk[self.mark..at]);
        self.mark = at;
        let whole = Bytes::from(std::mem::take(&mut self.stash));
        let end = whole.len();
        (whole, 0, end)
    }

    /// Its bytes from where the child begins.
    pub(crate) fn behind_lead<'a>(&'a mut self, chunk: &'a [u8], at: usize) -> &'a [u8] {
        if self.stash.is_empty() {
            return &chunk[self.mark + self.child..at];
        }
        self.stash.extend_from_slice(&chunk[self.mark..at]);
        self.mark = at;
        &self.stash[self.child..]
    }

    /// Its first bytes.
    pub(crate) fn prefix(&self, chunk: &[u8], length: usize) -> Vec<u8> {
        let stashed = length.min(self.stash.len());
        let mut bytes = self.stash[..stashed].to_vec();
        bytes.extend_from_slice(&chunk[self.mark..self.mark + length - stashed]);
        bytes
    }
}
