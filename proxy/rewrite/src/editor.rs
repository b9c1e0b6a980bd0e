//! The editor: chunks in, pieces out.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::judge::Judge;
use crate::lexer::Lexer;
use crate::limits::Options;
use crate::opening::{Opening, recognise};
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::report::Report;
use crate::walk::{Chunk, Walk};

/// Edits one body.
///
/// What is kept comes out byte for byte. White space goes with what it stands before: the first child of a container
/// that is kept takes over what stood behind the opening bracket, white space before a comma goes, that before a
/// closing bracket stays, and a container of which nothing is kept becomes `[]` or `{}`, so that the output does not
/// tell that something is missing. A root that is removed leaves `null`.
///
/// A prefix against cross-site inclusion and a JSONP call around the document stay as they are (H25), a byte order
/// mark goes (H23).
#[derive(Debug)]
pub struct Editor {
    lexer: Lexer,
    walk: Walk,
    /// The beginning of the body, as long as it does not tell what it is.
    opening: Option<Vec<u8>>,
    /// Bytes of the body before the chunk at hand.
    offset: u64,
    poisoned: bool,
}

impl Editor {
    /// An editor at the beginning of a body.
    #[must_use]
    pub fn new(plan: Arc<Plan>, options: Options) -> Editor {
        Editor {
            lexer: Lexer::new(&options.limits),
            walk: Walk::new(plan, options),
            opening: Some(Vec::new()),
            offset: 0,
            poisoned: false,
        }
    }

    /// Takes the next bytes of the body and appends what is settled to `out`. A chunk may have any size, none too.
    /// Records that are complete are judged before this returns.
    ///
    /// # Errors
    /// What is wrong with the body, the judge or its verdicts, and the byte of the body at which that was seen. The
    /// editor is poisoned from then on. What `out` holds by then is the beginning of an answer that will not be
    /// completed: the caller must not let it pass for the whole (H10).
    pub fn feed(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        self.guard(out, |editor, out| editor.take(chunk, judge, out))
    }

    /// Says that the body is complete and appends the rest to `out`.
    ///
    /// # Errors
    /// As [`Editor::feed`], and if the body ends too early (H12).
    pub fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        self.guard(out, |editor, out| editor.end(judge, out))
    }

    /// What was done so far; final after [`Editor::finish`].
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.walk.report
    }

    /// Does nothing after an error, and never again after the one that happens now.
    fn guard(
        &mut self,
        out: &mut Pieces,
        work: impl FnOnce(&mut Editor, &mut Pieces) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        if self.poisoned {
            return Err(EditError { offset: self.offset, kind: EditErrorKind::Poisoned });
        }
        self.poisoned = true;
        let result = work(self, out);
        self.poisoned = result.is_err();
        if self.poisoned {
            self.walk.outlet.hand_over(out);
        }
        result
    }

    fn take(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let Some(mut beginning) = self.opening.take() else {
            return self.read(&chunk, 0, judge, out);
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
                self.read(&whole, skip + keep, judge, out)
            }
        }
    }

    /// Reads the document on from a position in a chunk.
    fn read(
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
            self.read(&Bytes::from(beginning), 0, judge, out)?;
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
