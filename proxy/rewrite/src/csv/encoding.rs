//! The encodings that a route can declare: UTF-8, and those of a single byte for each character whose ASCII is ASCII,
//! so that the separators can be found before anything is decoded.

use std::fmt::Debug;
use std::ops::Range;

use encoding_rs::UTF_8;

/// How characters are written.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    SingleByte(Box<Table>),
}

/// The characters of the upper 128 bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Table {
    upper: [char; 128],
    /// Whether some bytes mean nothing.
    has_gaps: bool,
}

/// Bytes that have been checked to be text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    Utf8(&'a str),
    SingleByte(&'a [u8], &'a Table),
}

/// What a byte that means nothing is decoded to.
const GAP: char = char::REPLACEMENT_CHARACTER;

impl Encoding {
    /// The encoding with a label of the WHATWG Encoding Standard, if it is one of those supported.
    pub(crate) fn find(label: &str) -> Option<Encoding> {
        let encoding = encoding_rs::Encoding::for_label(label.as_bytes())?;
        if encoding == UTF_8 {
            return Some(Encoding::Utf8);
        }
        if !encoding.is_single_byte() || !encoding.is_ascii_compatible() {
            return None;
        }
        let mut upper = [GAP; 128];
        for (byte, character) in (0x80..=u8::MAX).zip(&mut upper) {
            let bytes = [byte];
            let (decoded, _) = encoding.decode_without_bom_handling(&bytes);
            *character = decoded.chars().next().unwrap_or(GAP);
        }
        Some(Encoding::SingleByte(Box::new(Table { upper, has_gaps: upper.contains(&GAP) })))
    }

    /// Checks that bytes are text. If not, the number of those before the first that is not.
    pub(super) fn check<'a>(&'a self, bytes: &'a [u8]) -> Result<Text<'a>, usize> {
        match self {
            Encoding::Utf8 => match simdutf8::basic::from_utf8(bytes) {
                Ok(text) => Ok(Text::Utf8(text)),
                Err(_) => match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(Text::Utf8(text)),
                    Err(error) => Err(error.valid_up_to()),
                },
            },
            Encoding::SingleByte(table) => match table.first_gap(bytes) {
                Some(gap) => Err(gap),
                None => Ok(Text::SingleByte(bytes, table)),
            },
        }
    }

    /// Appends a text, or nothing and false if the encoding lacks one of its characters.
    pub(super) fn encode(&self, text: &str, out: &mut Vec<u8>) -> bool {
        let Encoding::SingleByte(table) = self else {
            out.extend_from_slice(text.as_bytes());
            return true;
        };
        let start = out.len();
        for character in text.chars() {
            let Some(byte) = table.byte(character) else {
                out.truncate(start);
                return false;
            };
            out.push(byte);
        }
        true
    }
}

impl Table {
    fn first_gap(&self, bytes: &[u8]) -> Option<usize> {
        if !self.has_gaps || bytes.is_ascii() {
            return None;
        }
        bytes.iter().position(|&byte| self.character(byte) == GAP)
    }

    fn character(&self, byte: u8) -> char {
        if byte.is_ascii() { char::from(byte) } else { self.upper[usize::from(byte - 0x80)] }
    }

    fn byte(&self, character: char) -> Option<u8> {
        if character.is_ascii() {
            return u8::try_from(character).ok();
        }
        let place = self.upper.iter().position(|&other| other == character && other != GAP)?;
        u8::try_from(place + 0x80).ok()
    }
}

impl<'a> Text<'a> {
    pub(super) fn bytes(self) -> &'a [u8] {
        match self {
            Text::Utf8(text) => text.as_bytes(),
            Text::SingleByte(bytes, _) => bytes,
        }
    }

    /// A part that needs no decoding, if it is one.
    pub(super) fn plain(self, range: Range<usize>) -> Option<&'a str> {
        match self {
            Text::Utf8(text) => text.get(range),
            Text::SingleByte(bytes, _) => bytes
                .get(range)
                .filter(|bytes| bytes.is_ascii())
                .and_then(|bytes| std::str::from_utf8(bytes).ok()),
        }
    }

    /// Appends a part, decoded.
    pub(super) fn decode(self, range: Range<usize>, out: &mut String) {
        match self {
            Text::Utf8(text) => out.push_str(text.get(range).unwrap_or_default()),
            Text::SingleByte(bytes, table) => {
                out.extend(bytes[range].iter().map(|&byte| table.character(byte)));
            }
        }
    }
}

impl Debug for Encoding {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Encoding::Utf8 => "Utf8",
            Encoding::SingleByte(_) => "SingleByte",
        })
    }
}

impl Debug for Table {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Table").field("has_gaps", &self.has_gaps).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encodings_of_single_bytes_and_utf_8_are_found() {
        for label in ["utf-8", "UTF8", "windows-1252", "latin1", "koi8-r", "iso-8859-7", "us-ascii", "ibm866"]
        {
            assert!(Encoding::find(label).is_some(), "{label}");
        }
        for label in
            ["", "utf-16", "utf-16be", "shift_jis", "gbk", "big5", "iso-2022-jp", "replacement", "ebcdic"]
        {
            assert!(Encoding::find(label).is_none(), "{label}");
        }
    }

    #[test]
    fn characters_survive_there_and_back() {
        let encoding = Encoding::find("windows-1252").unwrap();
        let mut bytes = Vec::new();
        assert!(encoding.encode("Zoë – €5", &mut bytes));
        assert_eq!(bytes, b"Zo\xeb \x96 \x805");
        let text = encoding.check(&bytes).unwrap();
        let mut decoded = String::new();
        text.decode(0..bytes.len(), &mut decoded);
        assert_eq!(decoded, "Zoë – €5");
        assert_eq!(text.plain(0..2), Some("Zo"));
        assert_eq!(text.plain(0..3), None);
        assert!(!encoding.encode("aЖ", &mut bytes));
        assert_eq!(bytes.len(), 8, "nothing is left of a text that cannot be written");
    }

    #[test]
    fn bytes_that_mean_nothing_are_told() {
        let greek = Encoding::find("windows-1253").unwrap();
        assert!(matches!(greek.check(b"ab\xd2"), Err(2)));
        assert!(greek.check(b"ab\xd3").is_ok());
        assert!(!greek.encode("\u{fffd}", &mut Vec::new()));
        assert!(matches!(Encoding::Utf8.check(b"a\xc3\xa9\xc3"), Err(3)));
    }
}
