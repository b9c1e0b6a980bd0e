//! The JSON in an event's data. All that this format knows of how JSON is read and edited stands here.

use crate::error::EditErrorKind;
use crate::json::{Index, Indexer, View, read_document};
use crate::sse::event::Block;
use crate::sse::line::{Field, Line};
use crate::tree::Tree;

/// What an event's data is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Absent,
    /// It passes whole or goes, whatever it is.
    Unread,
    /// It has yet to be read.
    Pending {
        text: Text,
        /// Where it stands among the lines that are read together, if it does.
        base: Option<u32>,
    },
    /// A JSON document.
    Read {
        text: Text,
        found: Found,
    },
    /// Something else.
    Refused {
        text: Text,
        reason: &'static str,
        position: u32,
    },
}

/// Where the text of the data is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// All of it in the event, on one line.
    Line(u32, u32),
    /// Lines joined by line feeds, in the queue's buffer.
    Joined(u32, u32),
}

impl Text {
    pub(super) fn of<'a>(self, block: &'a Block, joined: &'a [u8]) -> &'a [u8] {
        let (bytes, start, end) = match self {
            Text::Line(start, end) => (block.content(), start, end),
            Text::Joined(start, end) => (joined, start, end),
        };
        &bytes[start as usize..end as usize]
    }
}

/// Reads documents, with the memory that it uses again. Those that are short and stand on one line are read together,
/// as lines: what an index costs to begin with is paid once.
#[derive(Debug, Default)]
pub(super) struct Documents {
    lines: Vec<u8>,
    of_lines: Index,
    /// Indices of texts that are read alone.
    alone: Vec<Index>,
    used: usize,
    end: Index,
}

/// Where a document has been read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Among the lines, where its text begins there, and its first token.
    Line { base: u32, root: u32 },
    /// Alone, with the number of its index.
    Alone(usize),
}

/// A document, perhaps one of several in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    pub(super) view: View<'a>,
    /// The number of its root.
    pub(super) root: u32,
    /// Where its text begins in the buffer.
    base: u32,
}

/// Bytes of a text that is read with others at the most.
const SHORT: usize = 4 << 10;

impl Documents {
    /// Adds a line to those that are read together, and tells where it begins. None: it must be read alone.
    pub(super) fn add(&mut self, text: &[u8]) -> Option<u32> {
        if text.len() > SHORT || text.trim_ascii_start().is_empty() {
            return None;
        }
        let base = crate::number(self.lines.len());
        self.lines.extend_from_slice(text);
        self.lines.push(b'\n');
        Some(base)
    }

    /// Reads the lines. False: one of them is not a document.
    pub(super) fn read_lines(&mut self, indexer: &mut Indexer) -> bool {
        read_document(indexer, &self.lines, &mut self.of_lines, &mut self.end).is_ok()
    }

    /// The number of the first token behind a document among the lines.
    pub(super) fn behind(&self, root: u32) -> u32 {
        View::new(&self.lines, &self.of_lines).behind(root)
    }

    /// Reads a text alone. Errors come with the position in the text.
    pub(super) fn read(
        &mut self,
        indexer: &mut Indexer,
        text: &[u8],
    ) -> Result<Found, (usize, EditErrorKind)> {
        if self.used == self.alone.len() {
            self.alone.push(Index::default());
        }
        let index = &mut self.alone[self.used];
        read_document(indexer, text, index, &mut self.end)?;
        self.used += 1;
        Ok(Found::Alone(self.used - 1))
    }

    /// A document by where it has been read; `text` is its own.
    pub(super) fn get<'a>(&'a self, text: &'a [u8], found: Found) -> Document<'a> {
        match found {
            Found::Line { base, root } => {
                Document { view: View::new(&self.lines, &self.of_lines), root, base }
            }
            Found::Alone(index) => Document { view: View::new(text, &self.alone[index]), root: 0, base: 0 },
        }
    }

    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.used = 0;
    }
}

impl Document<'_> {
    /// Where a position in the buffer is in the document's text.
    pub(super) fn in_text(self, position: u32) -> u32 {
        position - self.base
    }

    /// Where the root begins and ends in the buffer.
    pub(super) fn span(self) -> (u32, u32) {
        (self.view.start(self.root), crate::number(self.view.end(self.root)))
    }
}

/// The lines of the data.
pub(super) fn data_lines(lines: &[Line]) -> impl Iterator<Item = &Line> {
    lines.iter().filter(|line| line.field == Field::Data)
}

/// Where in the event a position in the text of its data is. The line feed between two lines is the end of the first.
pub(super) fn in_event(lines: &[Line], mut position: u32) -> u32 {
    let mut last = 0;
    for line in data_lines(lines) {
        let length = line.end - line.value;
        if position <= length {
            return line.value + position;
        }
        position -= length + 1;
        last = line.end;
    }
    last
}
