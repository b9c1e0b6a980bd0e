//! Edits an XML document.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::judge::Judge;
use crate::limits::Options;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::reader::Reader;
use crate::report::Report;
use crate::xml::characters::{character_length, forbidden, whole_characters};
use crate::xml::lexer::{Lexer, Refusal};
use crate::xml::walk::{Chunk, Walk};

/// A document under way.
#[derive(Debug)]
pub(crate) struct Xml {
    lexer: Lexer,
    walk: Walk,
    /// A character of which only the beginning has come.
    carry: Vec<u8>,
    /// Whether nothing has been looked at yet.
    beginning: bool,
    /// Bytes of the body before what is looked at, or before the unit of which only the beginning has come.
    offset: u64,
    /// Bytes of the body before the chunk at hand.
    read: u64,
}

/// A byte order mark, which goes (H23).
const MARK: char = '\u{feff}';
const NOT_TEXT: EditErrorKind = EditErrorKind::Malformed("not UTF-8");
const FORBIDDEN: EditErrorKind = EditErrorKind::Malformed("a character that no document may have");

impl Xml {
    pub(crate) fn new(plan: Arc<Plan>, options: Options) -> Xml {
        Xml {
            lexer: Lexer::new(&options.limits),
            walk: Walk::new(plan, options),
            carry: Vec::new(),
            beginning: true,
            offset: 0,
            read: 0,
        }
    }

    fn take(&mut self, mut chunk: Bytes, judge: &mut dyn Judge) -> Result<(), EditError> {
        if let Some(&first) = self.carry.first() {
            let missing = character_length(first) - self.carry.len();
            let more = chunk.split_to(missing.min(chunk.len()));
            let start = self.read - self.carry.len() as u64;
            self.read += more.len() as u64;
            self.carry.extend_from_slice(&more);
            if more.len() < missing {
                return Ok(());
            }
            let whole = Bytes::from(std::mem::take(&mut self.carry));
            self.take_characters(&whole, start, judge)?;
        }
        let whole = chunk.split_to(whole_characters(&chunk));
        let start = self.read;
        self.read += (whole.len() + chunk.len()) as u64;
        self.take_characters(&whole, start, judge)?;
        self.carry.extend_from_slice(&chunk);
        Ok(())
    }

    /// Takes bytes that end with a character, and stand behind `start` others.
    fn take_characters(&mut self, bytes: &Bytes, start: u64, judge: &mut dyn Judge) -> Result<(), EditError> {
        let (text, wrong) = match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(_) => {
                let valid =
                    simdutf8::compat::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
                (std::str::from_utf8(&bytes[..valid]).unwrap_or_default(), Some((valid, NOT_TEXT)))
            }
        };
        let wrong = forbidden(text.as_bytes()).map(|at| (at, FORBIDDEN)).or(wrong);
        let text = wrong.as_ref().map_or(text, |(at, _)| &text[..*at]);
        self.take_text(&bytes.slice(..text.len()), text, judge)?;
        match wrong {
            Some((at, kind)) => Err(EditError { offset: start + at as u64, kind }),
            None => Ok(()),
        }
    }

    fn take_text(&mut self, bytes: &Bytes, text: &str, judge: &mut dyn Judge) -> Result<(), EditError> {
        let mut at = 0;
        if self.beginning && !text.is_empty() {
            self.beginning = false;
            at = if text.starts_with(MARK) { MARK.len_utf8() } else { 0 };
            self.offset += at as u64;
        }
        while self.lexer.is_partial() && at < text.len() {
            let unit = self.lexer.complete(text, &mut at).map_err(|refusal| self.refuse(refusal))?;
            if let Some(unit) = unit {
                let text = simdutf8::basic::from_utf8(&unit).unwrap_or_default();
                self.look(&unit, text, judge)?;
            }
        }
        if at < text.len() { self.look(&bytes.slice(at..), &text[at..], judge) } else { Ok(()) }
    }

    /// Looks at text that begins with a unit.
    fn look(&mut self, bytes: &Bytes, text: &str, judge: &mut dyn Judge) -> Result<(), EditError> {
        let chunk = Chunk { bytes, text, offset: self.offset };
        let mut at = 0;
        loop {
            let found = self.lexer.next(text, &mut at, self.walk.takes_leaves());
            match found.map_err(|refusal| self.refuse(refusal))? {
                Some(lexeme) => self.walk.event(chunk, lexeme, &self.lexer, judge)?,
                None => break,
            }
        }
        self.walk.end_chunk(chunk, at)?;
        self.offset += at as u64;
        if at < text.len() {
            self.lexer.keep_rest(&text[at..]).map_err(|refusal| self.refuse(refusal))?;
        }
        Ok(())
    }

    /// What is wrong first: what the lexer refuses, or what had become too long before.
    fn refuse(&self, refusal: Refusal) -> EditError {
        let offset = self.offset + refusal.at as u64;
        self.walk.stop(refusal.settled).err().unwrap_or(EditError { offset, kind: refusal.kind })
    }

    fn end(&mut self) -> Result<(), EditError> {
        let failed = |offset| move |kind| EditError { offset, kind };
        if !self.carry.is_empty() {
            return Err(failed(self.read - self.carry.len() as u64)(NOT_TEXT));
        }
        self.lexer.finish().map_err(failed(self.read))?;
        let chunk = Chunk { bytes: &Bytes::new(), text: "", offset: self.read };
        if !self.walk.ignoring {
            self.walk.finish(chunk)?;
        }
        Ok(())
    }

    /// Hands over what is settled. What stands before an error goes first, whatever the chunks: so does an error that
    /// it makes.
    fn settle(
        &mut self,
        result: Result<(), EditError>,
        judge: &mut dyn Judge,
        out: &mut Pieces,
    ) -> Result<(), EditError> {
        let flushed = self.walk.flush(judge);
        let settled = match flushed {
            Ok(()) => self.walk.outlet.settle(&mut self.walk.report, out),
            Err(error) => {
                self.walk.outlet.hand_over(out);
                return Err(error);
            }
        };
        if settled.is_err() {
            self.walk.outlet.hand_over(out);
        }
        let offset = self.read;
        settled.map_err(|kind| EditError { offset, kind }).and(result)
    }
}

impl Reader for Xml {
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let taken = self.take(chunk, judge);
        self.settle(taken, judge, out)
    }

    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError> {
        let ended = self.end();
        if ended.is_ok() && !self.walk.ignoring && self.walk.lacks_sole() {
            self.walk.go_missing();
        }
        self.settle(ended, judge, out)
    }

    fn report(&self) -> &Report {
        &self.walk.report
    }
}
