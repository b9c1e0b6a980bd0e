//! Digits that are no telephone number, where that can be told.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Digits that are something else than a number.
pub(super) struct Other {
    pub(super) part: Range<usize>,
    /// They could be a number after all, if others stand beside them.
    pub(super) doubtful: bool,
}

/// Lengths of digests and identifiers written in hexadecimal.
const DIGESTS: [usize; 7] = [24, 32, 40, 56, 64, 96, 128];

/// Bytes in which it is seen whether something else begins at a place.
const WINDOW: usize = 160;

static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| shapes().ok());

/// The groups that capture say what a shape is: one that could be a number is `doubtful`, one of which no letter may
/// be a neighbour is `token`, `digest` must be of a usual length.
fn shapes() -> Result<Regex, regex::Error> {
    let year = "(?:19|20|21)[0-9]{2}";
    let month = "(?:1[0-2]|0?[1-9])";
    let day = "(?:3[01]|[12][0-9]|0?[1-9])";
    let clock = "[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?:Z|[+−-][01][0-9]:?[0-9]{2})?";
    let before = r"(?:[€$£¥₹₽₺₴₩]|\b(?:EUR|USD|GBP|CHF|JPY|PLN|SEK|NOK|DKK|CZK|HUF|RUB|UAH|TRY|INR|CNY|BRL))";
    let after = r"(?:[€$£¥₹₽₺₴₩]|(?:EUR|USD|GBP|CHF|JPY|PLN|SEK|NOK|DKK|CZK|HUF|RUB|UAH|TRY|INR|CNY|BRL)\b)";
    let sum =
        r"(?:[1-9][0-9]{0,2}(?:[.,'’\x20\u{a0}\u{202f}][0-9]{3}){1,5}|[1-9][0-9]{0,14})(?:[.,][0-9]{1,2})?";
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    Regex::new(&format!(
        r"(?xi)
        (?P<token>[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}} | {year}[01][0-9][0-3][0-9]T[0-9]{{4,6}}Z?)
        | (?P<digest>[0-9a-f]{{24,128}})
        | (?:{year}-{month}-{day} | {year}/{month}/{day} | {year}\.{month}\.{day}
            | {day}\.\x20?{month}\.\x20?{year} | (?:{day}/{month}|{month}/{day})/{year}
            | (?:{day}-{month}|{month}-{day})-{year})
          (?:(?:T|,?\x20){clock})?
        | {clock}
        | (?P<doubtful>{before}\x20?{sum} | {sum}[\x20\u{{a0}}\u{{202f}}]?{after}
            | (?:{octet}\.){{3}}{octet}(?:/[0-9]{{1,2}})?
            | {day}[./-]{month}[./-][0-9]{{2}}
            | [1-9][0-9]{{0,2}}(?:\.[0-9]{{3}}){{1,5}},[0-9]{{2}} | [1-9][0-9]{{0,2}}(?:,[0-9]{{3}}){{1,5}}\.[0-9]{{2}}
            | [1-9][0-9]{{0,14}}\.[0-9]{{2}})"
    ))
}

/// The parts of a text that are something else, in their order.
pub(super) fn others(text: &str) -> Vec<Other> {
    let mut others: Vec<Other> = Vec::new();
    // Without the expression, which cannot be, everything is a number.
    let Some(shapes) = &*SHAPES else { return others };
    let mut at = 0;
    while let Some(found) = shapes.captures_at(text, at) {
        let Some(part) = found.get(0).map(|whole| whole.range()) else { break };
        let behind = others.last().map_or(0, |other| other.part.end);
        let doubtful = found.name("doubtful").is_some();
        if stands_alone(text, &part, behind, doubtful) && is_what_it_seems(text, &part, &found) {
            at = part.end;
            others.push(Other { part, doubtful });
        } else {
            // The next one may begin within it, but not within its first group of digits.
            let group = text[part.start..].bytes().take_while(u8::is_ascii_digit).count().max(1);
            at = ceiling(text, part.start + group);
        }
    }
    others
}

/// Whether no further digits join on: neither directly nor behind a sign, unless those are surely something else too,
/// as in a range of dates. `behind` is where the last one ended.
fn stands_alone(text: &str, part: &Range<usize>, behind: usize, doubtful: bool) -> bool {
    let before = &text[..part.start];
    let joined = before.strip_suffix(is_joining);
    let free = match joined {
        None => !before.ends_with(char::is_numeric),
        Some(_) if before.ends_with('+') => false,
        Some(before) => (!doubtful && before.len() == behind) || !before.ends_with(char::is_numeric),
    };
    let after = &text[part.end..];
    let joined = after.strip_prefix(is_joining).unwrap_or(after);
    let follows = joined.starts_with(char::is_numeric);
    let listed = !doubtful && joined.len() < after.len() && begins_with_other(joined);
    free && (!follows || listed)
}

/// Whether a text begins with what is surely something else.
fn begins_with_other(text: &str) -> bool {
    let window = &text[..ceiling(text, text.len().min(WINDOW))];
    let found = SHAPES.as_ref().and_then(|shapes| shapes.captures(window));
    found.is_some_and(|found| {
        found.get(0).is_some_and(|whole| whole.start() == 0) && found.name("doubtful").is_none()
    })
}

/// Signs by which groups of digits join more closely than by a space.
fn is_joining(character: char) -> bool {
    matches!(character, '.' | '-' | '/' | '+' | '–' | '‐' | '‑')
}

fn is_what_it_seems(text: &str, part: &Range<usize>, found: &Captures<'_>) -> bool {
    let digest = found.name("digest").is_some();
    if !digest && found.name("token").is_none() {
        return true;
    }
    let neighbours = text[..part.start].ends_with(char::is_alphanumeric)
        || text[part.end..].starts_with(char::is_alphanumeric);
    let letters = text[part.clone()].bytes().any(|byte| byte.is_ascii_alphabetic());
    !neighbours && (!digest || (letters && DIGESTS.contains(&part.len())))
}

/// The next place where a character begins.
fn ceiling(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expression_is_right() {
        assert!(SHAPES.is_some());
    }

    #[test]
    fn what_joins_on_makes_it_a_number() {
        let of =
            |text: &'static str| others(text).into_iter().map(|other| &text[other.part]).collect::<Vec<_>>();
        assert_eq!(of("2026-11-21"), ["2026-11-21"]);
        assert_eq!(of("2026-11-21/2026-11-28"), ["2026-11-21", "2026-11-28"]);
        assert_eq!(of("2026-11-215"), [""; 0]);
        assert_eq!(of("01.12.20.12.15"), [""; 0]);
        assert_eq!(of("21.11.26 - 23.11.26"), ["21.11.26", "23.11.26"]);
        assert_eq!(of("1-2026-11-21"), [""; 0]);
        assert_eq!(of("+2026-11-21"), [""; 0]);
        assert_eq!(of("2026-11-21.5"), [""; 0]);
    }
}
