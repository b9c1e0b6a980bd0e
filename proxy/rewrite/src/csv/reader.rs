//! Edits a table: takes chunks apart into rows, and holds those of a batch until they are judged.

use std::sync::Arc;

use bytes::Bytes;

use crate::csv::encoding::{Encoding, Text};
use crate::csv::fates::{FateTable, Table};
use crate::csv::flush::Scratch;
use crate::csv::header::Header;
use crate::csv::row::{Cells, KeyColumns};
use crate::csv::scan::{Fault, Marks, Scan};
use crate::csv::source::{Source, Sources, Span};
use crate::csv::writer::Writer;
use crate::error::{EditError, EditErrorKind, Limit};
use crate::judge::Judge;
use crate::judging::Judging;
use crate::limits::Options;
use crate::names::SeenNames;
use crate::outlet::Outlet;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::plan::automaton::{Fate, NodeId, ROOT};
use crate::reader::Reader;
use crate::report::{DifferenceKind, Report};

/// A table under way.
#[derive(Debug)]
pub(crate) struct Csv {
    pub(super) plan: Arc<Plan>,
    pub(super) options: Options,
    pub(super) report: Report,
    pub(super) judging: Judging<KeyColumns>,
    pub(super) seen: SeenNames,
    pub(super) fates: FateTable,
    pub(super) writer: Writer,
    pub(super) scratch: Scratch,
    /// The columns, once they are known.
    pub(super) table: Option<Arc<Table>>,
    /// Rows that wait for their verdicts.
    pub(super) spans: Vec<Span>,
    pub(super) span_bytes: usize,
    /// Whether nothing may come out yet, since a sole record has not been judged.
    pub(super) gated: bool,
    /// Whether nothing of what comes is let through, so that it is only checked.
    pub(super) ignoring: bool,
    /// Bytes of the body before the chunk at hand.
    pub(super) offset: u64,
    scan: Scan,
    marks: Marks,
    /// The beginning of the body, as long as it does not tell whether it is a byte order mark.
    opening: Option<Vec<u8>>,
    /// The row that has begun in earlier chunks, and the places of its delimiters.
    begun: Vec<u8>,
    begun_marks: Vec<u32>,
    /// The index of the next row.
    index: u64,
}

/// A row that was found, before its cells are counted.
#[derive(Clone, Copy)]
struct Found {
    source: usize,
    start: usize,
    /// Its first separator, and the one that is its line feed if it has one.
    marks: (usize, Option<usize>),
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Csv {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Csv {
        let sets = plan.sets.len();
        let gated = plan.has_sole_set();
        let listed = &plan.spec().csv.columns;
        let table = (!listed.is_empty()).then(|| Arc::new(Table::new(&plan, Header::listed(listed))));
        let mut csv = Csv {
            report: Report::new(sets),
            judging: Judging::new(sets),
            seen: SeenNames::new(options.limits.members),
            fates: FateTable::default(),
            writer: Writer::new(Outlet::new(gated, &options.limits)),
            scratch: Scratch::default(),
            table,
            spans: Vec::new(),
            span_bytes: 0,
            gated,
            ignoring: false,
            offset: 0,
            scan: Scan::new(plan.spec().csv.delimiter),
            marks: Marks::default(),
            opening: Some(Vec::new()),
            begun: Vec::new(),
            begun_marks: Vec::new(),
            index: 0,
            plan,
            options,
        };
        if csv.plan.outside.node(ROOT).array == Fate::Remove {
            csv.ignoring = true;
            csv.report.removed.add("$");
            if csv.options.trace {
                csv.report.difference("$", DifferenceKind::Removed);
            }
        }
        csv
    }

    fn take(&mut self, chunk: Bytes, judge: &mut dyn Judge) -> Result<(), EditError> {
        let Some(mut beginning) = self.opening.take() else {
            return self.rows(&chunk, judge);
        };
        let whole = if beginning.is_empty() {
            chunk
        } else {
            beginning.extend_from_slice(&chunk);
            Bytes::from(beginning)
        };
        if whole.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&whole) {
            self.opening = Some(whole.to_vec());
            return Ok(());
        }
        if !whole.starts_with(BYTE_ORDER_MARK) {
            return self.rows(&whole, judge);
        }
        if !matches!(self.encoding(), Encoding::Utf8) {
            return Err(self.malformed(0, "a byte order mark of another encoding"));
        }
        self.offset = BYTE_ORDER_MARK.len() as u64;
        self.rows(&whole.slice(BYTE_ORDER_MARK.len()..), judge)
    }

    fn end(&mut self, judge: &mut dyn Judge) -> Result<(), EditError> {
        if let Some(beginning) = self.opening.take() {
            self.rows(&Bytes::from(beginning), judge)?;
        }
        if let Some(Fault { reason, .. }) = self.scan.finish(0) {
            return Err(self.malformed(self.offset, reason));
        }
        let with_row_end = self.begun.is_empty();
        let last = Bytes::from(std::mem::take(&mut self.begun));
        let marks = std::mem::take(&mut self.begun_marks);
        let plan = Arc::clone(&self.plan);
        let (text, checked) = check(&plan, &last);
        let offset = self.offset - last.len() as u64;
        let none = Bytes::new();
        let sources = [
            Source { bytes: &last, text, checked: 0, marks: &marks, offset },
            Source { bytes: &none, text: Text::Utf8(""), checked: 0, marks: &[], offset: self.offset },
        ];
        let row = Found { source: 0, start: 0, marks: (0, None) };
        let read = if with_row_end { Ok(()) } else { self.row(row, checked, &sources, judge) };
        let flushed = self.flush(&sources, judge);
        self.settle(&sources)?;
        flushed.and(read)?;
        if self.table.is_none() {
            return Err(self.malformed(self.offset, "the names of the columns are missing"));
        }
        if self.lacks_sole() {
            self.report.missing = true;
            self.writer.close();
        }
        let finished = self.writer.finish(with_row_end, &sources, &mut self.report);
        finished.map_err(|kind| EditError { offset: self.offset, kind })
    }

    /// Reads the rows of a chunk.
    fn rows(&mut self, chunk: &Bytes, judge: &mut dyn Judge) -> Result<(), EditError> {
        let mut marks = std::mem::take(&mut self.marks);
        let fault = self.scan.scan(chunk, &mut marks);
        let result = self.rows_by(chunk, &marks, fault, judge);
        self.marks = marks;
        self.offset += chunk.len() as u64;
        result
    }

    /// Reads the rows of a chunk by its separators, up to the fault.
    fn rows_by(
        &mut self,
        chunk: &Bytes,
        marks: &Marks,
        fault: Option<Fault>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let end = fault.map_or(chunk.len(), |fault| fault.at);
        let places = marks.places();
        let behind = |row: usize| places[row] as usize + 1;
        let mut feeds = marks.rows().iter().map(|&row| row as usize);
        let (mut start, mut mark) = (0, 0);
        let begun = self.begun.len();
        let (mut joined, mut joined_marks) = (Bytes::new(), Vec::new());
        if begun > 0 {
            let feed = feeds.next();
            start = feed.map_or(end, behind);
            mark = feed.map_or(places.len(), |feed| feed + 1);
            self.begun.extend_from_slice(&chunk[..start]);
            let shift = crate::number(begun);
            self.begun_marks.extend(places[..mark].iter().map(|place| place + shift));
            if feed.is_some() {
                joined = Bytes::from(std::mem::take(&mut self.begun));
                joined_marks = std::mem::take(&mut self.begun_marks);
            }
        }
        let complete = marks.rows().last().map_or(start, |&row| behind(row as usize));
        let plan = Arc::clone(&self.plan);
        let (joined_text, joined_checked) = check(&plan, &joined);
        let (text, checked) = check(&plan, &chunk[start..complete]);
        let checked = start + checked;
        let offset = self.offset - begun as u64;
        let sources = [
            Source { bytes: &joined, text: joined_text, checked: 0, marks: &joined_marks, offset },
            Source { bytes: chunk, text, checked: start, marks: places, offset: self.offset },
        ];

        let mut read = Ok(());
        if !joined.is_empty() {
            let row = Found { source: 0, start: 0, marks: (0, Some(joined_marks.len() - 1)) };
            read = self.row(row, joined_checked, &sources, judge);
        }
        for feed in feeds {
            if read.is_err() {
                break;
            }
            let row = Found { source: 1, start, marks: (mark, Some(feed)) };
            read = self.row(row, checked, &sources, judge);
            (start, mark) = (behind(feed), feed + 1);
        }
        if read.is_ok() {
            if self.begun.is_empty() {
                self.begun.extend_from_slice(&chunk[start..end]);
                let shift = crate::number(start);
                self.begun_marks.clear();
                self.begun_marks.extend(places[mark..].iter().map(|place| place - shift));
            }
            read = self.unfinished(self.offset + end as u64, fault);
        }
        let flushed = self.flush(&sources, judge);
        self.settle(&sources)?;
        flushed.and(read)
    }

    /// Checks the row that has begun and does not end before `end`, where the fault is if there is one.
    fn unfinished(&self, end: u64, fault: Option<Fault>) -> Result<(), EditError> {
        let waits = match fault {
            Some(fault) => fault.is_bare_carriage_return(),
            None => self.scan.waits_for_line_feed(),
        };
        let length = self.begun.len() - usize::from(waits);
        self.check_size(end - self.begun.len() as u64, length, &self.begun_marks)?;
        match fault {
            Some(fault) => Err(self.malformed(end, fault.reason)),
            None => Ok(()),
        }
    }

    /// Takes a row. `checked` is how far its source has been found to be text.
    fn row(
        &mut self,
        found: Found,
        checked: usize,
        sources: &Sources<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let span = self.check_row(found, checked, &sources[found.source])?;
        let source = &sources[found.source];
        let Some(table) = &self.table else {
            let cells = Cells::new(source, &span, self.columns_of(found, source));
            let header = Header::read(cells, &self.options.limits)
                .map_err(|(kind, at)| EditError { offset: source.offset + at as u64, kind })?;
            let table = Arc::new(Table::new(&self.plan, header));
            self.table = Some(Arc::clone(&table));
            if self.ignoring {
                return Ok(());
            }
            let written = self.write_names(&table, &span, sources, judge);
            return written.map_err(|kind| EditError { offset: source.offset + found.start as u64, kind });
        };
        debug_assert_eq!(self.columns_of(found, source), table.header.names.len());
        if self.ignoring {
            return Ok(());
        }
        self.index += 1;
        self.spans.push(span);
        self.span_bytes += (span.next - span.start) as usize;
        let limits = &self.options.limits;
        // Behind a sole record, so that nothing is counted of what comes after one that is dropped.
        if self.gated || self.spans.len() >= limits.batch_records || self.span_bytes >= limits.batch_bytes {
            return self.flush(sources, judge);
        }
        Ok(())
    }

    fn columns_of(&self, found: Found, source: &Source<'_>) -> usize {
        found.marks.1.unwrap_or(source.marks.len()) - found.marks.0 + 1
    }

    /// Checks a row that is complete, all but its cells, whose quotes were seen before.
    fn check_row(&self, found: Found, checked: usize, source: &Source<'_>) -> Result<Span, EditError> {
        let Found { start, marks: (mark, feed), .. } = found;
        let (end, next) = match feed {
            None => (source.bytes.len(), source.bytes.len()),
            Some(feed) => {
                let feed = source.marks[feed] as usize;
                let carriage = feed > start && source.bytes[feed - 1] == b'\r';
                (feed - usize::from(carriage), feed + 1)
            }
        };
        let delimiters = &source.marks[mark..feed.unwrap_or(source.marks.len())];
        let at = |place: usize| source.offset + place as u64;
        // The places of the delimiters count from the source's beginning.
        let shift = crate::number(start);
        if end - start > self.options.limits.record || delimiters.len() >= self.columns().0 {
            let delimiters: Vec<u32> = delimiters.iter().map(|place| place - shift).collect();
            self.check_size(at(start), end - start, &delimiters)?;
        }
        if next > checked {
            return Err(self.malformed(at(checked), "bytes that are no text in the encoding"));
        }
        if start == end {
            return Err(self.malformed(at(start), "a blank line"));
        }
        if self.table.is_some() && delimiters.len() + 1 < self.columns().0 {
            return Err(self.malformed(at(end), "a row with too few cells"));
        }
        let span = Span {
            source: found.source,
            start: shift,
            end: crate::number(end),
            next: crate::number(next),
            mark: crate::number(mark),
            index: self.index,
            node: self.node(),
        };
        let limit = self.options.limits.string;
        if end - start > limit && self.table.is_some() {
            let cells = Cells::new(source, &span, delimiters.len() + 1);
            if let Some(place) = cells.longer_than(limit) {
                return Err(EditError { offset: at(place), kind: EditErrorKind::Limit(Limit::String) });
            }
        }
        Ok(span)
    }

    /// Checks how long a row is and how many cells it has, whether it is complete or not.
    fn check_size(&self, start: u64, length: usize, delimiters: &[u32]) -> Result<(), EditError> {
        let (columns, more) = self.columns();
        let limit = self.options.limits.record;
        let surplus = delimiters.get(columns - 1).map(|&place| place as usize);
        match (surplus, length > limit) {
            (Some(place), too_long) if !too_long || place <= limit => {
                Err(EditError { offset: start + place as u64, kind: more })
            }
            (_, true) => {
                Err(EditError { offset: start + limit as u64, kind: EditErrorKind::Limit(Limit::Record) })
            }
            _ => Ok(()),
        }
    }

    /// How many cells a row may have, and what it is to have more.
    fn columns(&self) -> (usize, EditErrorKind) {
        match &self.table {
            Some(table) => (table.header.names.len(), EditErrorKind::Malformed("a row with too many cells")),
            None => (self.options.limits.members.max(1), EditErrorKind::Limit(Limit::Members)),
        }
    }

    /// Where the next row leads outside records. A table that passes whole says the same of its rows.
    fn node(&self) -> NodeId {
        match self.plan.outside.node(ROOT).array {
            Fate::Walk => self.plan.outside.element(ROOT, self.index),
            _ => ROOT,
        }
    }

    fn settle(&mut self, sources: &Sources<'_>) -> Result<(), EditError> {
        let settled = self.writer.settle(sources, &mut self.report);
        settled.map_err(|kind| EditError { offset: self.offset, kind })
    }

    fn encoding(&self) -> &Encoding {
        self.plan.dialect.as_ref().map_or(&Encoding::Utf8, |dialect| &dialect.encoding)
    }

    fn malformed(&self, offset: u64, reason: &'static str) -> EditError {
        EditError { offset, kind: EditErrorKind::Malformed(reason) }
    }

    fn hand_over(&mut self, result: Result<(), EditError>, out: &mut Pieces) -> Result<(), EditError> {
        self.fates.count(&mut self.report);
        let settled = self.writer.outlet.settle(&mut self.report, out);
        if result.is_err() || settled.is_err() {
            self.writer.outlet.hand_over(out);
        }
        result.and(settled.map_err(|kind| EditError { offset: self.offset, kind }))
    }
}

/// The part of some bytes that is text, and how long it is.
fn check<'a>(plan: &'a Plan, bytes: &'a [u8]) -> (Text<'a>, usize) {
    let encoding = plan.dialect.as_ref().map_or(&Encoding::Utf8, |dialect| &dialect.encoding);
    match encoding.check(bytes) {
        Ok(text) => (text, bytes.len()),
        Err(length) => (encoding.check(&bytes[..length]).unwrap_or(Text::Utf8("")), length),
    }
}

impl Reader for Csv {
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.take(chunk, judge);
        self.hand_over(result, out)
    }

    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.end(judge);
        self.hand_over(result, out)
    }

    fn report(&self) -> &Report {
        &self.report
    }
}
