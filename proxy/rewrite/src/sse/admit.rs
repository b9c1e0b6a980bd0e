//! Finds out what an event is, and queues it.

use crate::error::{EditError, EditErrorKind};
use crate::plan::automaton::{Fate, NOTHING, NodeId, ROOT};
use crate::scan::fate;
use crate::sse::comment::is_harmless;
use crate::sse::data::{Data, Text, data_lines};
use crate::sse::event::{Block, Event};
use crate::sse::line::{Field, Line};
use crate::sse::queue::Item;
use crate::sse::reader::Sse;
use crate::tree::Kind;

impl Sse {
    /// Queues a comment between events.
    pub(super) fn queue_comment(&mut self, block: Block, line: &mut Line) -> Result<(), EditError> {
        check_text(&block)?;
        let read = line.read(block.content(), &self.options.limits);
        read.map_err(|(kind, position)| failed(&block, position, kind))?;
        let whole = self.ahead().1 == Fate::Keep || is_harmless(line.value(block.content()));
        self.queue.items.push(Item::Comment { block, end: line.end as usize, whole, index: self.index });
        Ok(())
    }

    /// Where the next event leads, and its fate.
    fn ahead(&self) -> (NodeId, Fate) {
        let outside = &self.plan.outside;
        let node = outside.element(ROOT, self.index);
        match outside.node(ROOT).array {
            Fate::Walk => (node, fate(outside, node, Kind::Object)),
            of_all => (NOTHING, of_all),
        }
    }

    /// Whether nothing of the stream comes out.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.plan.outside.node(ROOT).array, Fate::Remove | Fate::Unlisted)
    }

    /// Queues an event.
    pub(super) fn event(&mut self, block: Block, lines: &mut [Line]) -> Result<(), EditError> {
        check_text(&block)?;
        for line in &mut *lines {
            let read = line.read(block.content(), &self.options.limits);
            read.map_err(|(kind, position)| failed(&block, position, kind))?;
        }
        let has = |sought: &[Field]| lines.iter().any(|line| sought.contains(&line.field));
        let (node, fate) = self.ahead();
        let start = self.queue.lines.len();
        self.queue.bytes += block.content().len();
        self.queue.lines.extend_from_slice(lines);
        let mut event = Event {
            block,
            lines: start..self.queue.lines.len(),
            index: self.index,
            node,
            fate,
            data: Data::Absent,
            sought: false,
            framed: true,
            records: self.queue.records.len()..self.queue.records.len(),
        };
        if !has(&[Field::Data, Field::Event, Field::Id]) {
            // No event, but the time to wait before the next connection, or fields that nobody knows.
            if matches!(fate, Fate::Record(_) | Fate::Unlisted) && !self.is_gone() {
                event.fate = Fate::Walk;
                event.node = NOTHING;
                event.framed = fate != Fate::Unlisted;
            }
            self.queue.items.push(Item::Event(event));
            return Ok(());
        }
        self.index += 1;
        if matches!(fate, Fate::Record(_) | Fate::Walk) {
            check_fields(&event.block, lines)?;
            event.sought = true;
            event.framed = has(&[Field::Data]) || fate != Fate::Walk;
            if has(&[Field::Data]) {
                event.data = self.data(&event, lines);
            }
        }
        self.queue.items.push(Item::Event(event));
        Ok(())
    }

    /// Where the text of an event's data is, if it must be read.
    fn data(&mut self, event: &Event, lines: &[Line]) -> Data {
        let outside = &self.plan.outside;
        if event.fate == Fate::Walk
            && let Some(Fate::Keep | Fate::Remove | Fate::Unlisted) =
                outside.node(outside.member(event.node, "data")).alike()
        {
            return Data::Unread;
        }
        let mut data = data_lines(lines);
        let text = match (data.next(), data.next()) {
            (Some(line), None) => Text::Line(line.value, line.end),
            _ => self.join(&event.block, lines),
        };
        Data::Pending { text, base: None }
    }

    fn join(&mut self, block: &Block, lines: &[Line]) -> Text {
        let joined = &mut self.queue.joined;
        let start = joined.len();
        for (place, line) in data_lines(lines).enumerate() {
            if place > 0 {
                joined.push(b'\n');
            }
            joined.extend_from_slice(&block.content()[line.value as usize..line.end as usize]);
        }
        Text::Joined(crate::number(start), crate::number(joined.len()))
    }
}

pub(super) fn failed(block: &Block, position: u32, kind: EditErrorKind) -> EditError {
    EditError { offset: block.offset + u64::from(position), kind }
}

fn check_text(block: &Block) -> Result<(), EditError> {
    if simdutf8::basic::from_utf8(block.content()).is_ok() {
        return Ok(());
    }
    let valid = std::str::from_utf8(block.content()).map_or_else(|error| error.valid_up_to(), str::len);
    Err(failed(block, crate::number(valid), EditErrorKind::Malformed("not UTF-8")))
}

/// Refuses a second `event`, `id` or `retry`: clients take the last one (H22).
fn check_fields(block: &Block, lines: &[Line]) -> Result<(), EditError> {
    for field in [Field::Event, Field::Id, Field::Retry] {
        if let Some(second) = lines.iter().filter(|line| line.field == field).nth(1) {
            return Err(failed(block, second.start, EditErrorKind::DuplicateName));
        }
    }
    Ok(())
}
