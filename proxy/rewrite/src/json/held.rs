//! Records that wait for their verdicts.

use bytes::Bytes;

use crate::json::index::Index;
use crate::json::trail::TrailId;
use crate::json::view::View;
use crate::tree::Tree;

/// A record that waits for its verdict. Its positions are those of its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) set: u32,
    /// The place in its container's scope.
    pub(crate) trail: TrailId,
    /// The buffer it lies in: the window at hand if 0, else one that was put together for it.
    pub(crate) buffer: usize,
    /// Its token.
    pub(crate) root: u32,
    /// Where what stands before it begins: a comma and white space.
    pub(crate) start: usize,
    /// Where the child begins, its name in an object.
    pub(crate) child: usize,
    /// Where its name ends in an object.
    pub(crate) name_end: usize,
    /// Where it ends, with the end of its line if it is one.
    pub(crate) behind: usize,
    /// Whether it is the first child of its container.
    pub(crate) first: bool,
    /// Its index in an array.
    pub(crate) index: u64,
}

impl Held {
    /// Where its value begins.
    pub(crate) fn root_start(&self, view: View<'_>) -> u32 {
        view.start(self.root)
    }
}

/// A buffer with its tokens.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: Bytes,
    pub(crate) index: Index,
    /// Bytes of the body before it.
    pub(crate) offset: u64,
}

/// A stretch of the body that is looked at in one go.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) bytes: &'a Bytes,
    pub(crate) index: &'a Index,
    /// Bytes of the body before it.
    pub(crate) offset: u64,
    /// Containers that were open before it.
    pub(crate) depth: usize,
    /// Where it ends, or where the byte stands that is refused.
    pub(crate) end: usize,
}

impl<'a> Window<'a> {
    pub(crate) fn view(self) -> View<'a> {
        View::new(self.bytes, self.index)
    }
}

impl Buffer {
    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.bytes, &self.index)
    }
}
