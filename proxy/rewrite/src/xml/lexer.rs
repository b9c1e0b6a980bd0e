//! Takes a document apart, checking that it is well-formed, with its namespaces.
//!
//! A tag, a comment, an instruction or a reference is a unit: it is looked at once it is whole, and what is wrong in it
//! is told then, so that errors are the same however a body is cut. Text comes in parts.

mod declaration;
mod known;
mod partial;
mod tag;

use crate::error::{EditErrorKind, Limit};
use crate::limits::Limits;
use crate::names::SeenNames;
use crate::xml::characters::is_blank;
use crate::xml::namespaces::Namespaces;
use crate::xml::text::{DATA, Reference, reference};
use known::Known;
use partial::Partial;
use wide::u8x16;

/// Something that stands in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The XML declaration.
    Declaration,
    /// A start tag, whose attributes are in [`Lexer::attributes`].
    Start,
    /// A start tag that is the end tag too.
    Empty,
    End,
    /// A whole element of nothing but text that means what it says. It begins behind the name and `>`.
    Leaf,
    /// Part of a text.
    Text(Text),
    Comment,
    Instruction,
}

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// White space.
    Blank,
    /// Means what it says.
    Plain,
    /// Holds references.
    Coded,
    /// Part of a CDATA section.
    Data,
}

/// An event and where it stands in the text at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexeme {
    pub(crate) event: Event,
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Where the name ends, of a start tag or leaf.
    pub(crate) name_end: usize,
    /// Where the text of a leaf ends.
    pub(crate) inner_end: usize,
}

/// An attribute of the last start tag, by positions counted from the tag's beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute {
    pub(crate) start: usize,
    pub(crate) name_end: usize,
    /// Where the value begins, behind its quote.
    pub(crate) inner: usize,
    pub(crate) inner_end: usize,
    colon: Option<usize>,
    /// Whether it declares a namespace.
    pub(crate) declares: bool,
    /// Whether its value must be decoded.
    pub(crate) coded: bool,
}

/// Why a document is not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Where, in the text at hand.
    pub(crate) at: usize,
    /// The beginning of the unit in which that was seen: what stands before is settled.
    pub(crate) settled: usize,
    pub(crate) kind: EditErrorKind,
}

/// Whether something was found, which is then in [`Lexer::lexeme`], or else is not whole.
type Found = Result<bool, Box<Refusal>>;

/// A document under way.
#[derive(Debug)]
pub(crate) struct Lexer {
    limits: Limits,
    /// The names of the open elements, one behind the other.
    names: String,
    /// Where each of them begins.
    open: Vec<usize>,
    namespaces: Namespaces,
    pub(crate) attributes: Vec<Attribute>,
    /// What was found last.
    pub(crate) lexeme: Lexeme,
    known: Known,
    seen: SeenNames,
    stage: Stage,
    /// Whether the text at hand is in a CDATA section.
    data: bool,
    /// Bytes since the last tag.
    run: usize,
    partial: Partial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Beginning,
    Prolog,
    Root,
    Behind,
}

impl Lexer {
    pub(crate) fn new(limits: &Limits) -> Lexer {
        Lexer {
            limits: limits.clone(),
            names: String::new(),
            open: Vec::new(),
            namespaces: Namespaces::new(limits.name),
            attributes: Vec::new(),
            lexeme: Lexeme { event: Event::End, start: 0, end: 0, name_end: 0, inner_end: 0 },
            known: Known::new(),
            seen: SeenNames::new(limits.members),
            stage: Stage::Beginning,
            data: false,
            run: 0,
            partial: Partial::default(),
        }
    }

    /// The number of open elements.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Looks for what stands at `at`, which is moved behind it; nothing if that is not whole. With `leaves` elements of
    /// nothing but text may come as one.
    pub(crate) fn next(&mut self, text: &str, at: &mut usize, leaves: bool) -> Found {
        let start = *at;
        let bytes = text.as_bytes();
        let Some(&first) = bytes.get(start) else { return Ok(false) };
        let found = if self.data {
            self.section(bytes, start)
        } else if first != b'<' {
            if self.open.is_empty() { self.around(bytes, start) } else { self.text(bytes, start) }
        } else {
            match bytes.get(start + 1) {
                None => Ok(false),
                Some(b'/') => self.end_tag(text, start),
                Some(b'!') => self.marked(text, start),
                Some(b'?') => self.instruction(text, start),
                Some(_) => self.start_tag(text, start, leaves),
            }
        }?;
        if found {
            *at = self.lexeme.end;
            if self.stage == Stage::Beginning {
                self.stage = Stage::Prolog;
            }
        }
        Ok(found)
    }

    /// The body has ended.
    pub(crate) fn finish(&self) -> Result<(), EditErrorKind> {
        if self.is_partial() || self.stage == Stage::Root {
            return Err(EditErrorKind::Malformed("the body ends too early"));
        }
        if self.stage != Stage::Behind {
            return Err(EditErrorKind::Malformed("there is no root element"));
        }
        Ok(())
    }

    /// Text outside the root element: white space.
    fn around(&mut self, bytes: &[u8], start: usize) -> Found {
        let end =
            bytes[start..].iter().position(|&byte| !is_blank(byte)).map_or(bytes.len(), |end| start + end);
        if end < bytes.len() && bytes[end] != b'<' {
            let kind = EditErrorKind::Malformed("text outside the root element");
            return Err(self.earlier(start, end, kind));
        }
        self.part(start, end, Text::Blank)
    }

    /// Text in an element, up to markup or what cannot be told yet.
    fn text(&mut self, bytes: &[u8], start: usize) -> Found {
        let mut kind = Text::Blank;
        let mut end = start;
        while end < bytes.len() && is_blank(bytes[end]) {
            end += 1;
        }
        if end < bytes.len() && !matches!(bytes[end], b'<' | b'&') {
            kind = Text::Plain;
        }
        loop {
            end = ordinary(bytes, end);
            match bytes.get(end) {
                Some(b'&') => match reference(&bytes[end..]) {
                    Reference::To(_, length) => {
                        kind = Text::Coded;
                        end += length;
                    }
                    Reference::Incomplete => break,
                    Reference::Unknown => {
                        let kind = EditErrorKind::Malformed("a reference that is none of the five");
                        return Err(self.earlier(start, end, kind));
                    }
                },
                Some(b']') => {
                    let behind = behind_brackets(bytes, end);
                    match bytes.get(behind) {
                        None => {
                            end = end.max(behind.saturating_sub(2));
                            break;
                        }
                        Some(b'>') if behind - end >= 2 => {
                            let kind = EditErrorKind::Malformed("the end of a CDATA section in text");
                            let at = behind - 2;
                            return Err(self.earlier(start, at, kind));
                        }
                        Some(_) => end = behind,
                    }
                }
                _ => break,
            }
        }
        self.part(start, end, kind)
    }

    /// Text in a CDATA section, and its end.
    fn section(&mut self, bytes: &[u8], start: usize) -> Found {
        let mut end = start;
        loop {
            let Some(bracket) = memchr::memchr(b']', &bytes[end..]) else {
                return self.part(start, bytes.len(), Text::Data);
            };
            let behind = behind_brackets(bytes, end + bracket);
            match bytes.get(behind) {
                None => {
                    let settled = (end + bracket).max(behind.saturating_sub(2));
                    return self.part(start, settled, Text::Data);
                }
                Some(b'>') if behind - (end + bracket) >= 2 => {
                    let part = self.part(start, behind + 1, Text::Data)?;
                    self.data = false;
                    return Ok(part);
                }
                Some(_) => end = behind,
            }
        }
    }

    /// A comment, or the beginning of a CDATA section.
    fn marked(&mut self, text: &str, start: usize) -> Found {
        let bytes = &text.as_bytes()[start..];
        if bytes.starts_with(b"<!--") {
            return self.comment(text, start);
        }
        let refused =
            |text| Err(Box::new(Refusal { at: start, settled: start, kind: EditErrorKind::Malformed(text) }));
        if bytes.starts_with(DATA.as_bytes()) {
            if self.open.is_empty() {
                return refused("text outside the root element");
            }
            let part = self.part(start, start + DATA.len(), Text::Data)?;
            self.data = true;
            return Ok(part);
        }
        if b"<!--".starts_with(bytes) || DATA.as_bytes().starts_with(bytes) {
            return Ok(false);
        }
        refused("a document type declaration")
    }

    fn comment(&mut self, text: &str, start: usize) -> Found {
        let bytes = text.as_bytes();
        let Some(close) = memchr::memmem::find(&bytes[start + 4..], b"-->") else { return Ok(false) };
        let end = start + 4 + close + 3;
        let comment = self.unit(start, end, Event::Comment)?;
        // Two hyphens may stand only at its end, and there no third.
        match memchr::memmem::find(&bytes[start + 4..end - 1], b"--") {
            Some(hyphens) if hyphens < close => Err(Box::new(Refusal {
                at: start + 4 + hyphens,
                settled: start,
                kind: EditErrorKind::Malformed("two hyphens in a comment"),
            })),
            _ => Ok(comment),
        }
    }

    /// A part of a text, if there is any.
    fn part(&mut self, start: usize, end: usize, text: Text) -> Found {
        if start == end { Ok(false) } else { self.unit(start, end, Event::Text(text)) }
    }

    /// Something that stands between two tags: all of that together is limited as a text is.
    fn unit(&mut self, start: usize, end: usize, event: Event) -> Found {
        if let Some(refusal) = self.too_long(start, end) {
            return Err(refusal);
        }
        self.run += end - start;
        self.find(event, start, end);
        Ok(true)
    }

    fn find(&mut self, event: Event, start: usize, end: usize) {
        self.lexeme.event = event;
        self.lexeme.start = start;
        self.lexeme.end = end;
    }

    fn too_long(&self, start: usize, end: usize) -> Option<Box<Refusal>> {
        let allowed = self.limits.string.saturating_sub(self.run);
        (end - start > allowed).then(|| {
            let at = start + allowed;
            Box::new(Refusal { at, settled: at, kind: EditErrorKind::Limit(Limit::String) })
        })
    }

    /// What is wrong first with a text that begins at `start`: something at a place, or its length.
    fn earlier(&self, start: usize, at: usize, kind: EditErrorKind) -> Box<Refusal> {
        self.too_long(start, at).unwrap_or_else(|| Box::new(Refusal { at, settled: at, kind }))
    }
}

/// Behind the characters of a text that are only what they are.
#[inline]
fn ordinary(bytes: &[u8], start: usize) -> usize {
    let [open, reference, bracket] = [b'<', b'&', b']'].map(u8x16::splat);
    let mut end = start;
    while let Some(block) = bytes.get(end..).and_then(|rest| rest.first_chunk::<16>()) {
        let block = u8x16::new(*block);
        let special = block.simd_eq(open) | block.simd_eq(reference) | block.simd_eq(bracket);
        let mask = special.to_bitmask();
        if mask != 0 {
            return end + mask.trailing_zeros() as usize;
        }
        end += 16;
    }
    let is_special = |byte: &u8| matches!(byte, b'<' | b'&' | b']');
    bytes[end..].iter().position(is_special).map_or(bytes.len(), |further| end + further)
}

fn behind_brackets(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|&byte| byte != b']').map_or(bytes.len(), |length| start + length)
}
