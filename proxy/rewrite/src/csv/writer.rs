//! The way out of rows: stretches that are kept go as slices where they are long enough to be worth one, all else is
//! put together; and each row's end waits until it is known whether anything follows.

use std::ops::Range;

use crate::csv::source::Sources;
use crate::error::EditErrorKind;
use crate::outlet::Outlet;
use crate::report::Report;

/// What waits to be written.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) outlet: Outlet,
    /// Made text and short stretches, which come before `run`.
    made: Vec<u8>,
    run: Option<Run>,
    row_end: Option<RowEnd>,
    /// Bytes written.
    written: usize,
}

/// A stretch of kept bytes of one source.
#[derive(Clone, Debug)]
struct Run {
    source: usize,
    bytes: Range<usize>,
}

/// The end of the last row.
#[derive(Debug)]
enum RowEnd {
    At(Run),
    /// Its source is gone.
    Text(&'static [u8]),
}

/// From so many bytes on, a slice is cheaper than a copy.
const SLICE: usize = 256;

impl Writer {
    pub(super) fn new(outlet: Outlet) -> Writer {
        Writer { outlet, made: Vec::new(), run: None, row_end: None, written: 0 }
    }

    /// Bytes written, row ends that wait left out.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Writes the end of the row before, now that another comes.
    pub(super) fn begin_row(
        &mut self,
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        match self.row_end.take() {
            None => Ok(()),
            Some(RowEnd::At(Run { source, bytes })) => self.keep(source, bytes, sources, report),
            Some(RowEnd::Text(text)) => {
                self.make(sources, report)?.extend_from_slice(text);
                Ok(())
            }
        }
    }

    /// Keeps bytes of a source.
    pub(super) fn keep(
        &mut self,
        source: usize,
        bytes: Range<usize>,
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        self.written += bytes.len();
        if let Some(run) = &mut self.run {
            if run.source == source && run.bytes.end == bytes.start {
                run.bytes.end = bytes.end;
                return Ok(());
            }
            self.end_run(sources, report)?;
        }
        self.run = Some(Run { source, bytes });
        Ok(())
    }

    /// Where to append made text.
    pub(super) fn make(
        &mut self,
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Result<&mut Vec<u8>, EditErrorKind> {
        self.end_run(sources, report)?;
        Ok(&mut self.made)
    }

    /// Appends made text.
    pub(super) fn text(
        &mut self,
        text: &[u8],
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        self.written += text.len();
        self.make(sources, report)?.extend_from_slice(text);
        Ok(())
    }

    /// Ends a row, by the bytes of its row end if it has one.
    pub(super) fn end_row(&mut self, source: usize, row_end: Range<usize>) {
        self.row_end = (!row_end.is_empty()).then_some(RowEnd::At(Run { source, bytes: row_end }));
    }

    /// Hands everything to the outlet before the sources go.
    pub(super) fn settle(&mut self, sources: &Sources<'_>, report: &mut Report) -> Result<(), EditErrorKind> {
        self.end_run(sources, report)?;
        self.make_out(report)?;
        if let Some(RowEnd::At(run)) = &self.row_end {
            self.row_end = Some(RowEnd::Text(if run.bytes.len() == 1 { b"\n" } else { b"\r\n" }));
        }
        Ok(())
    }

    /// Ends the table, by a row end if the body does so.
    pub(super) fn finish(
        &mut self,
        with_row_end: bool,
        sources: &Sources<'_>,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        if with_row_end {
            self.begin_row(sources, report)?;
        }
        self.row_end = None;
        self.settle(sources, report)
    }

    /// The caller gets another answer: nothing comes out any more.
    pub(super) fn close(&mut self) {
        self.made.clear();
        self.run = None;
        self.row_end = None;
        self.outlet.close();
    }

    fn end_run(&mut self, sources: &Sources<'_>, report: &mut Report) -> Result<(), EditErrorKind> {
        let Some(Run { source, bytes }) = self.run.take() else {
            return Ok(());
        };
        let whole = sources[source].bytes;
        if bytes.len() < SLICE {
            self.made.extend_from_slice(&whole[bytes]);
            return Ok(());
        }
        self.make_out(report)?;
        self.outlet.keep(whole, bytes.start, bytes.end, report)
    }

    fn make_out(&mut self, report: &mut Report) -> Result<(), EditErrorKind> {
        if self.made.is_empty() {
            return Ok(());
        }
        let made = self.outlet.make(&self.made, report);
        self.made.clear();
        made
    }
}
