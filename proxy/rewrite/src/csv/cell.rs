//! Cells: the values that stand in them, and how what a mask gives is written.

use std::ops::Range;

use memchr::memchr;

use crate::csv::encoding::{Encoding, Text};

/// A cell's value: without its quotes, without the apostrophe that marks it as text, decoded.
pub(super) fn value<'s>(text: Text<'s>, range: Range<usize>, scratch: &'s mut String) -> &'s str {
    let Range { start, end } = content(text.bytes(), &range);
    let start = if has_apostrophe(text.bytes(), &range) { start + 1 } else { start };
    let mut quote = match is_quoted(text.bytes(), &range) {
        true => memchr(b'"', &text.bytes()[start..end]),
        false => None,
    };
    if quote.is_none()
        && let Some(plain) = text.plain(start..end)
    {
        return plain;
    }
    scratch.clear();
    let mut at = start;
    while let Some(place) = quote {
        // The first of two that stand for one.
        text.decode(at..at + place + 1, scratch);
        at += place + 2;
        quote = memchr(b'"', &text.bytes()[at..end]);
    }
    text.decode(at..end, scratch);
    scratch
}

/// Whether a cell stands in quotes.
pub(super) fn is_quoted(bytes: &[u8], range: &Range<usize>) -> bool {
    bytes[range.clone()].first() == Some(&b'"')
}

/// What stands between a cell's quotes, or all of a cell without.
pub(super) fn content(bytes: &[u8], range: &Range<usize>) -> Range<usize> {
    match is_quoted(bytes, range) {
        true => range.start + 1..range.end - 1,
        false => range.clone(),
    }
}

/// Whether a cell begins with the apostrophe that marks it as text.
pub(super) fn has_apostrophe(bytes: &[u8], range: &Range<usize>) -> bool {
    bytes[content(bytes, range)].first() == Some(&b'\'')
}

/// How a text is written as a cell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// In quotes even if it needs none, as the rest of its column is.
    pub(super) quoted: bool,
    /// With an apostrophe even if it needs none.
    pub(super) apostrophe: bool,
}

/// Why a text cannot be written as a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwritable {
    /// It holds a control character, which no CSV does.
    Control,
    /// The encoding lacks one of its characters.
    Encoding,
}

/// Appends a text as a cell. A spreadsheet will not take it for a formula.
pub(super) fn write(
    text: &str,
    style: Style,
    encoding: &Encoding,
    out: &mut Vec<u8>,
) -> Result<(), Unwritable> {
    let allowed = |byte: u8| byte >= b' ' || matches!(byte, b'\t' | b'\n' | b'\r');
    if !text.bytes().all(allowed) {
        return Err(Unwritable::Control);
    }
    let quoted = style.quoted || needs_quotes(text);
    let start = out.len();
    if quoted {
        out.push(b'"');
    }
    if style.apostrophe || text.starts_with(FORMULA) {
        out.push(b'\'');
    }
    let mut rest = text;
    let mut written = true;
    while quoted && let Some(quote) = memchr(b'"', rest.as_bytes()) {
        written &= encoding.encode(&rest[..=quote], out);
        out.push(b'"');
        rest = &rest[quote + 1..];
    }
    if !(written && encoding.encode(rest, out)) {
        out.truncate(start);
        return Err(Unwritable::Encoding);
    }
    if quoted {
        out.push(b'"');
    }
    Ok(())
}

/// What makes some spreadsheet take a cell for a formula, or for another cell's beginning.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a text would be read differently without quotes, by whatever delimiter it is read.
fn needs_quotes(text: &str) -> bool {
    text.contains(['"', ',', ';', '\t', '\r', '\n', '|']) || text.starts_with(' ') || text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cell: &[u8], encoding: &Encoding) -> String {
        let mut scratch = String::new();
        value(encoding.check(cell).unwrap(), 0..cell.len(), &mut scratch).to_owned()
    }

    #[test]
    fn values_are_what_people_mean() {
        for (cell, expected) in [
            ("", ""),
            ("a b", "a b"),
            ("\"\"", ""),
            ("\"a,b\"", "a,b"),
            ("\"a\"\"b\"\"\"", "a\"b\""),
            ("\"\"\"\"", "\""),
            ("'acme", "acme"),
            ("\"'acme\"", "acme"),
            ("'", ""),
            ("''a", "'a"),
            ("\"'\"\"é\"\"\"", "\"é\""),
            ("a'b", "a'b"),
        ] {
            assert_eq!(read(cell.as_bytes(), &Encoding::Utf8), expected, "{cell}");
        }
        let latin = Encoding::find("latin1").unwrap();
        assert_eq!(read(b"\"'\xe9\"\"\xe9\"", &latin), "é\"é");
    }

    fn written(text: &str, style: Style) -> Result<String, Unwritable> {
        let mut out = Vec::new();
        write(text, style, &Encoding::Utf8, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn texts_are_quoted_as_needed() {
        let plain = Style::default();
        for (text, expected) in [
            ("****34", "****34"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a;b", "\"a;b\""),
            ("a\"b\"", "\"a\"\"b\"\"\""),
            ("a\nb", "\"a\nb\""),
            (" a", "\" a\""),
        ] {
            assert_eq!(written(text, plain).unwrap(), expected);
        }
        assert_eq!(written("a", Style { quoted: true, ..plain }).unwrap(), "\"a\"");
        assert_eq!(written("a", Style { apostrophe: true, ..plain }).unwrap(), "'a");
        assert_eq!(written("a\0", plain), Err(Unwritable::Control));
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1", "+49", "-1", "@a", "\ta", "\ra", "\na", "＝1", "＠a"] {
            let cell = written(text, Style::default()).unwrap();
            assert!(cell.trim_start_matches('"').starts_with('\''), "{cell}");
        }
    }

    #[test]
    fn what_an_encoding_lacks_is_not_written() {
        let latin = Encoding::find("latin1").unwrap();
        for text in ["Ж", "a\"Ж\"b", "Ж\"", "\"Ж"] {
            let mut out = vec![b'x'];
            assert_eq!(write(text, Style::default(), &latin, &mut out), Err(Unwritable::Encoding));
            assert_eq!(out, b"x");
        }
    }
}
