//! Strings and member names, byte by byte (RFC 8259, section 7): escapes, surrogates in pairs, UTF-8.

use crate::error::EditErrorKind;

/// Within a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Plain,
    /// In a character of several bytes: how many are missing, and the range of the next.
    Sequence {
        missing: u8,
        low: u8,
        high: u8,
    },
    Escape,
    /// In `\uXXXX`; `high` if the first half of a surrogate pair stands before it.
    Unit {
        missing: u8,
        unit: u16,
        high: bool,
    },
    /// Behind the first half of a surrogate pair.
    SecondEscape,
    SecondUnit,
}

/// The number of bytes at the beginning of a text within a string that stand for themselves: whole characters, neither
/// quotes nor backslashes nor control characters.
pub(super) fn plain(text: &[u8]) -> usize {
    // All bytes of a stride are looked at without a branch, so that the compiler can do so at once.
    let strides = text.as_chunks::<STRIDE>().0.iter();
    let whole = strides.take_while(|stride| !stride.iter().fold(false, |sum, &byte| sum | is_special(byte)));
    let skipped = STRIDE * whole.count();
    let rest = text[skipped..].iter().position(|&byte| is_special(byte));
    let text = &text[..rest.map_or(text.len(), |rest| skipped + rest)];
    if text.is_ascii() {
        return text.len();
    }
    match simdutf8::compat::from_utf8(text) {
        Ok(text) => text.len(),
        Err(error) => error.valid_up_to(),
    }
}

const STRIDE: usize = 32;

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

impl Text {
    /// The state behind a byte that is not plain, or that stands within an escape or a longer character.
    pub(super) fn after(self, byte: u8) -> Result<Text, EditErrorKind> {
        match self {
            Text::Plain => match byte {
                b'\\' => Ok(Text::Escape),
                0..=0x1f => Err(EditErrorKind::Malformed("a control character in a string")),
                _ => sequence(byte),
            },
            Text::Sequence { missing, low, high } => match byte {
                _ if byte < low || byte > high => Err(EditErrorKind::Malformed("not UTF-8")),
                _ if missing == 1 => Ok(Text::Plain),
                _ => Ok(Text::Sequence { missing: missing - 1, low: 0x80, high: 0xbf }),
            },
            Text::Escape => match byte {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(Text::Plain),
                b'u' => Ok(Text::Unit { missing: 4, unit: 0, high: false }),
                _ => Err(EditErrorKind::Malformed("unknown escape in a string")),
            },
            Text::Unit { missing, unit, high } => {
                let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
                let digit = digit.ok_or(EditErrorKind::Malformed("`\\u` without four hexadecimal digits"))?;
                after_digit(missing - 1, unit << 4 | digit, high)
            }
            Text::SecondEscape if byte == b'\\' => Ok(Text::SecondUnit),
            Text::SecondUnit if byte == b'u' => Ok(Text::Unit { missing: 4, unit: 0, high: true }),
            Text::SecondEscape | Text::SecondUnit => Err(EditErrorKind::Malformed(LONE_SURROGATE)),
        }
    }
}

const LONE_SURROGATE: &str = "a lone surrogate in a string";

fn after_digit(missing: u8, unit: u16, high: bool) -> Result<Text, EditErrorKind> {
    if missing > 0 {
        return Ok(Text::Unit { missing, unit, high });
    }
    match (unit, high) {
        (0xdc00..=0xdfff, true) => Ok(Text::Plain),
        (_, true) | (0xdc00..=0xdfff, false) => Err(EditErrorKind::Malformed(LONE_SURROGATE)),
        (0xd800..=0xdbff, false) => Ok(Text::SecondEscape),
        _ => Ok(Text::Plain),
    }
}

/// The first byte of a character of several bytes (RFC 3629, section 4).
fn sequence(first: u8) -> Result<Text, EditErrorKind> {
    let (missing, low, high) = match first {
        0xc2..=0xdf => (1, 0x80, 0xbf),
        0xe0 => (2, 0xa0, 0xbf),
        0xe1..=0xec | 0xee..=0xef => (2, 0x80, 0xbf),
        0xed => (2, 0x80, 0x9f),
        0xf0 => (3, 0x90, 0xbf),
        0xf1..=0xf3 => (3, 0x80, 0xbf),
        0xf4 => (3, 0x80, 0x8f),
        _ => return Err(EditErrorKind::Malformed("not UTF-8")),
    };
    Ok(Text::Sequence { missing, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_are_counted_to_the_first_that_is_not() {
        for special in
            [&b"\""[..], b"\\", b"\0", b"\x1f", b"\x80", b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\n"]
        {
            for before in 0..100 {
                let mut text = "x".repeat(before).into_bytes();
                text.extend_from_slice("\u{e9}\u{7f}".as_bytes());
                text.extend_from_slice(special);
                assert_eq!(plain(&text), before + 3, "{special:x?}");
                assert_eq!(plain(&text[..before + 1]), before, "{special:x?}");
                text.extend(std::iter::repeat_n(b'y', 100));
                assert_eq!(plain(&text), before + 3, "{special:x?}");
            }
        }
        assert_eq!(plain(b""), 0);
    }
}
