//! Lets the rows that are held go on: judged, edited, and out.

use std::ops::Range;
use std::sync::Arc;

use crate::csv::cell;
use crate::csv::dialect::Dialect;
use crate::csv::fates::{Basis, Certainty, Fates, Part, Table, Way};
use crate::csv::reader::Csv;
use crate::csv::row::Row;
use crate::csv::source::{Sources, Span};
use crate::csv::writer::Writer;
use crate::error::{EditError, EditErrorKind};
use crate::json::lexer::is_number;
use crate::judge::{Judge, OwnedScalar, Scalar, Value};
use crate::judging::{Docket, Pending};
use crate::mask::{self, Hidden, Shown};
use crate::place::push_member;
use crate::plan::automaton::{Automaton, Fate, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::spec::Mask;

/// Bytes of what a policy's own mask may give.
const OWN: usize = 256;

impl Csv {
    /// Judges the rows that are held and writes what is left of them.
    pub(super) fn flush(&mut self, sources: &Sources<'_>, judge: &mut dyn Judge) -> Result<(), EditError> {
        let Some(table) = self.table.clone() else {
            return Ok(());
        };
        let spans = std::mem::take(&mut self.spans);
        self.span_bytes = 0;
        let result = self.let_go(&spans, &table, sources, judge);
        self.spans = spans;
        self.spans.clear();
        result
    }

    fn let_go(
        &mut self,
        spans: &[Span],
        table: &Table,
        sources: &Sources<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let plan = Arc::clone(&self.plan);
        let Some(dialect) = &plan.dialect else {
            return Ok(());
        };
        let set = |span: &Span| match plan.outside.node(span.node).object {
            Fate::Record(set) => Some(set),
            _ => None,
        };
        let row = |span: &Span| Row::new(&sources[span.source], span, &table.header);
        let pending = |span: &Span| {
            let offset = sources[span.source].offset;
            Some(Pending { set: set(span)?, tree: row(span), root: 0, offset })
        };
        let pending: Vec<_> = spans.iter().filter_map(pending).collect();
        let docket =
            Docket { plan: &plan, pending: &pending, batch_records: self.options.limits.batch_records };
        if !pending.is_empty() {
            self.judging.judge(&docket, &mut self.seen, judge, &mut self.report)?;
        }
        let judged = self.judging.judged(&plan);
        let basis = Basis { table, dialect };
        // The first of the records judged are the rows themselves.
        let mut records = 0..pending.len();
        for span in spans {
            let (way, automaton, node) = match set(span).and_then(|set| Some((set, records.next()?))) {
                None => (Way::Outside(span.node), &plan.outside, span.node),
                Some((set, record)) => match judged.automaton(record) {
                    Some(automaton) => {
                        let standing = judged.records[record].standing.number();
                        (Way::Record(set, standing), automaton, ROOT)
                    }
                    None if plan.sets[set as usize].sole => {
                        self.report.missing = true;
                        self.ignoring = true;
                        self.writer.close();
                        return Ok(());
                    }
                    None => {
                        if self.options.trace {
                            let values = judged.display_keys(record, pending[record].tree);
                            let dropped = DifferenceKind::Dropped { set, values };
                            self.report.difference(&format!("$[{}]", span.index), dropped);
                        }
                        continue;
                    }
                },
            };
            let fates = self.fates.find(way, (automaton, node), basis, &mut self.report);
            let mut edit = RowEdit {
                row: row(span),
                automaton,
                table,
                dialect,
                hash_key: &self.options.hash_key,
                sources,
                writer: &mut self.writer,
                report: &mut self.report,
                scratch: &mut self.scratch,
            };
            if self.options.trace {
                edit.note(fates, span);
            }
            if !fates.stays || table.width == 0 {
                continue;
            }
            let before = edit.writer.written();
            let written = edit.write(fates, span, judge).and_then(|()| {
                let read = sources[span.source].offset + u64::from(span.next);
                self.writer.outlet.spend(self.writer.written() - before, read)
            });
            let written = match self.gated {
                // What is held counts at once, so that it is too much at the same row whatever the chunks.
                true => written.and_then(|()| {
                    self.writer.settle(sources, &mut self.report)?;
                    self.writer.outlet.end_run(&mut self.report)
                }),
                false => written,
            };
            let offset = sources[span.source].offset + u64::from(span.start);
            written.map_err(|kind| EditError { offset, kind })?;
        }
        if self.gated && !self.lacks_sole() {
            self.gated = false;
            let opened = self.writer.outlet.open_gate(&mut self.report);
            opened.map_err(|kind| EditError { offset: self.offset, kind })?;
        }
        Ok(())
    }

    /// Writes what is left of the names of the columns.
    pub(super) fn write_names(
        &mut self,
        table: &Table,
        span: &Span,
        sources: &Sources<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditErrorKind> {
        let plan = Arc::clone(&self.plan);
        let (Some(dialect), true) = (&plan.dialect, table.width > 0) else {
            return Ok(());
        };
        let mut edit = RowEdit {
            row: Row::new(&sources[span.source], span, &table.header),
            automaton: &plan.outside,
            table,
            dialect,
            hash_key: &self.options.hash_key,
            sources,
            writer: &mut self.writer,
            report: &mut self.report,
            scratch: &mut self.scratch,
        };
        edit.write(&Fates::of_names(table), span, judge)
    }

    /// Whether a sole record has not come by now.
    pub(super) fn lacks_sole(&self) -> bool {
        let sole = |(set, count): (&crate::plan::Set, &crate::report::SetCount)| set.sole && count.kept == 0;
        self.plan.sets.iter().zip(&self.report.sets).any(sole)
    }
}

/// Memory for values and texts, used again for every cell.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    value: String,
    text: String,
    cell: Vec<u8>,
}

/// A row that is being written.
struct RowEdit<'a> {
    row: Row<'a>,
    automaton: &'a Automaton,
    table: &'a Table,
    dialect: &'a Dialect,
    hash_key: &'a [u8; 32],
    sources: &'a Sources<'a>,
    writer: &'a mut Writer,
    report: &'a mut Report,
    scratch: &'a mut Scratch,
}

impl RowEdit<'_> {
    fn write(&mut self, fates: &Fates, span: &Span, judge: &mut dyn Judge) -> Result<(), EditErrorKind> {
        let own = if fates.has_own { self.ask_for_masks(fates, judge)? } else { Vec::new() };
        let mut own = own.iter();
        self.writer.begin_row(self.sources, self.report)?;
        let before = self.writer.written();
        for (place, part) in fates.parts.iter().enumerate() {
            if let Part::Keep { first, last } = *part {
                let start = self.row.cells.range(first).start;
                // The delimiter before the cell stands between it and the part before.
                let start = if place > 0 { start - 1 } else { start };
                self.keep(span.source, start..self.row.cells.range(last).end)?;
                continue;
            }
            if place > 0 {
                self.text(&[self.dialect.delimiter])?;
            }
            match part {
                Part::Keep { .. } | Part::Empty => {}
                Part::Fixed(text) => self.text(text)?,
                Part::Mask { column, mask } => {
                    if self.mask(*column, *mask)? {
                        self.count_found(fates, *column);
                    }
                }
                Part::Own { .. } => self.text(own.next().map_or(&b""[..], |cell| cell))?,
            }
        }
        if self.writer.written() == before {
            // An empty line would be no row to some.
            self.text(b"\"\"")?;
        }
        self.writer.end_row(span.source, span.end as usize..span.next as usize);
        Ok(())
    }

    fn keep(&mut self, source: usize, bytes: Range<usize>) -> Result<(), EditErrorKind> {
        self.writer.keep(source, bytes, self.sources, self.report)
    }

    fn text(&mut self, text: &[u8]) -> Result<(), EditErrorKind> {
        self.writer.text(text, self.sources, self.report)
    }

    fn mask(&mut self, column: usize, mask: u32) -> Result<bool, EditErrorKind> {
        let range = self.row.cells.range(column);
        let bytes = self.row.cells.bytes();
        let shown = self.hide(column, mask);
        let Scratch { text, cell, .. } = &mut *self.scratch;
        cell.clear();
        match shown {
            Shown::Null => {}
            Shown::Same => {
                self.text(&bytes[range])?;
                return Ok(false);
            }
            Shown::Text => {
                let mut style = self.table.header.style(column);
                // Text of which a part is left stays marked as text.
                style.apostrophe = matches!(self.automaton.mask(mask).spec(), Mask::Patterns(_))
                    && cell::has_apostrophe(bytes, &range);
                cell::write(text, style, &self.dialect.encoding, cell).map_err(|_| UNWRITABLE)?;
            }
        }
        self.writer.text(cell, self.sources, self.report)?;
        Ok(true)
    }

    /// Puts what hides a cell's value into the scratch's text.
    fn hide(&mut self, column: usize, mask: u32) -> Shown {
        let Scratch { value, text, .. } = &mut *self.scratch;
        text.clear();
        let value = Hidden::Text(self.row.cells.value(column, value));
        mask::hide(self.automaton.mask(mask), value, self.hash_key, text)
    }

    /// Counts a cell in which a mask found something to hide, if it was not certain that it would.
    fn count_found(&mut self, fates: &Fates, column: usize) {
        let effect = fates.effects.iter().find(|effect| effect.column == Some(column));
        if let Some(Certainty::Sometimes(_, path)) = effect.map(|effect| &effect.certain) {
            self.report.masked.add(path);
        }
    }

    /// Traces the differences that a row makes.
    fn note(&mut self, fates: &Fates, span: &Span) {
        for effect in &fates.effects {
            let mut path = format!("$[{}]", span.index);
            if let Some(column) = effect.column {
                push_member(&mut path, &self.table.header.names[column]);
                if let Certainty::Sometimes(mask, _) = effect.certain
                    && self.hide(column, mask) == Shown::Same
                {
                    continue;
                }
            }
            self.report.difference(&path, effect.kind.difference(self.automaton));
        }
    }

    /// Asks for the cells that the policy masks itself, one call for each of its masks.
    fn ask_for_masks(&mut self, fates: &Fates, judge: &mut dyn Judge) -> Result<Vec<Vec<u8>>, EditErrorKind> {
        let own = |part: &Part| match part {
            Part::Own { column, number } => Some((*column, *number)),
            _ => None,
        };
        let asked: Vec<(usize, u32)> = fates.parts.iter().filter_map(own).collect();
        let values: Vec<String> = asked
            .iter()
            .map(|(column, _)| self.row.cells.value(*column, &mut self.scratch.value).to_owned())
            .collect();
        let mut masks: Vec<u32> = asked.iter().map(|(_, number)| *number).collect();
        masks.sort_unstable();
        masks.dedup();
        let mut cells = vec![Vec::new(); asked.len()];
        for mask in masks {
            let places: Vec<usize> = (0..asked.len()).filter(|&place| asked[place].1 == mask).collect();
            let shown: Vec<Value<'_>> =
                places.iter().map(|&place| Value::One(Scalar::Text(&values[place]))).collect();
            let mut scalars = Vec::with_capacity(shown.len());
            judge.mask(mask, &shown, &mut scalars).map_err(EditErrorKind::Judge)?;
            if scalars.len() != shown.len() {
                return Err(EditErrorKind::Verdict("not as many masked values as values"));
            }
            for (&place, scalar) in places.iter().zip(&scalars) {
                let style = self.table.header.style(asked[place].0);
                write_own(scalar, style, self.dialect, &mut cells[place])?;
            }
        }
        Ok(cells)
    }
}

const UNWRITABLE: EditErrorKind =
    EditErrorKind::Verdict("a mask gave a text with characters that the body cannot hold");

/// Appends what a policy's own mask gave.
fn write_own(
    scalar: &OwnedScalar,
    style: cell::Style,
    dialect: &Dialect,
    out: &mut Vec<u8>,
) -> Result<(), EditErrorKind> {
    match scalar {
        OwnedScalar::Number(text) | OwnedScalar::Text(text) if text.len() > OWN => {
            return Err(EditErrorKind::Verdict("a mask gave more than 256 bytes"));
        }
        OwnedScalar::Number(text) if !is_number(text) => {
            return Err(EditErrorKind::Verdict("a mask gave a number that is none"));
        }
        OwnedScalar::Null => {}
        OwnedScalar::Boolean(value) => {
            out.extend_from_slice(if *value { b"true" } else { b"false" });
        }
        // No number is a formula, its sign notwithstanding.
        OwnedScalar::Number(text) => out.extend_from_slice(text.as_bytes()),
        OwnedScalar::Text(text) => {
            cell::write(text, style, &dialect.encoding, out).map_err(|_| UNWRITABLE)?;
        }
    }
    Ok(())
}
