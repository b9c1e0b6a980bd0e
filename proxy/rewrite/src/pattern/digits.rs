//! Runs of digits in groups.

use std::ops::Range;

/// Signs between two groups of digits at the most, such as those in `030) / 12`.
const BETWEEN: usize = 6;

/// How many digits a text has, of any script.
pub(super) fn digits(text: &str) -> usize {
    text.chars().filter(|character| character.is_numeric()).count()
}

/// Whether a text has at least so many digits. Quick for the many that have not.
pub(super) fn has_digits(text: &str, count: usize) -> bool {
    let plain = text.bytes().filter(u8::is_ascii_digit).count();
    plain >= count || (!text.is_ascii() && digits(text) >= count)
}

/// The longest stretches of digits and of what stands between groups of them, from a digit to a digit.
pub(super) fn runs(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut behind = 0;
    std::iter::from_fn(move || {
        let start = behind + text[behind..].find(char::is_numeric)?;
        let mut end = start;
        let mut at = start;
        let mut signs = 0;
        while let Some(character) = text[at..].chars().next() {
            if character.is_numeric() {
                at += character.len_utf8();
                end = at;
                signs = 0;
                continue;
            }
            let Some(length) = between(&text[at..], character) else { break };
            signs += usize::from(!is_unseen(character));
            if signs > BETWEEN {
                break;
            }
            at += length;
        }
        behind = end;
        Some(start..end)
    })
}

/// The length of what stands between two groups at the beginning of a text.
fn between(text: &str, first: char) -> Option<usize> {
    match first {
        ' ' | '.' | '-' | '(' | ')' | '/' | '+' | '\t' | '\n' => Some(1),
        '\r' => text.starts_with("\r\n").then_some(2),
        '%' => escaped(text),
        '&' => REFERENCES.iter().find(|reference| starts_with(text, reference)).map(|found| found.len()),
        _ if first.is_ascii() => None,
        _ => (first.is_whitespace() || is_sign(first) || is_unseen(first)).then_some(first.len_utf8()),
    }
}

/// Signs as HTML writes them.
const REFERENCES: [&str; 8] = ["&nbsp;", "&plus;", "&#43;", "&#x2b;", "&#160;", "&#xa0;", "&#8209;", "&shy;"];
/// Signs as addresses of the web write them, behind the `%`: space, parentheses, plus, dash, dot, slash, no-break space.
const ESCAPES: [&str; 8] = ["20", "28", "29", "2b", "2d", "2e", "2f", "c2%a0"];

/// The length of a sign that is percent-encoded, perhaps more than once.
fn escaped(text: &str) -> Option<usize> {
    let mut at = 1;
    while text[at..].starts_with("25") {
        at += 2;
    }
    let found = ESCAPES.iter().find(|escape| starts_with(&text[at..], escape))?;
    Some(at + found.len())
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.as_bytes()
        .get(..beginning.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(beginning.as_bytes()))
}

/// Dots, dashes, slashes, parentheses and plus signs beyond ASCII.
fn is_sign(character: char) -> bool {
    matches!(
        character,
        '·' | '•' | '․' | '‧' | '∙' | '．' | '‐'
            ..='―'
                | '−'
                | '﹘'
                | '﹣'
                | '－'
                | '־'
                | '⸺'
                | '⸻'
                | '〜'
                | '（'
                | '）'
                | '／'
                | '⁄'
                | '∕'
                | '＋'
                | '﹢'
    )
}

/// Marks that are not seen, which numbers bring along that were copied from elsewhere.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_put_together() {
        let of = |text: &'static str| runs(text).map(|run| &text[run]).collect::<Vec<_>>();
        assert_eq!(of("a 12 (3)/4, 5-\r\n6b"), ["12 (3)/4", "5-\r\n6"]);
        assert_eq!(of("1%2B2%252F3&nbsp;4%3A5%"), ["1%2B2%252F3&nbsp;4", "3", "5"]);
        assert_eq!(of("1\u{2060}2–3 ٣\u{fe0f}\u{20e3}٤"), ["1\u{2060}2–3 ٣\u{fe0f}\u{20e3}٤"]);
        assert_eq!(of("1 ....... 2"), ["1", "2"]);
        assert_eq!(of(""), [""; 0]);
    }

    #[test]
    fn digits_of_all_scripts_count() {
        assert_eq!(digits("1٢３④x"), 4);
        assert!(has_digits("1٢３④x", 4) && !has_digits("1٢３④x", 5) && has_digits("12", 2));
    }
}
