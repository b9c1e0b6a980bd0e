//! Looks one by one at what is rare: literals, numbers that are not digits alone, escapes.

use super::leap::Refused;

/// Reads a literal or number to its end, or to the end of the text if it may go on there.
pub(super) fn scalar(text: &[u8]) -> Result<usize, Refused> {
    match text.first() {
        Some(b't') => literal(text, b"true"),
        Some(b'f') => literal(text, b"false"),
        Some(b'n') => literal(text, b"null"),
        Some(_) => number(text),
        None => Ok(0),
    }
}

/// Whether a text is a literal, or a number without an exponent, of which the digits are known.
pub(super) fn is_usual(text: &[u8], digits: u64) -> bool {
    match text {
        b"true" | b"false" | b"null" => return true,
        _ => {}
    }
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = digits >> sign;
    let whole = digits.trailing_ones() as usize;
    if whole == 0 || whole > 1 && text[sign] == b'0' {
        return false;
    }
    let end = sign + whole;
    match text.get(end) {
        None => true,
        Some(b'.') => {
            let fraction = (digits >> whole >> 1).trailing_ones() as usize;
            fraction > 0 && end + 1 + fraction == text.len()
        }
        Some(_) => false,
    }
}

fn literal(text: &[u8], expected: &[u8]) -> Result<usize, Refused> {
    let length = expected.len().min(text.len());
    if text[..length] == expected[..length] { Ok(length) } else { Err(Refused) }
}

fn number(text: &[u8]) -> Result<usize, Refused> {
    let mut at = usize::from(text[0] == b'-');
    match text.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(text, at)?,
        Some(_) => return Err(Refused),
        None => {}
    }
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at = digits(text, at + 1 + sign)?;
    }
    Ok(at)
}

/// Reads at least one digit, unless the text ends here.
fn digits(text: &[u8], from: usize) -> Result<usize, Refused> {
    let mut at = from;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    if at == from && at < text.len() { Err(Refused) } else { Ok(at) }
}

/// Reads `\u` and four hexadecimal digits and, if they are the first half of a surrogate pair, the other half. Gives
/// the length of what was read: what the end of the text cuts passes.
pub(super) fn unit(text: &[u8]) -> Result<usize, Refused> {
    let Some(first) = hexadecimal(&text[2..])? else {
        return Ok(text.len());
    };
    match first {
        0xdc00..=0xdfff => Err(Refused),
        0xd800..=0xdbff => {
            let rest = &text[6..];
            let length = rest.len().min(2);
            if rest[..length] != b"\\u"[..length] {
                return Err(Refused);
            }
            match hexadecimal(&rest[length..])? {
                Some(0xdc00..=0xdfff) => Ok(12),
                Some(_) => Err(Refused),
                None => Ok(text.len()),
            }
        }
        _ => Ok(6),
    }
}

fn hexadecimal(text: &[u8]) -> Result<Option<u32>, Refused> {
    let mut unit = 0;
    for place in 0..4 {
        let Some(&byte) = text.get(place) else {
            return Ok(None);
        };
        unit = unit << 4 | char::from(byte).to_digit(16).ok_or(Refused)?;
    }
    Ok(Some(unit))
}
