//! Lets what is queued go on: judged, edited, and out.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{EditError, EditErrorKind};
use crate::json::{Counted, START, Segment};
use crate::judge::Judge;
use crate::judging::{Docket, Pending};
use crate::outlet::allowance;
use crate::report::DifferenceKind;
use crate::sse::data::{Data, Text, data_lines};
use crate::sse::edit::{EventEdit, Part};
use crate::sse::event::{Block, Event};
use crate::sse::line::{COMMENT, NO_JSON_NAME};
use crate::sse::queue::{Item, Queue};
use crate::sse::reader::Sse;

impl Sse {
    /// Judges what is queued and writes what is left of it.
    pub(super) fn flush(&mut self, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.queue.items.is_empty() || self.ignoring {
            return Ok(());
        }
        let mut queue = std::mem::take(&mut self.queue);
        let read = self.read_data(&mut queue);
        let all = 0..read.as_ref().map_or_else(|(item, _)| *item, |()| queue.items.len());
        self.counts.clone_from(&self.report.sets);
        let judged = self.judge(&queue, all.clone(), judge);
        if judged.is_ok() || all.len() == 1 {
            judged?;
            self.write(&queue, all, judge)?;
        } else {
            // What stands before the one that cannot be judged goes on first, as it does if it comes alone.
            self.report.sets.clone_from(&self.counts);
            for item in all {
                self.judge(&queue, item..item + 1, judge)?;
                self.write(&queue, item..item + 1, judge)?;
            }
        }
        queue.clear();
        self.queue = queue;
        read.map_err(|(_, error)| error)
    }

    /// Judges the records in some items.
    fn judge(&mut self, queue: &Queue, items: Range<usize>, judge: &mut dyn Judge) -> Result<(), EditError> {
        let records = queue.records.iter().filter(|record| items.contains(&record.item));
        let pending: Vec<_> = records
            .filter_map(|record| match &queue.items[record.item] {
                Item::Event(event) => Some(Pending {
                    set: record.set,
                    tree: queue.tree(event),
                    root: record.at,
                    offset: event.block.offset,
                }),
                _ => None,
            })
            .collect();
        let plan = Arc::clone(&self.plan);
        let batch_records = self.options.limits.batch_records;
        let docket = Docket { plan: &plan, pending: &pending, batch_records };
        self.judging.judge(&docket, &mut self.names, judge, &mut self.report)
    }

    /// Writes what is left of some items, whose records have been judged.
    fn write(&mut self, queue: &Queue, items: Range<usize>, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.is_missing() {
            self.go_missing();
            return Ok(());
        }
        let mut records = 0;
        for item in &queue.items[items] {
            let (Item::Comment { block, .. } | Item::Blank(block) | Item::Event(Event { block, .. })) = item;
            let failed = |kind| EditError { offset: block.offset, kind };
            if !self.lacks_sole() {
                self.outlet.open_gate(&mut self.report).map_err(failed)?;
            }
            match item {
                Item::Comment { block, end, whole, index } => {
                    self.write_comment(block, *end, *whole, *index).map_err(failed)?;
                    self.came_out = true;
                }
                Item::Blank(block) if self.came_out => self.keep(block, 0, block.len()).map_err(failed)?,
                Item::Blank(_) => {}
                Item::Event(event) => {
                    let first = records;
                    records += event.records.len();
                    self.came_out = self.write_event(queue, event, first..records, judge)?;
                }
            }
        }
        Ok(())
    }

    fn write_comment(
        &mut self,
        block: &Block,
        end: usize,
        whole: bool,
        index: u64,
    ) -> Result<(), EditErrorKind> {
        if whole {
            return self.keep(block, 0, block.len());
        }
        let outside = &self.plan.outside;
        let passed = self.trails.mark();
        let around = self.trails.element(outside, START, index);
        let (trail, _) =
            self.trails.member(outside, around, &mut Default::default(), (COMMENT, NO_JSON_NAME));
        self.trails.count(trail, Counted::Unlisted, &mut self.report);
        self.trails.back(passed);
        let mark = self.place.as_mut().map(|place| {
            let mark = place.mark();
            place.push_index(index);
            place.push_name(COMMENT);
            mark
        });
        self.note(DifferenceKind::Unlisted);
        if let (Some(place), Some(mark)) = (&mut self.place, mark) {
            place.back(mark);
        }
        self.keep(block, 0, 1)?;
        self.keep(block, end, block.len())
    }

    /// Writes what is left of an event, whose records are those of the range. False: nothing is.
    fn write_event(
        &mut self,
        queue: &Queue,
        event: &Event,
        records: Range<usize>,
        judge: &mut dyn Judge,
    ) -> Result<bool, EditError> {
        let mark = self.place.as_mut().map(|place| {
            let mark = place.mark();
            place.push_index(event.index);
            mark
        });
        let passed = self.trails.mark();
        self.parts.clear();
        self.made.clear();
        self.remains.clear();
        let length = event.block.content().len() as u64;
        let mut edit = EventEdit {
            room: allowance(self.options.limits.expansion as u64, length),
            queue,
            event,
            judged: &self.judging.judged(&self.plan),
            records,
            judge,
            hash_key: &self.options.hash_key,
            parts: &mut self.parts,
            made: &mut self.made,
            remains: &mut self.remains,
            report: &mut self.report,
            trails: &mut self.trails,
            place: self.place.as_mut(),
            seen: &mut self.names,
            unpacker: &mut self.unpacker,
        };
        let stays = edit.edit().map_err(|(kind, position)| EditError {
            offset: event.block.offset + u64::from(position),
            kind,
        })?;
        self.trails.back(passed);
        if let (Some(place), Some(mark)) = (&mut self.place, mark) {
            place.back(mark);
        }
        if stays {
            let parts = std::mem::take(&mut self.parts);
            let spent =
                self.outlet.spend(self.made.len() + self.remains.made.len(), event.block.offset + length);
            let written = spent.and_then(|()| self.write_parts(queue, event, &parts));
            self.parts = parts;
            written.map_err(|kind| EditError { offset: event.block.offset, kind })?;
        }
        Ok(stays)
    }

    fn write_parts(&mut self, queue: &Queue, event: &Event, parts: &[Part]) -> Result<(), EditErrorKind> {
        for part in parts {
            match *part {
                Part::Kept(start, end) => self.keep(&event.block, start as usize, end as usize)?,
                Part::Made(start, end) => {
                    self.outlet.make(&self.made.as_bytes()[start..end], &mut self.report)?;
                }
                Part::Data => self.write_data(queue, event)?,
            }
        }
        Ok(())
    }

    /// Writes what is left of an event's data, between the white space around the document.
    fn write_data(&mut self, queue: &Queue, event: &Event) -> Result<(), EditErrorKind> {
        let mut base = 0;
        let (text, before, behind) = match &event.data {
            Data::Read { text, found } => {
                let content = queue.text(event, *text);
                let document = queue.documents.get(content, *found);
                let (start, end) = document.span();
                base = start - document.in_text(start);
                (*text, 0..(start - base) as usize, (end - base) as usize..content.len())
            }
            Data::Refused { text, .. } => (*text, 0..0, 0..0),
            Data::Absent | Data::Unread | Data::Pending { .. } => return Ok(()),
        };
        self.keep_data(queue, event, text, before)?;
        for place in 0..self.remains.segments.len() {
            match self.remains.segments[place] {
                Segment::Kept(start, end) => {
                    let range = (start - base) as usize..(end - base) as usize;
                    self.keep_data(queue, event, text, range)?;
                }
                Segment::Made(start, end) => {
                    self.outlet.make(&self.remains.made.as_bytes()[start..end], &mut self.report)?;
                }
                // All have been asked for.
                Segment::Own(_) => {}
            }
        }
        self.keep_data(queue, event, text, behind)
    }

    /// Keeps a range of an event's data: a line feed in it ends a line and begins the next one, as they stand in the
    /// event.
    fn keep_data(
        &mut self,
        queue: &Queue,
        event: &Event,
        text: Text,
        range: Range<usize>,
    ) -> Result<(), EditErrorKind> {
        if let Text::Line(start, _) = text {
            let start = start as usize;
            return self.keep(&event.block, start + range.start, start + range.end);
        }
        let mut begins = 0;
        let mut lines = data_lines(queue.lines(&event.lines)).peekable();
        while let Some(line) = lines.next() {
            let value = line.value as usize;
            let ends = begins + (line.end - line.value) as usize;
            let (from, to) = (range.start.max(begins), range.end.min(ends));
            if from < to {
                self.keep(&event.block, value + from - begins, value + to - begins)?;
            }
            if range.contains(&ends)
                && let Some(next) = lines.peek()
            {
                self.keep(&event.block, line.end as usize, line.next as usize)?;
                self.keep(&event.block, next.start as usize, next.value as usize)?;
            }
            begins = ends + 1;
        }
        Ok(())
    }

    fn keep(&mut self, block: &Block, start: usize, end: usize) -> Result<(), EditErrorKind> {
        self.outlet.keep(&block.bytes, block.start + start, block.start + end, &mut self.report)
    }

    /// The sole record was dropped or did not come: nothing may come out.
    pub(super) fn go_missing(&mut self) {
        self.report.missing = true;
        self.ignoring = true;
        self.outlet.close();
    }

    /// Whether a sole record is not there by now.
    pub(super) fn lacks_sole(&self) -> bool {
        self.sole_sets().any(|set| self.report.sets[set].kept == 0)
    }

    fn is_missing(&self) -> bool {
        self.sole_sets().any(|set| self.report.sets[set].dropped > 0)
    }

    fn sole_sets(&self) -> impl Iterator<Item = usize> {
        self.plan.sets.iter().enumerate().filter(|(_, set)| set.sole).map(|(index, _)| index)
    }
}
