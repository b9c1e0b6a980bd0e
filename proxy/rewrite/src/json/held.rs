//! Records that wait for their verdicts.

use std::ops::Range;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::json::tape::{Token, View};

/// A record that waits for its verdict.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) set: u32,
    pub(crate) bytes: Bytes,
    /// Where its buffer begins in `bytes`: all further positions count from there.
    pub(crate) base: usize,
    /// Where the child begins, its name in an object: before it stand a comma and white space.
    pub(crate) child: usize,
    pub(crate) value: usize,
    pub(crate) end: usize,
    /// Whether it is the first child of its container.
    pub(crate) first: bool,
    /// Its tokens among those of all that are held.
    pub(crate) tokens: Range<usize>,
    /// Its index in an array.
    pub(crate) index: u64,
    /// Where its name ends in an object.
    pub(crate) name_end: usize,
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

    /// Its name in an object, as it stands between its quotes.
    pub(crate) fn name<'a>(&self, view: View<'a>) -> &'a str {
        view.text.get(self.child + 1..self.name_end.saturating_sub(1)).unwrap_or_default()
    }
}
