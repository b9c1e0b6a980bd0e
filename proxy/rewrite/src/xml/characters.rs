//! Which characters may stand where (XML 1.0, fifth edition, sections 2.2 and 2.3).

/// White space.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a character may stand in a document at all.
pub(crate) fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Where the first character stands that may not, in text that is UTF-8.
pub(crate) fn forbidden(text: &[u8]) -> Option<usize> {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    let mut controls = false;
    let mut high = 0;
    for &byte in text {
        controls |= is_control(byte);
        high |= byte;
    }
    let control = if controls { text.iter().position(|&byte| is_control(byte)) } else { None };
    let unassigned = if high < 0x80 { None } else { noncharacter(text) };
    match (control, unassigned) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// U+FFFE and U+FFFF.
fn noncharacter(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"\xef\xbf").find(|&at| matches!(text.get(at + 2), Some(0xbe | 0xbf)))
}

/// The length of text without a character that is cut off at its end.
pub(crate) fn whole_characters(text: &[u8]) -> usize {
    for back in 1..=text.len().min(3) {
        let at = text.len() - back;
        let length = character_length(text[at]);
        if length > 0 {
            return if length > back { at } else { text.len() };
        }
    }
    text.len()
}

/// The bytes of a character by its first one; none for a byte that begins none.
pub(crate) fn character_length(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xc0 => 0,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

/// What a byte may be in a name, by bits.
mod class {
    /// May begin a name.
    pub(super) const START: u8 = 1;
    /// May stand in a name.
    pub(super) const NAME: u8 = 1 << 1;
    pub(super) const COLON: u8 = 1 << 2;
    /// Of a character that is not ASCII.
    pub(super) const HIGH: u8 = 1 << 3;
}

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "it counts up to 255")]
        let class = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => class::START | class::NAME,
            b'0'..=b'9' | b'-' | b'.' => class::NAME,
            b':' => class::COLON,
            0x80..=0xff => class::HIGH,
            _ => 0,
        };
        classes[byte] = class;
        byte += 1;
    }
    classes
}

fn class_of(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// A name with its prefix: where it ends, and where its colon stands. An error is the place of what is not a name.
#[inline]
pub(crate) fn name(text: &str, start: usize) -> Result<(usize, Option<usize>), usize> {
    let bytes = &text.as_bytes()[start..];
    let length = bytes.iter().position(|&byte| class_of(byte) & class::NAME == 0).unwrap_or(bytes.len());
    let next = bytes.get(length).map_or(0, |&byte| class_of(byte));
    if length > 0 && class_of(bytes[0]) & class::START != 0 && next & (class::COLON | class::HIGH) == 0 {
        return Ok((start + length, None));
    }
    any_name(text, start)
}

fn any_name(text: &str, start: usize) -> Result<(usize, Option<usize>), usize> {
    let bytes = text.as_bytes();
    let mut colon = None;
    let mut part = start;
    let mut end = start;
    while let Some(&byte) = bytes.get(end) {
        let class = class_of(byte);
        if class & class::START != 0 || class & class::NAME != 0 && end > part {
            end += 1;
        } else if class == class::COLON && end > part && colon.is_none() {
            colon = Some(end);
            end += 1;
            part = end;
        } else if class == class::HIGH {
            let character = text[end..].chars().next().unwrap_or_default();
            if !is_name_start(character) && (end == part || !is_name(character)) {
                return Err(end);
            }
            end += character.len_utf8();
        } else if class == 0 {
            break;
        } else {
            return Err(end);
        }
    }
    if end == part { Err(end) } else { Ok((end, colon)) }
}

fn is_name_start(character: char) -> bool {
    matches!(character,
        '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// Of characters that may not begin a name.
fn is_name(character: char) -> bool {
    matches!(character, '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_prefix_at_the_most() {
        assert_eq!(name("<a>", 1), Ok((2, None)));
        assert_eq!(name("soap:Body ", 0), Ok((9, Some(4))));
        assert_eq!(name("Имя-1.é·=", 0), Ok(("Имя-1.é·".len(), None)));
        for (wrong, at) in
            [("1a", 0), ("-", 0), (":a", 0), ("a:", 2), ("a:b:c", 3), ("a:1", 2), ("·", 0), ("a×", 1)]
        {
            assert_eq!(name(wrong, 0), Err(at), "{wrong}");
        }
    }

    #[test]
    fn characters_that_no_document_has_are_found() {
        assert_eq!(forbidden("a\t\r\né\u{7f}\u{fffd}".as_bytes()), None);
        assert_eq!(forbidden(b"ab\0"), Some(2));
        assert_eq!(forbidden("é\u{fffe}\u{1}".as_bytes()), Some(2));
        assert_eq!(forbidden("\u{1}\u{ffff}".as_bytes()), Some(0));
        for character in ['\0', '\u{b}', '\u{1f}', '\u{ffff}', ' ', '\r', '\u{fffd}', '😀'] {
            let found = forbidden(character.to_string().as_bytes());
            assert_eq!(found.is_none(), is_allowed(character), "{character:?}");
        }
    }

    #[test]
    fn a_character_that_is_cut_off_is_left_out() {
        let text = "aé😀".as_bytes();
        for (end, whole) in [(0, 0), (1, 1), (2, 1), (3, 3), (4, 3), (5, 3), (6, 3), (7, 7)] {
            assert_eq!(whole_characters(&text[..end]), whole);
        }
    }
}
