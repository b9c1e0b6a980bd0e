//! Telephone numbers, in the ways that people write them: seven digits or more, of any script, in groups that spaces,
//! dots, dashes, parentheses, slashes and plus signs part from each other, and their extensions.
//!
//! What is certainly something else stays: dates, times, addresses of the Internet, amounts of money, UUIDs and digests.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::pattern::FINDS;
use crate::pattern::digits::{digits, has_digits, runs};
use crate::pattern::other::{Other, others};

/// Digits below which there is no number.
const DIGITS: usize = 7;

/// What stands directly behind a number and belongs to it.
static EXTENSION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^[\ \t\u{a0},;(/–-]{0,3}
          (?:extension|extn?|int(?:erno|ern)?|poste|durchwahl|dw|app|anexo|ramal|доб|tel|\#|x)
          [\ \u{a0}.:=\#]{0,3}\d{1,7}\)?",
    )
    .ok()
});

/// Appends the parts of a text that are numbers.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>) {
    if !has_digits(text, DIGITS) {
        return;
    }
    let mut other = None;
    for run in runs(text).filter(|run| digits(&text[run.clone()]) >= DIGITS) {
        if found.len() > FINDS {
            return;
        }
        let other = other.get_or_insert_with(|| others(text));
        find_in(text, &run, other, found);
    }
}

/// Finds the numbers in a run of groups of digits.
fn find_in(text: &str, run: &Range<usize>, other: &[Other], found: &mut Vec<Range<usize>>) {
    let first = other.partition_point(|other| other.part.end <= run.start);
    let inside = || other[first..].iter().take_while(|other| other.part.start < run.end);
    let mut parts = Vec::new();
    let mut behind = run.start;
    for other in inside() {
        parts.push(behind..other.part.start.max(behind));
        behind = other.part.end.min(run.end);
    }
    parts.push(behind..run.end);
    let doubtful = inside().any(|other| other.doubtful);
    if parts.len() > 1 && parts.iter().any(|part| belongs(text, part, doubtful)) {
        parts = vec![run.clone()];
    }
    for part in parts {
        if digits(&text[part.clone()]) >= DIGITS {
            found.push(whole(text, part));
        }
    }
}

/// Whether the few digits beside something that is no number tell that it is one all the same: a prefix such as `+49`
/// or `030`; or any digits, where what stands beside them could be a number.
fn belongs(text: &str, part: &Range<usize>, doubtful: bool) -> bool {
    let few = &text[part.clone()];
    let count = digits(few);
    if count == 0 || count >= DIGITS {
        return false;
    }
    let begins = few.trim_start_matches(|character: char| !character.is_numeric());
    let before = &text[..part.end - begins.len()];
    doubtful || before.ends_with(['+', '＋']) || (count > 1 && begins.starts_with('0'))
}

/// A number with the sign before it and the extension behind it.
fn whole(text: &str, part: Range<usize>) -> Range<usize> {
    let number = &text[part.clone()];
    let inner = number.trim_matches(|character: char| !character.is_numeric());
    let start = part.start + (number.len() - number.trim_start_matches(|c: char| !c.is_numeric()).len());
    let end = start + inner.len();
    let before = text[..start].trim_end_matches(['+', '＋', '(', '（']);
    let extension = match &*EXTENSION {
        Some(extension) => extension.find(&text[end..]).map_or(0, |found| found.end()),
        // Cannot be: the tests have it. All that follows goes.
        None => text.len() - end,
    };
    before.len()..end + extension
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expression_is_right() {
        assert!(EXTENSION.is_some());
    }

    #[test]
    fn what_is_found_begins_and_ends_with_the_number() {
        let mut found = Vec::new();
        let text = "ring (+49 30) 123-4567 x 89, or – 555.123.4567.";
        find(text, &mut found);
        let parts: Vec<&str> = found.into_iter().map(|part| &text[part]).collect();
        assert_eq!(parts, ["(+49 30) 123-4567 x 89", "555.123.4567"]);
    }
}
