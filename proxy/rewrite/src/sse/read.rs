//! Reads the data of what is queued, and finds the records in it.

use crate::error::{EditError, EditErrorKind};
use crate::plan::automaton::Fate;
use crate::scan::find_records;
use crate::sse::admit::failed;
use crate::sse::data::{self, Data, Text, in_event};
use crate::sse::event::Event;
use crate::sse::queue::{Found, Item, Queue};
use crate::sse::reader::Sse;
use crate::sse::tree::EVENT;

impl Sse {
    /// Reads the data of all events, and finds their records. An error comes with the place of the item that it is in:
    /// those before it have been read.
    pub(super) fn read_data(&mut self, queue: &mut Queue) -> Result<(), (usize, EditError)> {
        self.read_together(queue);
        let mut records = std::mem::take(&mut queue.records);
        let mut read = Ok(());
        for item in 0..queue.items.len() {
            let found = self.read_alone(queue, item).and_then(|()| self.find(queue, item, &mut records));
            read = found.map_err(|error| (item, error));
            if read.is_err() {
                break;
            }
        }
        queue.records = records;
        read
    }

    /// Reads all data that is short and stands on one line, if each is a document.
    fn read_together(&mut self, queue: &mut Queue) {
        let documents = &mut queue.documents;
        for item in &mut queue.items {
            if let Item::Event(Event {
                block,
                data: Data::Pending { text: Text::Line(start, end), base },
                ..
            }) = item
            {
                *base = documents.add(&block.content()[*start as usize..*end as usize]);
            }
        }
        if !documents.read_lines(&mut self.line_indexer) {
            return;
        }
        let mut root = 0;
        for item in &mut queue.items {
            let Item::Event(Event { data, .. }) = item else { continue };
            if let &mut Data::Pending { text, base: Some(base) } = data {
                *data = Data::Read { text, found: data::Found::Line { base, root } };
                root = documents.behind(root);
            }
        }
    }

    /// Reads an item's data, if that has not been done.
    fn read_alone(&mut self, queue: &mut Queue, item: usize) -> Result<(), EditError> {
        let Item::Event(event) = &mut queue.items[item] else { return Ok(()) };
        let Data::Pending { text, .. } = event.data else { return Ok(()) };
        let content = text.of(&event.block, &queue.joined);
        let lines = &queue.lines[event.lines.clone()];
        event.data = match queue.documents.read(&mut self.indexer, content) {
            Ok(found) => Data::Read { text, found },
            Err((position, EditErrorKind::Malformed(reason))) => {
                Data::Refused { text, reason, position: in_event(lines, crate::number(position)) }
            }
            Err((position, kind)) => {
                return Err(failed(&event.block, in_event(lines, crate::number(position)), kind));
            }
        };
        Ok(())
    }

    /// Finds the records in an item, or that it is one.
    fn find(&mut self, queue: &mut Queue, item: usize, records: &mut Vec<Found>) -> Result<(), EditError> {
        let start = records.len();
        match &queue.items[item] {
            Item::Event(event) if event.sought => {
                if let Fate::Record(set) = event.fate {
                    records.push(Found { set, at: EVENT, item });
                } else {
                    let mut add = |set, at| records.push(Found { set, at, item });
                    let (tree, from) = (queue.tree(event), (event.node, EVENT));
                    let found = find_records(tree, &self.plan.outside, from, &mut self.names, &mut add);
                    found.map_err(|(kind, position)| failed(&event.block, position, kind))?;
                }
            }
            _ => return Ok(()),
        }
        if let Item::Event(event) = &mut queue.items[item] {
            event.records = start..records.len();
        }
        Ok(())
    }
}
