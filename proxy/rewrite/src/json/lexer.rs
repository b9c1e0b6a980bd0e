//! Reads JSON as RFC 8259 has it and not a byte otherwise (H23), from chunks of any size.
//!
//! The lexer tells where tokens begin and end. It keeps a few words of state and no byte of the body, so that what it
//! says does not depend on where the chunks were cut.

mod number;
mod text;

use crate::error::{EditErrorKind, Limit};
use crate::limits::Limits;
use crate::tree::Kind;
use number::Number;
use text::Text;

pub(crate) use number::is_number;

/// What stands before a place between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Previous {
    /// Nothing, or what a value must follow.
    Nothing,
    Opening,
    /// A comma in an object.
    Comma,
    Name,
    Value,
}

/// What stands at a position. Positions are given by the cursor: behind the first byte of what opens or starts,
/// behind the last byte of what closes or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    NameStart,
    NameEnd { escaped: bool },
    Open { object: bool },
    Close,
    ScalarStart(Kind),
    ScalarEnd { escaped: bool },
    Comma,
}

#[derive(Debug)]
pub(crate) struct Lexer {
    state: State,
    /// Of each open container whether it is an object.
    open: Vec<bool>,
    /// Bytes of the string, name or number under way.
    length: usize,
    /// Bytes of white space since the last token.
    blanks: usize,
    escaped: bool,
    /// Whether the document stands in the parentheses of a JSONP call.
    wrapped: bool,
    /// Whether values stand on lines of their own.
    lines: bool,
    depth: usize,
    name: usize,
    string: usize,
    number: usize,
    blank: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    /// Behind `[`.
    ValueOrClose,
    /// Behind `{`.
    NameOrClose,
    Name,
    Colon,
    CommaOrClose,
    Text {
        name: bool,
        part: Text,
    },
    Number(Number),
    Literal {
        rest: &'static [u8],
    },
    /// Behind the document.
    Behind,
    /// Behind the parenthesis that closes a JSONP call.
    BehindCall,
    /// Behind everything but white space.
    Done,
}

impl Lexer {
    pub(crate) fn new(limits: &Limits) -> Lexer {
        Lexer {
            state: State::Value,
            open: Vec::new(),
            length: 0,
            blanks: 0,
            escaped: false,
            wrapped: false,
            lines: false,
            depth: limits.depth,
            name: limits.name,
            string: limits.string,
            number: limits.number,
            blank: limits.held,
        }
    }

    /// Goes on with another document, whatever became of the one before.
    pub(crate) fn restart(&mut self) {
        self.state = State::Value;
        self.open.clear();
        self.length = 0;
        self.blanks = 0;
        self.escaped = false;
    }

    /// Expects `)` and perhaps `;` behind the document.
    pub(crate) fn expect_call(&mut self) {
        self.wrapped = true;
    }

    /// Expects any number of values, each on a line of its own.
    pub(crate) fn expect_lines(&mut self) {
        self.lines = true;
    }

    /// Whether the document stands in the parentheses of a JSONP call.
    pub(crate) fn is_wrapped(&self) -> bool {
        self.wrapped
    }

    /// The number of open containers.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Of each open container whether it is an object.
    pub(crate) fn open(&self) -> &[bool] {
        &self.open
    }

    /// What stands before the place that has been reached, if that is between two tokens of the document.
    pub(crate) fn previous(&self) -> Option<Previous> {
        match self.state {
            State::Value => Some(Previous::Nothing),
            State::ValueOrClose | State::NameOrClose => Some(Previous::Opening),
            State::Name => Some(Previous::Comma),
            State::Colon => Some(Previous::Name),
            State::CommaOrClose | State::Behind => Some(Previous::Value),
            State::Text { .. } | State::Number(_) | State::Literal { .. } => None,
            State::BehindCall | State::Done => None,
        }
    }

    /// Reads on from `at`, between two tokens, to the next token or to the end of the chunk.
    pub(crate) fn skip_white(&mut self, chunk: &[u8], at: &mut usize) -> Result<(), EditErrorKind> {
        while let Some(&byte) = chunk.get(*at)
            && is_white(byte)
        {
            self.white(byte)?;
            *at += 1;
        }
        Ok(())
    }

    /// Goes on behind a bracket, colon or comma, where the containers of `open` are open.
    pub(crate) fn resume(&mut self, last: u8, open: impl FnOnce(&mut Vec<bool>)) {
        open(&mut self.open);
        self.blanks = 0;
        match last {
            b'{' => self.state = State::NameOrClose,
            b'[' => self.state = State::ValueOrClose,
            b',' if self.open.last() == Some(&true) => self.state = State::Name,
            b',' | b':' => self.state = State::Value,
            _ => self.end_value(),
        }
    }

    /// Reads on from `at` and gives the next event, or none at the end of the chunk. On an error `at` is the byte
    /// that is refused.
    pub(crate) fn next(&mut self, chunk: &[u8], at: &mut usize) -> Result<Option<Event>, EditErrorKind> {
        while *at < chunk.len() {
            let event = match self.state {
                State::Text { name, part } => self.text(name, part, chunk, at)?,
                State::Number(number) => self.digits(number, chunk, at)?,
                State::Literal { rest } => self.literal(rest, chunk[*at], at)?,
                _ => self.between(chunk[*at], at)?,
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    /// Says that nothing more comes. A number may end here.
    pub(crate) fn finish(&mut self) -> Result<Option<Event>, EditErrorKind> {
        match self.state {
            State::Number(number) if number.may_end() && self.open.is_empty() => {
                self.end_value();
                self.finish()?;
                Ok(Some(Event::ScalarEnd { escaped: false }))
            }
            State::Behind if !self.wrapped => Ok(None),
            State::BehindCall | State::Done => Ok(None),
            State::Value if self.lines && self.open.is_empty() => Ok(None),
            _ => Err(EditErrorKind::Malformed("the document ends too early")),
        }
    }

    fn end_value(&mut self) {
        self.state = if self.open.is_empty() { State::Behind } else { State::CommaOrClose };
    }

    fn white(&mut self, byte: u8) -> Result<(), EditErrorKind> {
        if self.blanks == self.blank {
            return Err(EditErrorKind::Limit(Limit::Held));
        }
        if self.lines && byte == b'\n' {
            if !self.open.is_empty() {
                return Err(EditErrorKind::Malformed("a line ends within a value"));
            }
            if self.state == State::Behind {
                self.state = State::Value;
            }
        }
        self.blanks += 1;
        Ok(())
    }

    /// A byte outside names and scalars.
    fn between(&mut self, byte: u8, at: &mut usize) -> Result<Option<Event>, EditErrorKind> {
        if is_white(byte) {
            self.white(byte)?;
            *at += 1;
            return Ok(None);
        }
        let event = match self.state {
            State::ValueOrClose if byte == b']' => Some(self.close()),
            State::Value | State::ValueOrClose => Some(self.value(byte)?),
            State::NameOrClose if byte == b'}' => Some(self.close()),
            State::NameOrClose | State::Name => {
                if byte != b'"' {
                    return Err(EditErrorKind::Malformed("a member name is missing"));
                }
                self.begin_text(true);
                Some(Event::NameStart)
            }
            State::Colon if byte == b':' => {
                self.state = State::Value;
                None
            }
            State::Colon => return Err(EditErrorKind::Malformed("`:` is missing behind a member name")),
            State::CommaOrClose => Some(self.comma_or_close(byte)?),
            State::Behind if self.wrapped && byte == b')' => {
                self.state = State::BehindCall;
                None
            }
            State::BehindCall if byte == b';' => {
                self.state = State::Done;
                None
            }
            _ => return Err(EditErrorKind::Malformed("something stands behind the document")),
        };
        self.blanks = 0;
        *at += 1;
        Ok(event)
    }

    fn comma_or_close(&mut self, byte: u8) -> Result<Event, EditErrorKind> {
        let object = self.open.last().copied().unwrap_or_default();
        match (byte, object) {
            (b',', true) => self.state = State::Name,
            (b',', false) => self.state = State::Value,
            (b'}', true) | (b']', false) => return Ok(self.close()),
            _ => return Err(EditErrorKind::Malformed("`,` or the closing bracket is missing")),
        }
        Ok(Event::Comma)
    }

    fn close(&mut self) -> Event {
        self.open.pop();
        self.end_value();
        Event::Close
    }

    /// The first byte of a value.
    fn value(&mut self, byte: u8) -> Result<Event, EditErrorKind> {
        match byte {
            b'{' | b'[' => {
                if self.open.len() == self.depth {
                    return Err(EditErrorKind::Limit(Limit::Depth));
                }
                let object = byte == b'{';
                self.open.push(object);
                self.state = if object { State::NameOrClose } else { State::ValueOrClose };
                return Ok(Event::Open { object });
            }
            b'"' => {
                self.begin_text(false);
                return Ok(Event::ScalarStart(Kind::String));
            }
            b'-' => self.state = State::Number(Number::Minus),
            b'0' => self.state = State::Number(Number::Zero),
            b'1'..=b'9' => self.state = State::Number(Number::Integer),
            b't' => return Ok(self.begin_literal(Kind::True, b"rue")),
            b'f' => return Ok(self.begin_literal(Kind::False, b"alse")),
            b'n' => return Ok(self.begin_literal(Kind::Null, b"ull")),
            0 | 0xfe | 0xff => {
                return Err(EditErrorKind::Malformed("not UTF-8; UTF-16 and UTF-32 are not read"));
            }
            _ => return Err(EditErrorKind::Malformed("a value is missing")),
        }
        if self.number == 0 {
            return Err(EditErrorKind::Limit(Limit::Number));
        }
        self.length = 1;
        Ok(Event::ScalarStart(Kind::Number))
    }

    fn begin_literal(&mut self, kind: Kind, rest: &'static [u8]) -> Event {
        self.state = State::Literal { rest };
        Event::ScalarStart(kind)
    }

    fn begin_text(&mut self, name: bool) {
        self.length = 0;
        self.escaped = false;
        self.state = State::Text { name, part: Text::Plain };
    }

    fn literal(
        &mut self,
        rest: &'static [u8],
        byte: u8,
        at: &mut usize,
    ) -> Result<Option<Event>, EditErrorKind> {
        match rest {
            [expected, after @ ..] if *expected == byte => {
                *at += 1;
                if after.is_empty() {
                    self.end_value();
                    return Ok(Some(Event::ScalarEnd { escaped: false }));
                }
                self.state = State::Literal { rest: after };
                Ok(None)
            }
            _ => Err(EditErrorKind::Malformed("a value is missing")),
        }
    }

    fn digits(
        &mut self,
        mut number: Number,
        chunk: &[u8],
        at: &mut usize,
    ) -> Result<Option<Event>, EditErrorKind> {
        while *at < chunk.len() {
            let Some(next) = number.after(chunk[*at]) else {
                if !number.may_end() {
                    return Err(EditErrorKind::Malformed("not a number"));
                }
                self.end_value();
                return Ok(Some(Event::ScalarEnd { escaped: false }));
            };
            if self.length == self.number {
                return Err(EditErrorKind::Limit(Limit::Number));
            }
            self.length += 1;
            *at += 1;
            number = next;
        }
        self.state = State::Number(number);
        Ok(None)
    }

    fn text(
        &mut self,
        name: bool,
        mut part: Text,
        chunk: &[u8],
        at: &mut usize,
    ) -> Result<Option<Event>, EditErrorKind> {
        let (limit, exceeded) = if name { (self.name, Limit::Name) } else { (self.string, Limit::String) };
        while *at < chunk.len() {
            if part == Text::Plain {
                let plain = text::plain(&chunk[*at..]);
                let room = limit - self.length;
                if plain > room {
                    *at += room;
                    return Err(EditErrorKind::Limit(exceeded));
                }
                self.length += plain;
                *at += plain;
                match chunk.get(*at) {
                    None => break,
                    Some(b'"') => {
                        *at += 1;
                        let escaped = self.escaped;
                        if name {
                            self.state = State::Colon;
                            return Ok(Some(Event::NameEnd { escaped }));
                        }
                        self.end_value();
                        return Ok(Some(Event::ScalarEnd { escaped }));
                    }
                    Some(_) => {}
                }
            }
            if self.length == limit {
                return Err(EditErrorKind::Limit(exceeded));
            }
            part = part.after(chunk[*at])?;
            self.escaped |= part == Text::Escape;
            self.length += 1;
            *at += 1;
        }
        self.state = State::Text { name, part };
        Ok(None)
    }
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], cut: usize) -> Result<usize, (usize, EditErrorKind)> {
        let mut lexer = Lexer::new(&Limits::default());
        let mut events = 0;
        for (number, chunk) in text.chunks(cut).enumerate() {
            let mut at = 0;
            while let Some(_event) = lexer.next(chunk, &mut at).map_err(|kind| (number * cut + at, kind))? {
                events += 1;
            }
        }
        events += usize::from(lexer.finish().map_err(|kind| (text.len(), kind))?.is_some());
        Ok(events)
    }

    #[test]
    fn every_utf8_text_passes_and_nothing_else() {
        for scalar in
            ['\u{80}', '\u{7ff}', '\u{800}', '\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}', '\u{10ffff}']
        {
            let text = format!("\"{scalar}\"");
            for cut in 1..4 {
                assert!(read(text.as_bytes(), cut).is_ok(), "{scalar:?}");
            }
        }
        for first in 0x80..=0xff_u8 {
            for second in 0x80..=0xff_u8 {
                for text in [vec![first, second], vec![first, second, 0x80], vec![first, second, 0x80, 0x80]]
                {
                    let quoted = [b"\"", &text[..], b"\""].concat();
                    let valid = std::str::from_utf8(&text).is_ok();
                    assert_eq!(read(&quoted, 1).is_ok(), valid, "{text:x?}");
                    assert_eq!(read(&quoted, 9).is_ok(), valid, "{text:x?}");
                }
            }
        }
    }

    #[test]
    fn errors_tell_the_byte_whatever_the_chunks() {
        for (text, offset) in [
            (&b"[1,]"[..], 3),
            (b"{\"a\":1,}", 7),
            (b"[\"\\ud800\"]", 8),
            (b"[\"\\udc00\"]", 7),
            (b"\"\x01\"", 1),
            (b"01", 1),
            (b"[1.e]", 3),
            (b"nul", 3),
            (b"{} {}", 3),
            (b"[1 2]", 3),
            (b"{\"a\" 1}", 5),
            (b"\"\xff\"", 1),
            (b"", 0),
        ] {
            for cut in 1..=text.len() {
                assert_eq!(read(text, cut).unwrap_err().0, offset, "{text:?} by {cut}");
            }
        }
    }
}
