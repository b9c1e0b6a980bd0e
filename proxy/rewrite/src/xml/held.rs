//! Records that wait for their verdicts.

use std::ops::Range;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::xml::tape::{Token, View};

/// A record that waits for its verdict.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) set: u32,
    pub(crate) bytes: Bytes,
    /// Where its buffer begins in `bytes`, with the white space before it: all further positions count from there.
    pub(crate) base: usize,
    pub(crate) end: usize,
    /// Its tokens among those of all that are held.
    pub(crate) tokens: Range<usize>,
    /// Its index among the elements of its name, where differences are traced.
    pub(crate) index: u64,
    /// Bytes of the body before the buffer.
    pub(crate) offset: u64,
}

impl Held {
    pub(crate) fn view<'a>(&'a self, tokens: &'a [Token]) -> Result<View<'a>, EditError> {
        let bytes = &self.bytes[self.base..self.base + self.end];
        // The lexer has let nothing else through.
        let text = simdutf8::basic::from_utf8(bytes)
            .map_err(|_| EditError { offset: self.offset, kind: EditErrorKind::Malformed("not UTF-8") })?;
        Ok(View { text, tokens: &tokens[self.tokens.clone()] })
    }
}
