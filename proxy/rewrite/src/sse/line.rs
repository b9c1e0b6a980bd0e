//! The lines of an event: which field each is, and where its value stands.

use crate::error::{EditErrorKind, Limit};
use crate::limits::Limits;
use crate::sse::reader::BYTE_ORDER_MARK;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry,
    /// `:`, which clients pass over.
    Comment,
    /// A field of another name, or one with a value that clients pass over: not a member of the event.
    Unknown,
}

/// A line by its positions, which count from the beginning of the block it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) field: Field,
    pub(super) start: u32,
    /// Where the value begins, behind the colon and one space.
    pub(super) value: u32,
    /// Where the line ends.
    pub(super) end: u32,
    /// Where the next line begins: behind LF, CR or both.
    pub(super) next: u32,
}

/// What the plan and the counts call a comment.
pub(super) const COMMENT: &str = ":";
/// Bytes with which no name in JSON begins: what is remembered of a field is not met in data.
pub(super) const NO_JSON_NAME: &[u8] = b"\0";
/// Why a line that begins with a byte order mark is refused. Clients take it for a field of another name, but where what
/// stood before it is left out it comes first: they would skip the mark, and read a field that nobody has judged.
const MARKED: &str = "a byte order mark where a line begins";
/// Digits of a time to wait before the next connection, in milliseconds: up to eleven days.
const RETRY: usize = 9;

impl Line {
    /// A line that has been cut, but not been looked at.
    pub(super) fn cut(start: usize, end: usize, next: usize) -> Line {
        let [start, end, next] = [start, end, next].map(crate::number);
        Line { field: Field::Unknown, start, value: end, end, next }
    }

    /// Finds out what the line is. Errors come with the position in the block.
    pub(super) fn read(&mut self, block: &[u8], limits: &Limits) -> Result<(), (EditErrorKind, u32)> {
        let text = &block[self.start as usize..self.end as usize];
        if text.starts_with(BYTE_ORDER_MARK) {
            return Err((EditErrorKind::Malformed(MARKED), self.start));
        }
        let name = match text {
            [b'd', b'a', b't', b'a', b':', ..] => 4,
            _ => memchr::memchr(b':', text).unwrap_or(text.len()),
        };
        let value = match text[name..] {
            [b':', b' ', ..] => name + 2,
            [b':', ..] => name + 1,
            _ => name,
        };
        self.value = self.start + crate::number(value);
        let behind = &text[value..];
        self.field = match &text[..name] {
            b"" => Field::Comment,
            b"data" => Field::Data,
            b"event" => Field::Event,
            b"id" if !behind.contains(&0) => Field::Id,
            b"retry" if is_time(behind) => Field::Retry,
            _ => Field::Unknown,
        };
        if name > limits.name {
            return Err((EditErrorKind::Limit(Limit::Name), self.start + crate::number(limits.name)));
        }
        if self.field != Field::Data && behind.len() > limits.string {
            return Err((EditErrorKind::Limit(Limit::String), self.value + crate::number(limits.string)));
        }
        Ok(())
    }

    /// The name of the field, `:` for a comment.
    pub(super) fn name<'a>(&self, block: &'a [u8]) -> &'a str {
        match self.field {
            Field::Comment => COMMENT,
            Field::Data => "data",
            Field::Event => "event",
            Field::Id => "id",
            Field::Retry => "retry",
            Field::Unknown => {
                let text = text_of(&block[self.start as usize..self.end as usize]);
                text.split(':').next().unwrap_or_default()
            }
        }
    }

    pub(super) fn value<'a>(&self, block: &'a [u8]) -> &'a str {
        text_of(&block[self.value as usize..self.end as usize])
    }
}

/// A part of a block, which has been found to be UTF-8 as a whole.
pub(super) fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Whether clients take a text for a time to wait, one that could not be a telephone number.
fn is_time(text: &[u8]) -> bool {
    (1..=RETRY).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Field, &str, &str) {
        let mut line = Line::cut(0, text.len(), text.len());
        line.read(text.as_bytes(), &Limits::default()).unwrap();
        (line.field, line.name(text.as_bytes()), line.value(text.as_bytes()))
    }

    #[test]
    fn a_line_that_could_be_read_without_its_mark_is_refused() {
        let text = "\u{feff}data: 1";
        let mut line = Line::cut(0, text.len(), text.len());
        let refused = line.read(text.as_bytes(), &Limits::default());
        assert!(matches!(refused, Err((EditErrorKind::Malformed(MARKED), 0))), "{refused:?}");
    }

    #[test]
    fn fields_are_told_apart() {
        assert_eq!(read("data: {}"), (Field::Data, "data", "{}"));
        assert_eq!(read("data:{}"), (Field::Data, "data", "{}"));
        assert_eq!(read("data:  {}"), (Field::Data, "data", " {}"));
        assert_eq!(read("data"), (Field::Data, "data", ""));
        assert_eq!(read("data:"), (Field::Data, "data", ""));
        assert_eq!(read("data :{}"), (Field::Unknown, "data ", "{}"));
        assert_eq!(read("Data:{}"), (Field::Unknown, "Data", "{}"));
        assert_eq!(read("datax"), (Field::Unknown, "datax", ""));
        assert_eq!(read("id"), (Field::Id, "id", ""));
        assert_eq!(read("id: a:b"), (Field::Id, "id", "a:b"));
        assert_eq!(read("id: a\0"), (Field::Unknown, "id", "a\0"));
        assert_eq!(read("event:x"), (Field::Event, "event", "x"));
        assert_eq!(read("retry: 3000"), (Field::Retry, "retry", "3000"));
        assert_eq!(read("retry: 3s"), (Field::Unknown, "retry", "3s"));
        assert_eq!(read("retry: 4930123456"), (Field::Unknown, "retry", "4930123456"));
        assert_eq!(read(":"), (Field::Comment, ":", ""));
        assert_eq!(read(": ping"), (Field::Comment, ":", "ping"));
    }
}
