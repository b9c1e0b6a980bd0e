//! Cuts a stream into lines, and lines into events.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind, Limit};
use crate::json::{Counted, Indexer, KeyMemo, Remains, START, Trails, Unpacker};
use crate::judge::Judge;
use crate::judging::Judging;
use crate::limits::Options;
use crate::names::SeenNames;
use crate::outlet::Outlet;
use crate::pieces::Pieces;
use crate::place::Place;
use crate::plan::Plan;
use crate::plan::automaton::{Fate, ROOT};
use crate::reader::Reader;
use crate::report::{DifferenceKind, Report, SetCount};
use crate::sse::edit::Part;
use crate::sse::event::Block;
use crate::sse::line::Line;
use crate::sse::queue::{Item, Queue};

/// A stream under way. Nothing but the event under way is held from one chunk to the next.
#[derive(Debug)]
pub(crate) struct Sse {
    pub(super) plan: Arc<Plan>,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) outlet: Outlet,
    pub(super) judging: Judging<KeyMemo>,
    pub(super) queue: Queue,
    /// Read the data of events: of several at once, and of one.
    pub(super) line_indexer: Indexer,
    pub(super) indexer: Indexer,
    pub(super) unpacker: Unpacker,
    pub(super) names: SeenNames,
    /// Where events stand, if differences are traced.
    pub(super) place: Option<Place>,
    pub(super) trails: Trails,
    pub(super) remains: Remains,
    /// What is left of an event, and text made for it.
    pub(super) parts: Vec<Part>,
    pub(super) made: String,
    pub(super) counts: Vec<SetCount>,
    /// The index of the next event.
    pub(super) index: u64,
    /// Whether what went on last came out: a blank line behind it goes with it.
    pub(super) came_out: bool,
    /// Whether the caller gets another answer.
    pub(super) ignoring: bool,
    /// Bytes of the byte order mark that have been met, none once something else has.
    mark: Option<usize>,
    /// The lines of the block under way.
    lines: Vec<Line>,
    /// Whether there is more in it than a comment.
    has_fields: bool,
    /// Whether the last byte was a carriage return that ended a line: a line feed behind it belongs to it.
    behind_return: bool,
    /// The beginning of the block under way, if it came with earlier chunks.
    buffer: Vec<u8>,
    /// Where it begins, or goes on, in the chunk at hand.
    from: usize,
    /// Where its last line begins, from its beginning.
    line: usize,
    /// Bytes of the body before the chunk at hand.
    offset: u64,
}

/// What may stand before the first line (H23).
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Sse {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Sse {
        let sets = plan.sets.len();
        Sse {
            report: Report::new(sets),
            outlet: Outlet::new(plan.has_sole_set(), &options.limits),
            judging: Judging::new(sets),
            queue: Queue::default(),
            line_indexer: Indexer::lines(&options.limits),
            indexer: Indexer::new(&options.limits),
            unpacker: Unpacker::new(&options.limits),
            names: SeenNames::new(options.limits.members),
            place: options.trace.then(|| Place::new(true)),
            trails: Trails::new(&plan.outside),
            remains: Remains::default(),
            parts: Vec::new(),
            made: String::new(),
            counts: Vec::new(),
            index: 0,
            came_out: true,
            ignoring: false,
            mark: Some(0),
            lines: Vec::new(),
            has_fields: false,
            behind_return: false,
            buffer: Vec::new(),
            from: 0,
            line: 0,
            offset: 0,
            plan,
            options,
        }
    }

    fn take(&mut self, chunk: &Bytes, judge: &mut dyn Judge) -> Result<(), EditError> {
        let mut at = self.skip_mark(chunk);
        self.from = at;
        if at < chunk.len() && std::mem::take(&mut self.behind_return) && chunk[at] == b'\n' {
            at += 1;
            self.line_feed(chunk, at);
        }
        while let Some(found) = memchr::memchr2(b'\n', b'\r', &chunk[at..]) {
            if self.ignoring {
                return Ok(());
            }
            let end = at + found;
            at = end + 1;
            if chunk[end] == b'\r' {
                match chunk.get(at) {
                    Some(b'\n') => at += 1,
                    Some(_) => {}
                    None => self.behind_return = true,
                }
            }
            self.end_line(chunk, end, at, judge)?;
        }
        if self.from < chunk.len() {
            self.buffer.extend_from_slice(&chunk[self.from..]);
            self.from = chunk.len();
            self.check_length(self.buffer.len())?;
        }
        Ok(())
    }

    /// Skips the byte order mark (H23), or what there is of it in the chunk.
    fn skip_mark(&mut self, chunk: &[u8]) -> usize {
        let mut at = 0;
        while let Some(met) = self.mark {
            let Some(&byte) = chunk.get(at) else { break };
            if byte == BYTE_ORDER_MARK[met] {
                at += 1;
                self.mark = (met + 1 < BYTE_ORDER_MARK.len()).then_some(met + 1);
            } else {
                // These bytes were no mark, but the beginning of a line.
                self.buffer.extend_from_slice(&BYTE_ORDER_MARK[..met.saturating_sub(at)]);
                self.mark = None;
                return 0;
            }
        }
        at
    }

    /// A line feed came with another chunk than its carriage return.
    fn line_feed(&mut self, chunk: &Bytes, at: usize) {
        match self.lines.last_mut() {
            Some(line) => {
                line.next += 1;
                self.line += 1;
            }
            None => {
                let block = self.cut(chunk, at);
                self.queue.items.push(Item::Blank(block));
            }
        }
    }

    /// A line has ended at `end` in the chunk, and the next one begins at `next`.
    fn end_line(
        &mut self,
        chunk: &Bytes,
        end: usize,
        next: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let [end_in_block, next_in_block] = [end, next].map(|at| self.buffer.len() + at - self.from);
        self.check_length(end_in_block + 1)?;
        let start = self.line;
        if start == end_in_block {
            return self.blank_line(chunk, next_in_block, judge);
        }
        let is_comment = match self.buffer.get(start) {
            Some(&first) => first == b':',
            None => chunk[self.from + start - self.buffer.len()] == b':',
        };
        if is_comment && !self.has_fields && !self.lines.is_empty() {
            // A comment behind another: the first one does not stand with an event.
            self.comment(chunk, start)?;
            let cut = start;
            self.lines.push(Line::cut(0, end_in_block - cut, next_in_block - cut));
            self.line = next_in_block - cut;
        } else {
            self.has_fields |= !is_comment;
            self.lines.push(Line::cut(start, end_in_block, next_in_block));
            self.line = next_in_block;
        }
        if self.lines.len() > self.options.limits.members {
            return Err(self.error(start, EditErrorKind::Limit(Limit::Members)));
        }
        self.go_on_if_full(judge)
    }

    fn blank_line(&mut self, chunk: &Bytes, next: usize, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.has_fields {
            let block = self.cut(chunk, next);
            let mut lines = std::mem::take(&mut self.lines);
            let queued = self.event(block, &mut lines);
            lines.clear();
            self.lines = lines;
            queued?;
        } else {
            let mut next = next;
            if let Some(line) = self.lines.last() {
                let behind = line.next as usize;
                self.comment(chunk, behind)?;
                next -= behind;
            }
            let block = self.cut(chunk, next);
            self.queue.items.push(Item::Blank(block));
        }
        self.go_on_if_full(judge)
    }

    /// Queues the comment that the block under way consists of up to a position.
    fn comment(&mut self, chunk: &Bytes, next: usize) -> Result<(), EditError> {
        let mut lines = std::mem::take(&mut self.lines);
        let block = self.cut(chunk, next);
        let queued = lines.last_mut().map_or(Ok(()), |line| self.queue_comment(block, line));
        lines.clear();
        self.lines = lines;
        queued
    }

    /// Takes the block under way up to a position in it. What is behind is the next one.
    fn cut(&mut self, chunk: &Bytes, next: usize) -> Block {
        let offset = self.block_offset();
        self.line = 0;
        self.has_fields = false;
        if self.buffer.is_empty() {
            let start = self.from;
            self.from += next;
            return Block { bytes: chunk.clone(), start, end: self.from, offset };
        }
        let mut whole = std::mem::take(&mut self.buffer);
        if next < whole.len() {
            self.buffer = whole.split_off(next);
        } else {
            let end = self.from + next - whole.len();
            whole.extend_from_slice(&chunk[self.from..end]);
            self.from = end;
        }
        let bytes = Bytes::from(whole);
        Block { start: 0, end: bytes.len(), bytes, offset }
    }

    /// Refuses an event that has become too long.
    fn check_length(&self, length: usize) -> Result<(), EditError> {
        let limit = self.options.limits.record;
        if length > limit { Err(self.error(limit, EditErrorKind::Limit(Limit::Record))) } else { Ok(()) }
    }

    /// An error at a position of the block under way.
    fn error(&self, position: usize, kind: EditErrorKind) -> EditError {
        EditError { offset: self.block_offset() + position as u64, kind }
    }

    /// Bytes of the body before the block under way.
    fn block_offset(&self) -> u64 {
        self.offset + self.from as u64 - self.buffer.len() as u64
    }

    fn go_on_if_full(&mut self, judge: &mut dyn Judge) -> Result<(), EditError> {
        let limits = &self.options.limits;
        let full = self.queue.items.len() >= limits.batch_records || self.queue.bytes >= limits.batch_bytes;
        // What comes behind a sole record that is missing is not even looked at, whatever the chunks.
        if full || self.plan.has_sole_set() { self.flush(judge) } else { Ok(()) }
    }

    /// Counts the stream, where nothing of it comes out.
    fn count_root(&mut self) {
        let (counted, kind) = match self.plan.outside.node(ROOT).array {
            Fate::Remove => (Counted::Removed, DifferenceKind::Removed),
            Fate::Unlisted => (Counted::Unlisted, DifferenceKind::Unlisted),
            _ => return,
        };
        self.trails.count(START, counted, &mut self.report);
        self.note(kind);
    }

    pub(super) fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.as_ref().and_then(Place::concrete) {
            self.report.difference(path, kind);
        }
    }

    /// Hands over what had been settled before an error.
    fn give_up(&mut self, out: &mut Pieces) {
        // There is an error already.
        let _ = self.outlet.end_run(&mut self.report);
        self.trails.settle(&mut self.report);
        self.outlet.hand_over(out);
    }

    fn settle(&mut self, out: &mut Pieces) -> Result<(), EditError> {
        self.trails.settle(&mut self.report);
        let settled = self.outlet.settle(&mut self.report, out);
        settled.map_err(|kind| EditError { offset: self.offset, kind })
    }
}

impl Reader for Sse {
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        let taken = self.take(&chunk, judge);
        // What stands before an error goes first, whatever the chunks: so does an error that it makes.
        let settled = self.flush(judge).and_then(|()| self.settle(out));
        settled.and(taken).inspect_err(|_| self.give_up(out))?;
        self.offset += chunk.len() as u64;
        self.from = 0;
        Ok(())
    }

    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        // Clients do not see an event that no blank line ends.
        let is_comment = self.lines.len() == 1 && !self.has_fields && self.line == self.buffer.len();
        let comment = if is_comment { self.comment(&Bytes::new(), self.line) } else { Ok(()) };
        let settled = self.flush(judge).and(comment);
        if self.lacks_sole() {
            self.go_missing();
        }
        self.count_root();
        settled.and_then(|()| self.settle(out)).inspect_err(|_| self.give_up(out))
    }

    fn report(&self) -> &Report {
        &self.report
    }
}
