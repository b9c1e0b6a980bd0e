//! Writes JSON: strings, masks, and what a policy's own mask gave.

use crate::error::EditErrorKind;
use crate::json::lexer::is_number;
use crate::json::view::View;
use crate::judge::{OwnedScalar, Scalar};
use crate::mask::{self, Hidden, Masker, Shown};
use crate::spec::Mask;
use crate::tree::{Kind, Tree};

/// Bytes of what a policy's own mask may give.
const OWN: usize = 256;

/// Appends what hides a value, for every mask but a policy's own, and says whether that is anything: if not, the value
/// stays as it is. `value` may be left out where the mask does not need it.
pub(crate) fn write_mask(
    masker: &Masker,
    value: Option<(View<'_>, u32)>,
    key: &[u8; 32],
    out: &mut String,
) -> bool {
    if let Mask::Fixed(text) = masker.spec() {
        write_string(text, out);
        return true;
    }
    let mut scratch = String::new();
    let hidden = match &value {
        None => Hidden::Container(""),
        Some((view, at)) => match (view.kind(*at), view.scalar(*at, &mut scratch)) {
            (Kind::String, Scalar::Text(text)) => Hidden::Text(text),
            (Kind::Number, _) => Hidden::Number(view.raw_text(*at)),
            (Kind::Object | Kind::Array, _) => Hidden::Container(view.raw_text(*at)),
            _ => Hidden::Literal(view.raw_text(*at)),
        },
    };
    let start = out.len();
    out.push('"');
    match mask::hide(masker, hidden, key, out) {
        Shown::Text => {
            escape_from(start + 1, out);
            out.push('"');
        }
        Shown::Null => {
            out.truncate(start);
            out.push_str("null");
        }
        Shown::Same => {
            out.truncate(start);
            return false;
        }
    }
    true
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

pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

/// Escapes what stands from `start` on.
fn escape_from(start: usize, out: &mut String) {
    if out.as_bytes()[start..].iter().any(|&byte| is_special(byte)) {
        let text = out.split_off(start);
        escape(&text, out);
    }
}

/// Whether a byte must be escaped.
fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(special) = rest.bytes().position(is_special) {
        out.push_str(&rest[..special]);
        match rest.as_bytes()[special] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                out.push_str("\\u00");
                for digit in [control >> 4, control & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
        rest = &rest[special + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

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
