//! Text as it stands in a document, and as it is meant: references, CDATA sections, line ends.

use crate::xml::characters::is_allowed;

/// What stands at an ampersand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A character, by so many bytes.
    To(char, usize),
    /// More bytes are needed to tell.
    Incomplete,
    /// Nothing that is known without a document type.
    Unknown,
}

/// Bytes of a reference at the most; the longest that is needed has ten.
const REFERENCE: usize = 32;

/// Reads the reference that `bytes` begin with.
pub(crate) fn reference(bytes: &[u8]) -> Reference {
    let is_inner = |&byte: &u8| byte.is_ascii_alphanumeric() || byte == b'#';
    let length = 1 + bytes[1..].iter().take(REFERENCE).take_while(|byte| is_inner(byte)).count();
    if length > REFERENCE {
        return Reference::Unknown;
    }
    match bytes.get(length) {
        None => Reference::Incomplete,
        Some(b';') => {
            character(&bytes[1..length]).map_or(Reference::Unknown, |found| Reference::To(found, length + 1))
        }
        Some(_) => Reference::Unknown,
    }
}

fn character(inner: &[u8]) -> Option<char> {
    let number = match inner {
        b"lt" => return Some('<'),
        b"gt" => return Some('>'),
        b"amp" => return Some('&'),
        b"apos" => return Some('\''),
        b"quot" => return Some('"'),
        [b'#', b'x', digits @ ..] => read(digits, 16)?,
        [b'#', digits @ ..] => read(digits, 10)?,
        _ => return None,
    };
    char::from_u32(number).filter(|&character| is_allowed(character))
}

fn read(digits: &[u8], base: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, &digit| {
        let digit = char::from(digit).to_digit(base)?;
        number.checked_mul(base)?.checked_add(digit)
    })
}

/// What an element's text means: references resolved, CDATA sections joined, comments and instructions left out, line
/// ends made equal. The text has been checked, and holds no elements.
pub(crate) fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'\r')) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes()[0] {
            b'&' => push_reference(rest, out),
            b'\r' => push_line_end(rest, out),
            _ => match markup(rest) {
                (Markup::Data, end) => {
                    push_lines(&rest[DATA.len()..end - 3], out);
                    &rest[end..]
                }
                (_, end) => &rest[end..],
            },
        };
    }
    out.push_str(rest);
}

/// What an attribute's value means: references resolved, white space made equal.
pub(crate) fn decode_value(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'&' | b'\r' | b'\n' | b'\t')) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if rest.starts_with('&') {
            rest = push_reference(rest, out);
        } else {
            out.push(' ');
            rest = rest.strip_prefix("\r\n").unwrap_or(&rest[1..]);
        }
    }
    out.push_str(rest);
}

fn push_reference<'a>(rest: &'a str, out: &mut String) -> &'a str {
    match reference(rest.as_bytes()) {
        Reference::To(character, length) => {
            out.push(character);
            &rest[length..]
        }
        // The lexer lets no other through.
        Reference::Incomplete | Reference::Unknown => &rest[1..],
    }
}

fn push_line_end<'a>(rest: &'a str, out: &mut String) -> &'a str {
    out.push('\n');
    rest.strip_prefix("\r\n").unwrap_or(&rest[1..])
}

fn push_lines(mut rest: &str, out: &mut String) {
    while let Some(at) = rest.find('\r') {
        out.push_str(&rest[..at]);
        rest = push_line_end(&rest[at..], out);
    }
    out.push_str(rest);
}

/// What begins with `<` where no tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    Data,
    Comment,
    Instruction,
    Tag,
}

/// How a CDATA section begins.
pub(crate) const DATA: &str = "<![CDATA[";

/// What checked text begins with, and where that ends. A tag's end is not looked for.
pub(crate) fn markup(text: &str) -> (Markup, usize) {
    let (kind, begin, close) = if text.starts_with("<!--") {
        (Markup::Comment, 4, "-->")
    } else if text.starts_with(DATA) {
        (Markup::Data, DATA.len(), "]]>")
    } else if text.starts_with("<?") {
        (Markup::Instruction, 2, "?>")
    } else {
        return (Markup::Tag, 1);
    };
    let end = text[begin..].find(close).map_or(text.len(), |at| begin + at + close.len());
    (kind, end)
}

/// Whether there is nothing but white space.
pub(crate) fn is_blank(text: &str) -> bool {
    text.bytes().all(crate::xml::characters::is_blank)
}

/// Where the white space at the end begins.
pub(crate) fn blank_end(text: &[u8]) -> usize {
    text.iter().rposition(|&byte| !crate::xml::characters::is_blank(byte)).map_or(0, |last| last + 1)
}

/// Appends text as it may stand in an element, or in an attribute's value between quotes of either kind.
pub(crate) fn escape(text: &str, value: bool, out: &mut String) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\r' => out.push_str("&#13;"),
            '"' if value => out.push_str("&quot;"),
            '\'' if value => out.push_str("&apos;"),
            '\n' if value => out.push_str("&#10;"),
            '\t' if value => out.push_str("&#9;"),
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_the_five_and_characters() {
        assert_eq!(reference(b"&lt;x"), Reference::To('<', 4));
        assert_eq!(reference(b"&#x1F600;"), Reference::To('😀', 9));
        assert_eq!(reference(b"&#0000065;"), Reference::To('A', 10));
        for incomplete in [&b"&"[..], b"&am", b"&#x1"] {
            assert_eq!(reference(incomplete), Reference::Incomplete);
        }
        let wrong: [&[u8]; 12] = [
            b"&;",
            b"&nbsp;",
            b"& ",
            b"&lt ;",
            b"&#;",
            b"&#x;",
            b"&#0;",
            b"&#xD800;",
            b"&#xFFFE;",
            b"&#x110000;",
            b"&LT;",
            b"&#X41;",
        ];
        for wrong in wrong {
            assert_eq!(reference(wrong), Reference::Unknown, "{}", String::from_utf8_lossy(wrong));
        }
        assert_eq!(reference(&[b"&#".as_slice(), &[b'0'; 40]].concat()), Reference::Unknown);
    }

    #[test]
    fn text_is_decoded() {
        let mut text = String::new();
        decode("a&amp;b<![CDATA[<&amp;]]\r\n>]]>c<!-- <d> -->\r<?e f?>g", &mut text);
        assert_eq!(text, "a&b<&amp;]]\n>c\ng");
        text.clear();
        decode_value("a\t\r\n\rb&#10;&quot;", &mut text);
        assert_eq!(text, "a   b\n\"");
    }

    #[test]
    fn what_is_escaped_comes_back() {
        for source in ["a<b>&\"'\r\n\t", "]]>", "é"] {
            let (mut escaped, mut back) = (String::new(), String::new());
            escape(source, true, &mut escaped);
            decode_value(&escaped, &mut back);
            assert_eq!(back, source);
            escaped.clear();
            back.clear();
            escape(source, false, &mut escaped);
            decode(&escaped, &mut back);
            assert_eq!(back, source);
        }
    }
}
