//! Edits a JSON document.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::EditError;
use crate::json::lexer::Lexer;
use crate::json::opening::{Opening, recognise};
use crate::json::walk::{Chunk, Walk};
use crate::judge::Judge;
use crate::limits::Options;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::report::Report;

/// A document under way.
#[derive(Debug)]
pub(crate) struct Json {
    lexer: Lexer,
    walk: Walk,
    /// The beginning of the body, as long as it does not tell what it is.
    opening: Option<Vec<u8>>,
    /// Bytes of the body before the chunk at hand.
    offset: u64,
}

impl Json {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Json {
        Json {
            lexer: Lexer::new(&options.limits),
            walk: Walk::new(plan, options),
            opening: Some(Vec::new()),
            offset: 0,
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
        match recognise(&whole) {
            Opening::Undecided => {
                self.opening = Some(whole.to_vec());
                Ok(())
            }
            Opening::Document { skip, keep, call } => {
                if call {
                    self.lexer.expect_call();
                }
                let kept = self.walk.outlet.keep(&whole, skip, skip + keep, &mut self.walk.report);
                kept.map_err(|kind| EditError { offset: 0, kind })?;
                self.read_on(&whole, skip + keep, judge, out)
            }
        }
    }

    /// Reads the document on from a position in a chunk.
    fn read_on(
        &mut self,
        bytes: &Bytes,
        mut at: usize,
        judge: &mut dyn Judge,
        out: &mut Pieces,
    ) -> Result<(), EditError> {
        let chunk = Chunk { bytes, offset: self.offset };
        self.walk.begin(at);
        loop {
            let step = match self.lexer.next(bytes, &mut at) {
                Ok(None) => break,
                Ok(Some(event)) => self.walk.event(chunk, event, (at, self.lexer.depth()), judge),
                Err(kind) => {
                    let error = EditError { offset: self.offset + at as u64, kind };
                    self.walk.stop(chunk, at).and(Err(error))
                }
            };
            if let Err(error) = step {
                // What stands before an error goes first, whatever the chunks: so does an error that it makes.
                self.walk.flush(judge)?;
                self.settle(out)?;
                return Err(error);
            }
        }
        let ended = self.walk.end_chunk(chunk);
        self.walk.flush(judge)?;
        self.settle(out)?;
        ended?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn end(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        if let Some(beginning) = self.opening.take() {
            self.read_on(&Bytes::from(beginning), 0, judge, out)?;
        }
        let event = self.lexer.finish().map_err(|kind| EditError { offset: self.offset, kind })?;
        if let Some(event) = event {
            let chunk = Chunk { bytes: &Bytes::new(), offset: self.offset };
            self.walk.event(chunk, event, (0, self.lexer.depth()), judge)?;
            self.walk.end_chunk(chunk)?;
        }
        self.walk.flush(judge)?;
        if self.walk.lacks_sole() {
            self.walk.go_missing();
        }
        self.settle(out)
    }

    fn settle(&mut self, out: &mut Pieces) -> Result<(), EditError> {
        let settled = self.walk.outlet.settle(&mut self.walk.report, out);
        settled.map_err(|kind| EditError { offset: self.offset, kind })
    }
}

impl Reader for Json {
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.take(chunk, judge, out);
        if result.is_err() {
            self.walk.outlet.hand_over(out);
        }
        result
    }

    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let result = self.end(judge, out);
        if result.is_err() {
            self.walk.outlet.hand_over(out);
        }
        result
    }

    fn report(&self) -> &Report {
        &self.walk.report
    }
}
