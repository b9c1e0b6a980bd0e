//! Writes XML: masks, and what a policy's own mask gave.

use crate::error::EditErrorKind;
use crate::json::lexer::is_number;
use crate::judge::{OwnedScalar, Scalar};
use crate::mask::{self, Hidden, Masker, Shown};
use crate::tree::Tree;
use crate::xml::characters::is_allowed;
use crate::xml::tape::{Part, View};
use crate::xml::text::escape;

/// Bytes of what a policy's own mask may give.
const OWN: usize = 256;

/// Appends what hides a value, for every mask but a policy's own, and says whether it is hidden: if not, the value
/// stays as it is. `value` may be left out where the mask does not need it. Null leaves nothing.
pub(crate) fn write_mask(
    masker: &Masker,
    value: Option<(View<'_>, u32)>,
    part: Part,
    key: &[u8; 32],
    out: &mut String,
) -> bool {
    let mut scratch = String::new();
    let hidden = match &value {
        None => Hidden::Container(""),
        Some((view, at)) => match view.scalar(*at, &mut scratch) {
            Scalar::Text(text) => Hidden::Text(text),
            _ => {
                let token = view.token(*at);
                Hidden::Container(view.raw(token.start, token.end))
            }
        },
    };
    let mut text = String::new();
    match mask::hide(masker, hidden, key, &mut text) {
        Shown::Text => escape(&text, part == Part::Attribute, out),
        Shown::Null => {}
        Shown::Same => return false,
    }
    true
}

/// Appends what a policy's own mask gave.
pub(crate) fn write_own(scalar: &OwnedScalar, part: Part, out: &mut String) -> Result<(), EditErrorKind> {
    match scalar {
        OwnedScalar::Number(text) | OwnedScalar::Text(text) if text.len() > OWN => {
            return Err(EditErrorKind::Verdict("a mask gave more than 256 bytes"));
        }
        OwnedScalar::Number(text) if !is_number(text) => {
            return Err(EditErrorKind::Verdict("a mask gave a number that is none"));
        }
        OwnedScalar::Text(text) if !text.chars().all(is_allowed) => {
            return Err(EditErrorKind::Verdict("a mask gave a character that XML has not"));
        }
        OwnedScalar::Null => {}
        OwnedScalar::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        OwnedScalar::Number(text) => out.push_str(text),
        OwnedScalar::Text(text) => escape(text, part == Part::Attribute, out),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_gives_is_checked() {
        let mut out = String::new();
        write_own(&OwnedScalar::Text("<\"]]>\n".to_owned()), Part::Element, &mut out).unwrap();
        write_own(&OwnedScalar::Text("<\"'\n".to_owned()), Part::Attribute, &mut out).unwrap();
        write_own(&OwnedScalar::Number("-1e5".to_owned()), Part::Element, &mut out).unwrap();
        write_own(&OwnedScalar::Null, Part::Element, &mut out).unwrap();
        write_own(&OwnedScalar::Boolean(false), Part::Element, &mut out).unwrap();
        assert_eq!(out, "&lt;\"]]&gt;\n&lt;&quot;&apos;&#10;-1e5false");
        for wrong in [
            OwnedScalar::Number("01".to_owned()),
            OwnedScalar::Text("x".repeat(257)),
            OwnedScalar::Text("\u{1}".to_owned()),
        ] {
            assert!(matches!(write_own(&wrong, Part::Element, &mut out), Err(EditErrorKind::Verdict(_))));
        }
    }
}
