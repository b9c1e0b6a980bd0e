//! What takes the place of a hidden value (H37).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::pattern::{Expressions, Finder};
use crate::spec::Mask;

/// What stands for what is hidden.
const HIDDEN: &str = "****";

/// What a mask is told of the value that it hides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hidden<'a> {
    /// A string, unescaped.
    Text(&'a str),
    /// A number, as the body has it.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Literal(&'a str),
    /// Anything else, as the body has it. Empty for masks that do not need it.
    Container(&'a str),
}

/// What a mask gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The text that was appended.
    Text,
    /// Null.
    Null,
    /// The value itself, byte for byte: there is nothing in it that the mask hides. Nothing was appended.
    Same,
}

/// A mask of a plan, ready to hide values.
#[derive(Debug)]
pub(crate) struct Masker {
    mask: Mask,
    finder: Finder,
}

impl Masker {
    pub(crate) fn new(mask: Mask, expressions: &Expressions) -> Masker {
        let finder = match &mask {
            Mask::Patterns(patterns) => expressions.finder(patterns),
            _ => Finder::default(),
        };
        Masker { mask, finder }
    }

    /// What the plan says of it.
    pub(crate) fn spec(&self) -> &Mask {
        &self.mask
    }

    /// The number of a mask that is the policy's own.
    pub(crate) fn own(&self) -> Option<u32> {
        match self.mask {
            Mask::Own(number) => Some(number),
            _ => None,
        }
    }
}

/// Whether a mask needs to see the value it hides.
pub(crate) fn needs_value(masker: &Masker, container: bool) -> bool {
    match masker.mask {
        Mask::Fixed(_) | Mask::Null => false,
        Mask::KeepLast(_) | Mask::Patterns(_) => !container,
        Mask::Hash | Mask::Own(_) => true,
    }
}

/// Appends the text that hides a value, not escaped, for every mask but a policy's own.
pub(crate) fn hide(masker: &Masker, value: Hidden<'_>, key: &[u8; 32], out: &mut String) -> Shown {
    match &masker.mask {
        Mask::Fixed(text) => out.push_str(text),
        Mask::Null => return Shown::Null,
        Mask::KeepLast(count) => {
            out.push_str(HIDDEN);
            if let Hidden::Text(text) | Hidden::Number(text) = value {
                out.push_str(last(text, *count as usize));
            }
        }
        Mask::Patterns(_) => return hide_found(&masker.finder, value, out),
        Mask::Hash | Mask::Own(_) => push_hash(value, key, out),
    }
    Shown::Text
}

/// Hides the parts of a text that patterns find, and anything else whole if they find something in it. A container is
/// not looked into.
fn hide_found(finder: &Finder, value: Hidden<'_>, out: &mut String) -> Shown {
    let (text, whole) = match value {
        Hidden::Text(text) => (text, false),
        Hidden::Number(text) | Hidden::Literal(text) => (text, true),
        Hidden::Container(_) => {
            out.push_str(HIDDEN);
            return Shown::Text;
        }
    };
    let found = finder.find(text);
    if found.is_empty() {
        return Shown::Same;
    }
    if whole {
        out.push_str(HIDDEN);
        return Shown::Text;
    }
    let mut behind = 0;
    for part in found {
        out.push_str(&text[behind..part.start]);
        out.push_str(HIDDEN);
        behind = part.end;
    }
    out.push_str(&text[behind..]);
    Shown::Text
}

/// The last characters of a text, nothing if there are no more than that.
fn last(text: &str, count: usize) -> &str {
    if count == 0 {
        return "";
    }
    match text.char_indices().rev().nth(count - 1) {
        Some((0, _)) | None => "",
        Some((start, _)) => &text[start..],
    }
}

/// Half of an HMAC-SHA256 over the kind of value and its canonical form: the text of a string after unescaping, and
/// the bytes of anything else.
fn push_hash(value: Hidden<'_>, key: &[u8; 32], out: &mut String) {
    // A key of any length is good for an HMAC, so that this cannot fail; without it there is no hash.
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key) else {
        return;
    };
    let (kind, text) = match value {
        Hidden::Text(text) => (b"s", text),
        Hidden::Number(text) | Hidden::Literal(text) | Hidden::Container(text) => (b"r", text),
    };
    hash.update(kind);
    hash.update(text.as_bytes());
    for byte in &hash.finalize().into_bytes()[..8] {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_characters_are_told_only_of_longer_texts() {
        assert_eq!(last("+4930123", 3), "123");
        assert_eq!(last("é😀x", 2), "😀x");
        assert_eq!(last("abc", 3), "");
        assert_eq!(last("abc", 4), "");
        assert_eq!(last("abc", 0), "");
        assert_eq!(last("", 1), "");
    }
}
