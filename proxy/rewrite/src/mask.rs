//! What takes the place of a hidden value (H37).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::EditErrorKind;
use crate::judge::{OwnedScalar, Scalar};
use crate::lexer::{ScalarKind, is_number};
use crate::spec::Mask;
use crate::tape::{Kind, Token, View};

/// Bytes of what a policy's own mask may give.
const OWN: usize = 256;

/// What a mask needs to know of the value it hides.
pub(crate) fn needs_value(mask: &Mask, container: bool) -> bool {
    match mask {
        Mask::Fixed(_) | Mask::Null => false,
        Mask::KeepLast(_) => !container,
        Mask::Hash | Mask::Own(_) => true,
    }
}

/// Appends what hides a value, for every mask but a policy's own. `value` may be left out where the mask does not
/// need it.
pub(crate) fn write(mask: &Mask, value: Option<(View<'_>, u32)>, key: &[u8; 32], out: &mut String) {
    match mask {
        Mask::Fixed(text) => write_string(text, out),
        Mask::Null => out.push_str("null"),
        Mask::KeepLast(count) => {
            out.push_str("\"****");
            if let Some((view, at)) = value {
                let mut scratch = String::new();
                let token = view.token(at);
                let text = match token.kind {
                    Kind::Scalar(ScalarKind::String) => view.string(token, &mut scratch),
                    Kind::Scalar(ScalarKind::Number) => view.raw(token),
                    _ => "",
                };
                escape(last(text, *count as usize), out);
            }
            out.push('"');
        }
        Mask::Hash | Mask::Own(_) => {
            out.push('"');
            if let Some((view, at)) = value {
                push_hash(view, view.token(at), key, out);
            }
            out.push('"');
        }
    }
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
fn push_hash(view: View<'_>, token: Token, key: &[u8; 32], out: &mut String) {
    // A key of any length is good for an HMAC, so that this cannot fail; without it there is no hash.
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key) else {
        return;
    };
    let mut scratch = String::new();
    let (kind, text) = match token.kind {
        Kind::Scalar(ScalarKind::String) => (b"s", view.string(token, &mut scratch)),
        _ => (b"r", view.raw(token)),
    };
    hash.update(kind);
    hash.update(text.as_bytes());
    for byte in &hash.finalize().into_bytes()[..8] {
        for digit in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
}

/// Appends what a policy's own mask gave.
pub(crate) fn write_own(scalar: &OwnedScalar, out: &mut String) -> Result<(), EditErrorKind> {
    match scalar {
        OwnedScalar::Number(text) | OwnedScalar::Text(text) if text.len() > OWN => {
            return Err(EditErrorKind::Verdict("a mask gave more than 256 bytes"));
        }
        OwnedScalar::Number(text) if !is_number(text) => {
            return Err(EditErrorKind::Verdict("a mask gave a number that is none"));
        }
        OwnedScalar::Null => out.push_str("null"),
        OwnedScalar::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        OwnedScalar::Number(text) => out.push_str(text),
        OwnedScalar::Text(text) => write_string(text, out),
    }
    Ok(())
}

/// A token as the judge sees it.
pub(crate) fn scalar<'s>(view: View<'s>, token: Token, scratch: &'s mut String) -> Scalar<'s> {
    match token.kind {
        Kind::Scalar(ScalarKind::True) => Scalar::Boolean(true),
        Kind::Scalar(ScalarKind::False) => Scalar::Boolean(false),
        Kind::Scalar(ScalarKind::Number) => Scalar::Number(view.raw(token)),
        Kind::Scalar(ScalarKind::String) => Scalar::Text(view.string(token, scratch)),
        _ => Scalar::Null,
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' => {
                out.push_str("\\u00");
                for digit in [u32::from(character) >> 4, u32::from(character) & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            _ => out.push(character),
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

    #[test]
    fn what_a_policy_gives_is_checked() {
        let mut out = String::new();
        write_own(&OwnedScalar::Text("\"\u{1}\n".to_owned()), &mut out).unwrap();
        write_own(&OwnedScalar::Number("-1e5".to_owned()), &mut out).unwrap();
        write_own(&OwnedScalar::Null, &mut out).unwrap();
        write_own(&OwnedScalar::Boolean(false), &mut out).unwrap();
        assert_eq!(out, "\"\\\"\\u0001\\n\"-1e5nullfalse");
        for wrong in [OwnedScalar::Number("01".to_owned()), OwnedScalar::Text("x".repeat(257))] {
            assert!(matches!(write_own(&wrong, &mut out), Err(EditErrorKind::Verdict(_))));
        }
    }
}
