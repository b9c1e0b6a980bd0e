//! The JSON in an event's data. All that this format knows of how JSON is read and edited stands here.

use std::ops::Range;

use crate::error::EditErrorKind;
use crate::json::{Index, Indexer, View, read_document};
use crate::sse::line::{Field, Line};

/// What an event's data is.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Absent,
    /// It passes whole or goes, whatever it is.
    Unread,
    /// A JSON document, with the number of its index.
    Read {
        text: Text,
        index: usize,
    },
    /// Something else.
    Refused {
        text: Text,
        reason: &'static str,
        position: u32,
    },
}

/// Where the text of the data is.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// All of it in the event, on one line.
    Line(usize, usize),
    /// Lines joined by line feeds, in the queue's buffer.
    Joined(Range<usize>),
}

/// Reads documents, with the memory that it uses again.
#[derive(Debug, Default)]
pub(super) struct Documents {
    indices: Vec<Index>,
    used: usize,
    end: Index,
}

impl Documents {
    /// Reads a text as JSON, and gives the number of its index. Errors come with the position in the text.
    pub(super) fn read(
        &mut self,
        indexer: &mut Indexer,
        text: &[u8],
    ) -> Result<usize, (usize, EditErrorKind)> {
        if self.used == self.indices.len() {
            self.indices.push(Index::default());
        }
        let index = &mut self.indices[self.used];
        read_document(indexer, text, index, &mut self.end)?;
        self.used += 1;
        Ok(self.used - 1)
    }

    pub(super) fn view<'a>(&'a self, text: &'a [u8], index: usize) -> View<'a> {
        View::new(text, &self.indices[index])
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
    }
}

/// The number of a document's root, and where that begins and ends.
pub(super) fn root(view: View<'_>) -> (u32, (u32, u32)) {
    (0, (crate::number(view.position(0)), crate::number(view.end(0))))
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
