//! JSON that stands in a string (H29).

use crate::error::{EditErrorKind, Limit};
use crate::json::index::{Index, Indexer, OPEN};
use crate::json::view::View;
use crate::limits::Limits;
use crate::number;

/// What a string holds, indexed.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    text: String,
    index: Index,
}

/// Reads what strings hold, with memory that it uses again.
#[derive(Debug)]
pub(crate) struct Unpacker {
    indexer: Indexer,
    end: Index,
    depth: usize,
    free: Vec<Unpacked>,
}

impl Unpacked {
    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.text.as_bytes(), &self.index)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl Unpacker {
    pub(crate) fn new(limits: &Limits) -> Unpacker {
        let indexer = Indexer::new(limits);
        Unpacker { indexer, end: Index::default(), depth: limits.depth, free: Vec::new() }
    }

    /// Reads a text that stands in so many containers. None: it holds nothing, so that it is a string like any other.
    ///
    /// # Errors
    /// It is not JSON, or exceeds a limit: its depth counts on from that of the string.
    pub(crate) fn unpack(&mut self, text: &str, around: usize) -> Result<Option<Unpacked>, EditErrorKind> {
        if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            return Ok(None);
        }
        let mut unpacked = self.free.pop().unwrap_or_default();
        unpacked.text.clear();
        unpacked.text.push_str(text);
        let read = read_document(&mut self.indexer, text.as_bytes(), &mut unpacked.index, &mut self.end);
        read.map_err(|(_, kind)| kind)?;
        if around + depth(unpacked.view()) > self.depth {
            return Err(EditErrorKind::Limit(Limit::Depth));
        }
        Ok(Some(unpacked))
    }

    /// Takes back memory.
    pub(crate) fn release(&mut self, unpacked: Unpacked) {
        self.free.push(unpacked);
    }
}

/// Indexes a document that is there as a whole.
pub(crate) fn read_document(
    indexer: &mut Indexer,
    text: &[u8],
    index: &mut Index,
    end: &mut Index,
) -> Result<(), (usize, EditErrorKind)> {
    indexer.restart();
    indexer.read(text, 0, index)?;
    indexer.finish(end).map_err(|kind| (text.len(), kind))?;
    if index.tail == OPEN {
        index.tail = number(text.len());
    }
    Ok(())
}

/// How deep a document's containers lie in each other.
fn depth(view: View<'_>) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for at in 0..number(view.tokens.len()) {
        match view.byte(at) {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_on() {
        let mut unpacker = Unpacker::new(&Limits { depth: 3, ..Limits::default() });
        assert!(unpacker.unpack("[[1],[2]]", 1).unwrap().is_some());
        assert!(matches!(unpacker.unpack("[[1],[2]]", 2), Err(EditErrorKind::Limit(Limit::Depth))));
        assert!(unpacker.unpack(" \n", 3).unwrap().is_none());
        assert!(unpacker.unpack("12", 3).unwrap().is_some());
        assert!(matches!(unpacker.unpack("[", 0), Err(EditErrorKind::Malformed(_))));
        assert!(matches!(unpacker.unpack("{} {}", 0), Err(EditErrorKind::Malformed(_))));
    }
}
