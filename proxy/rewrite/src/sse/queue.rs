//! What waits to go on, in the body's order.

use std::ops::Range;

use crate::sse::data::{Data, Documents, Text};
use crate::sse::event::{Block, Event};
use crate::sse::line::Line;
use crate::sse::tree::EventTree;

/// What waits to go on: whatever a chunk completed, or a batch of it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) items: Vec<Item>,
    /// The lines of all events.
    pub(super) lines: Vec<Line>,
    /// Records in events.
    pub(super) records: Vec<Found>,
    /// Data of several lines, joined.
    pub(super) joined: Vec<u8>,
    pub(super) documents: Documents,
    /// Bytes of the events.
    pub(super) bytes: usize,
}

#[derive(Debug)]
pub(super) enum Item {
    /// A comment before the event with an index. Unless it stays whole, its text goes, up to its end.
    Comment {
        block: Block,
        end: usize,
        whole: bool,
        index: u64,
    },
    /// A blank line, or the line feed of one whose carriage return has gone on: it goes with what is before it.
    Blank(Block),
    Event(Event),
}

/// A record in an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) set: u32,
    /// Its number in the event.
    pub(super) at: u32,
    /// The event's place among the items.
    pub(super) item: usize,
}

impl Queue {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.lines.clear();
        self.records.clear();
        self.joined.clear();
        self.documents.clear();
        self.bytes = 0;
    }

    /// The text of an event's data.
    pub(super) fn text<'a>(&'a self, event: &'a Event, text: Text) -> &'a [u8] {
        text.of(&event.block, &self.joined)
    }

    pub(super) fn lines(&self, lines: &Range<usize>) -> &[Line] {
        &self.lines[lines.clone()]
    }

    /// An event as the judge sees it.
    pub(super) fn tree<'a>(&'a self, event: &'a Event) -> EventTree<'a> {
        let (document, opaque) = match &event.data {
            Data::Absent | Data::Unread | Data::Pending { .. } => (None, None),
            Data::Read { text, found } => (Some(self.documents.get(self.text(event, *text), *found)), None),
            Data::Refused { text, .. } => (None, Some(self.text(event, *text))),
        };
        EventTree { bytes: event.block.content(), lines: self.lines(&event.lines), document, opaque }
    }
}
