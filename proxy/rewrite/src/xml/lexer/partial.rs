//! A unit of which only the beginning has come.

use bytes::Bytes;

use crate::error::{EditErrorKind, Limit};
use crate::xml::lexer::tag::is_tag_end;
use crate::xml::lexer::{Lexer, Refusal};

/// The beginning of a unit, and what is known of its end.
#[derive(Debug, Default)]
pub(super) struct Partial {
    bytes: Vec<u8>,
    kind: Kind,
    /// The quotes that are open in a start tag.
    quote: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    /// What it is must be seen first, or it is short: it is looked at again with each byte.
    #[default]
    Short,
    StartTag,
    EndTag,
    Comment,
    Instruction,
}

impl Kind {
    fn of(bytes: &[u8], data: bool) -> Kind {
        match bytes {
            _ if data => Kind::Short,
            [b'<', b'/', ..] => Kind::EndTag,
            [b'<', b'!', b'-', b'-', ..] => Kind::Comment,
            [b'<', b'?', ..] => Kind::Instruction,
            [b'<', b'!', ..] | [b'<'] => Kind::Short,
            [b'<', ..] => Kind::StartTag,
            _ => Kind::Short,
        }
    }
}

impl Lexer {
    /// Whether part of a unit has been taken.
    pub(crate) fn is_partial(&self) -> bool {
        !self.partial.bytes.is_empty()
    }

    /// Takes the beginning of a unit, which is not whole. Positions in errors count from it.
    pub(crate) fn keep_rest(&mut self, rest: &str) -> Result<(), Refusal> {
        self.partial.kind = Kind::of(rest.as_bytes(), self.data);
        self.partial.quote = None;
        let mut at = 0;
        self.take(rest.as_bytes(), &mut at).map(|_| ())
    }

    /// Takes more of the unit from `at`, and gives it once it may be whole.
    pub(crate) fn complete(&mut self, text: &str, at: &mut usize) -> Result<Option<Bytes>, Refusal> {
        let whole = self.take(text.as_bytes(), at)?;
        Ok(whole.then(|| Bytes::from(std::mem::take(&mut self.partial.bytes))))
    }

    fn take(&mut self, bytes: &[u8], at: &mut usize) -> Result<bool, Refusal> {
        let partial = &mut self.partial;
        let rest = &bytes[*at..];
        let whole = match partial.kind {
            // At its beginning nothing is behind it.
            Kind::Short if partial.bytes.is_empty() => {
                partial.bytes.extend_from_slice(rest);
                *at = bytes.len();
                return Ok(false);
            }
            // Units end with ASCII, and a character is never cut, so that what is taken is text.
            Kind::Short => Some(character(rest)),
            Kind::StartTag => {
                rest.iter().position(|&byte| is_tag_end(&mut partial.quote, byte)).map(|end| end + 1)
            }
            Kind::EndTag => memchr::memchr(b'>', rest).map(|end| end + 1),
            Kind::Comment => partial.closed_by(rest, b"-->", 7),
            Kind::Instruction => partial.closed_by(rest, b"?>", 4),
        };
        let taken = whole.unwrap_or(rest.len());
        partial.bytes.extend_from_slice(&rest[..taken]);
        *at += taken;
        let length = partial.bytes.len();
        match partial.kind {
            Kind::StartTag | Kind::EndTag if length > self.limits.held => {
                Err(Refusal { at: self.limits.held, settled: 0, kind: EditErrorKind::Limit(Limit::Held) })
            }
            Kind::Comment | Kind::Instruction => match self.too_long(0, length) {
                Some(refusal) => Err(refusal),
                None => Ok(whole.is_some()),
            },
            _ => Ok(whole.is_some()),
        }
    }
}

fn character(bytes: &[u8]) -> usize {
    let length = bytes.first().map_or(0, |&first| crate::xml::characters::character_length(first));
    length.min(bytes.len())
}

impl Partial {
    /// Where a unit ends that is closed by some bytes, the last of them `>`, and is at least so long.
    fn closed_by(&self, rest: &[u8], close: &[u8], shortest: usize) -> Option<usize> {
        memchr::memchr_iter(b'>', rest).map(|end| end + 1).find(|&end| {
            let before = self.bytes.len();
            let byte = |place: usize| {
                if place < before { self.bytes[place] } else { rest[place - before] }
            };
            let length = before + end;
            length >= shortest
                && (1..=close.len()).all(|back| byte(length - back) == close[close.len() - back])
        })
    }
}
