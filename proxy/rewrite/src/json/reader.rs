//! Edits a JSON document.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::EditError;
use crate::json::held::Window;
use crate::json::index::{Index, Indexer};
use crate::json::opening::{Opening, recognise, recognise_mark};
use crate::json::walk::Walk;
use crate::judge::Judge;
use crate::limits::Options;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::pool::Pool;
use crate::reader::Reader;
use crate::report::Report;

/// Indices that are not in use: as long as the windows need, whatever the plan.
static INDICES: Pool<Index> = Pool::new(64);

/// A document under way.
#[derive(Debug)]
pub(crate) struct Json {
    plan: Arc<Plan>,
    /// Whether each line is a document.
    lines: bool,
    indexer: Indexer,
    index: Index,
    walk: Walk,
    /// The beginning of the body, as long as it does not tell what it is.
    opening: Option<Vec<u8>>,
    /// Bytes of the body before the window at hand.
    offset: u64,
}

impl Json {
    /// A body that is one document, or one document on each of its lines.
    pub(crate) fn new(plan: Arc<Plan>, options: Options, lines: bool) -> Json {
        let limits = &options.limits;
        Json {
            lines,
            indexer: if lines { Indexer::lines(limits) } else { Indexer::new(limits) },
            index: INDICES.take().unwrap_or_default(),
            walk: Walk::new(&plan, options, lines),
            opening: Some(Vec::new()),
            offset: 0,
            plan,
        }
    }

    fn take(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let Some(mut beginning) = self.opening.take() else {
            return self.read_on(&chunk, 0, judge, out);
        };
        let whole = if beginning.is_empty() {
            chunk
        } else {
            beginning.extend_from_slice(&chunk);
            Bytes::from(beginning)
        };
        match if self.lines { recognise_mark(&whole) } else { recognise(&whole) } {
            Opening::Undecided => {
                self.opening = Some(whole.to_vec());
                Ok(())
            }
            Opening::Document { skip, keep, call } => {
                if call {
                    self.indexer.expect_call();
                }
                let kept = self.walk.outlet.keep(&whole, skip, skip + keep, &mut self.walk.report);
                kept.map_err(|kind| EditError { offset: 0, kind })?;
                self.read_on(&whole, skip + keep, judge, out)
            }
        }
    }

    /// Reads the document on from a position in a window.
    fn read_on(
        &mut self,
        bytes: &Bytes,
        from: usize,
        judge: &mut dyn Judge,
        out: &mut Pieces,
    ) -> Result<(), EditError> {
        let depth = self.indexer.depth();
        let mut index = std::mem::take(&mut self.index);
        let read = self.indexer.read(bytes, from, &mut index);
        let end = read.as_ref().map_or_else(|(at, _)| *at, |()| bytes.len());
        let window = Window { bytes, index: &index, offset: self.offset, depth, end };
        let walked = self.walk.read(&self.plan, (window, from), judge);
        // What stands before an error goes first, whatever the windows: so does an error that it makes.
        self.walk.flush(&self.plan, window, judge)?;
        self.settle(out)?;
        walked?;
        read.map_err(|(at, kind)| EditError { offset: self.offset + at as u64, kind })?;
        self.offset += bytes.len() as u64;
        self.index = index;
        Ok(())
    }

    fn end(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        if let Some(beginning) = self.opening.take() {
            self.read_on(&Bytes::from(beginning), 0, judge, out)?;
        }
        let depth = self.indexer.depth();
        let mut index = Index::default();
        let finished = self.indexer.finish(&mut index);
        finished.map_err(|kind| EditError { offset: self.offset, kind })?;
        let bytes = Bytes::new();
        let window = Window { bytes: &bytes, index: &index, offset: self.offset, depth, end: 0 };
        self.walk.read(&self.plan, (window, 0), judge)?;
        self.walk.flush(&self.plan, window, judge)?;
        self.walk.end_lines(&self.plan, window)?;
        if self.walk.lacks_sole(&self.plan) {
            self.walk.go_missing();
        }
        self.settle(out)?;
        self.walk.give_back(&self.plan);
        INDICES.give(std::mem::take(&mut self.index));
        Ok(())
    }

    /// Hands over what had been settled before an error.
    fn give_up(&mut self, out: &mut Pieces) {
        // There is an error already.
        let _ = self.walk.outlet.end_run(&mut self.walk.report);
        self.walk.settle_counts();
        self.walk.outlet.hand_over(out);
    }

    fn settle(&mut self, out: &mut Pieces) -> Result<(), EditError> {
        self.walk.settle_counts();
        let settled = self.walk.outlet.settle(&mut self.walk.report, out);
        settled.map_err(|kind| EditError { offset: self.offset, kind })
    }
}

impl Reader for Json {
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.take(chunk, judge, out);
        if result.is_err() {
            self.give_up(out);
        }
        result
    }

    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.end(judge, out);
        if result.is_err() {
            self.give_up(out);
        }
        result
    }

    fn report(&self) -> &Report {
        &self.walk.report
    }
}
