//! The editor: chunks in, pieces out.

use std::sync::Arc;

use bytes::Bytes;

use crate::csv::Csv;
use crate::error::{EditError, EditErrorKind};
use crate::json::Json;
use crate::judge::Judge;
use crate::limits::Options;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::report::Report;
use crate::spec::Format;
use crate::sse::Sse;
use crate::xml::Xml;

/// Edits one body.
///
/// What is kept comes out byte for byte. White space goes with what it stands before: the first child of a container
/// that is kept takes over what stood behind the opening bracket, white space before a comma goes, that before a
/// closing bracket stays, and a container of which nothing is kept becomes `[]` or `{}`, so that the output does not
/// tell that something is missing. A root that is removed leaves `null`.
///
/// A prefix against cross-site inclusion and a JSONP call around the document stay as they are (H25), a byte order
/// mark goes (H23).
///
/// Of events that a server sends nothing is held but the one under way. One that no blank line ends goes, as clients
/// do not see it.
#[derive(Debug)]
pub struct Editor {
    reader: Box<dyn Reader>,
    /// Bytes of the body before the chunk at hand.
    offset: u64,
    poisoned: bool,
}

/// Bytes that are looked at in one go. What lies across two of these is put together in a buffer of its own.
const WINDOW: usize = 64 << 10;

impl Editor {
    /// An editor at the beginning of a body.
    #[must_use]
    pub fn new(plan: Arc<Plan>, options: Options) -> Editor {
        let reader: Box<dyn Reader> = match plan.spec().format {
            Format::Csv => Box::new(Csv::new(plan, options)),
            Format::Sse => Box::new(Sse::new(plan, options)),
            Format::Xml => Box::new(Xml::new(plan, options)),
            Format::Ndjson => Box::new(Json::new(plan, options, true)),
            Format::Json => Box::new(Json::new(plan, options, false)),
        };
        Editor { reader, offset: 0, poisoned: false }
    }

    /// Takes the next bytes of the body and appends what is settled to `out`. A chunk may have any size, none too.
    /// Records that are complete are judged before this returns.
    ///
    /// # Errors
    /// What is wrong with the body, the judge or its verdicts, and the byte of the body at which that was seen. The
    /// editor is poisoned from then on. What `out` holds by then is the beginning of an answer that will not be
    /// completed: the caller must not let it pass for the whole (H10).
    pub fn feed(
        &mut self,
        mut chunk: Bytes,
        judge: &mut dyn Judge,
        out: &mut Pieces,
    ) -> Result<(), EditError> {
        self.guard(|reader, offset| {
            while !chunk.is_empty() {
                let window = chunk.split_to(chunk.len().min(WINDOW));
                let read = window.len() as u64;
                reader.read(window, judge, out)?;
                *offset += read;
            }
            Ok(())
        })
    }

    /// Says that the body is complete and appends the rest to `out`. Nothing can be fed afterwards.
    ///
    /// # Errors
    /// As [`Editor::feed`], and if the body ends too early (H12).
    pub fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let finished = self.guard(|reader, _| reader.finish(judge, out));
        // What it worked in is the next one's.
        self.poisoned = true;
        finished
    }

    /// What was done so far; final after [`Editor::finish`].
    #[must_use]
    pub fn report(&self) -> &Report {
        self.reader.report()
    }

    /// Does nothing after an error, and never again after the one that happens now.
    fn guard(
        &mut self,
        work: impl FnOnce(&mut dyn Reader, &mut u64) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        if self.poisoned {
            return Err(EditError { offset: self.offset, kind: EditErrorKind::Poisoned });
        }
        self.poisoned = true;
        let result = work(&mut *self.reader, &mut self.offset);
        self.poisoned = result.is_err();
        result
    }
}
