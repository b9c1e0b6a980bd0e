//! What one plan shows of a body that another hides: by two traced reports of the same body.
//!
//! A place is hidden where it, or something around it, is dropped, removed, not listed, or masked. What the first
//! report hides and the second does not is *revealed*, the other way round *hidden*. Where both mask, a mask that
//! tells more reveals; masks of a policy's own making cannot be compared, and count as revealing.

use std::collections::HashMap;

use crate::plan::masks::openness;
use crate::report::{Difference, DifferenceKind, PathCounts, Report};
use crate::spec::Mask;

/// What a second plan shows and hides that a first does not. Counts by path pattern, without a value of the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Places that only the first hides, or hides more.
    pub revealed: PathCounts,
    /// Places that only the second hides, or hides more.
    pub hidden: PathCounts,
}

/// How much of a place is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left<'a> {
    Nothing,
    Mask(&'a Mask),
    /// A total of what is left.
    Total,
    All,
}

impl Changes {
    /// Compares what two editors with [`crate::Options::trace`] did to the same whole body. `None`: one of them had
    /// more differences than a report remembers, so that nothing can be said.
    #[must_use]
    pub fn between(first: &Report, second: &Report) -> Option<Changes> {
        if !first.is_whole() || !second.is_whole() {
            return None;
        }
        let mut changes = Changes::default();
        if first.missing != second.missing {
            // One of them has no answer but the one for a missing record.
            let counts = if first.missing { &mut changes.revealed } else { &mut changes.hidden };
            counts.add("$");
            return Some(changes);
        }
        let (old, new) = (Places::of(&first.differences), Places::of(&second.differences));
        for difference in &first.differences {
            if tells_more(old.left(&difference.path), new.left(&difference.path)) {
                changes.revealed.add(&pattern(&difference.path, first.is_markup));
            }
        }
        for difference in &second.differences {
            let (before, after) = (old.left(&difference.path), new.left(&difference.path));
            if tells_more(after, before) && !tells_more(before, after) {
                changes.hidden.add(&pattern(&difference.path, second.is_markup));
            }
        }
        Some(changes)
    }
}

/// What became of each place that a report names. The first word on a place holds: a second is of what a mask or a
/// removal took with it.
struct Places<'a>(HashMap<&'a str, Left<'a>>);

impl<'a> Places<'a> {
    fn of(differences: &'a [Difference]) -> Places<'a> {
        let mut places = HashMap::with_capacity(differences.len());
        for difference in differences {
            let left = match &difference.kind {
                DifferenceKind::Masked { by } => Left::Mask(by),
                DifferenceKind::Recounted => Left::Total,
                DifferenceKind::Dropped { .. } | DifferenceKind::Removed | DifferenceKind::Unlisted => {
                    Left::Nothing
                }
            };
            let known = places.entry(difference.path.as_str()).or_insert(left);
            if left == Left::Nothing {
                *known = left;
            }
        }
        Places(places)
    }

    /// What is left of a place: the least that is said of it and of everything around it.
    fn left(&self, path: &str) -> Left<'a> {
        let mut least = Left::All;
        for place in around(path) {
            match self.0.get(place) {
                Some(Left::Nothing) => return Left::Nothing,
                Some(&left) if least == Left::All => least = left,
                _ => {}
            }
        }
        least
    }
}

/// Whether the second leaves more of a place than the first.
fn tells_more(first: Left<'_>, second: Left<'_>) -> bool {
    match (first, second) {
        (Left::Mask(first), Left::Mask(second)) => match (first, second) {
            (Mask::Own(_), _) | (_, Mask::Own(_)) => true,
            (Mask::Patterns(first), Mask::Patterns(second)) => {
                first.iter().any(|pattern| !second.contains(pattern))
            }
            _ => told(first) < told(second),
        },
        _ => rank(first) < rank(second),
    }
}

/// Which of two kinds of thing tells more, before masks are compared.
fn rank(left: Left<'_>) -> u8 {
    match left {
        Left::Nothing => 0,
        Left::Mask(_) => 1,
        Left::Total => 2,
        Left::All => 3,
    }
}

/// How much a mask tells, by kind and degree. One text tells as little as another.
fn told(mask: &Mask) -> (u8, u32) {
    let (kind, degree, ..) = openness(mask);
    match mask {
        Mask::Fixed(_) | Mask::Null => (0, 0),
        _ => (kind, degree),
    }
}

/// A place and what is around it, from the inside out: `$.a[1].b`, `$.a[1]`, `$.a`, `$`.
fn around(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| Some(&path[..last_step(path)?]))
}

/// Where the last step of a path begins.
fn last_step(path: &str) -> Option<usize> {
    let mut starts = steps(path).map(|(start, _)| start);
    let mut last = starts.next()?;
    starts.for_each(|start| last = start);
    Some(last)
}

/// The steps of a concrete path with their places, as [`crate::Difference::path`] writes them.
fn steps(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = path.len().min(1);
    std::iter::from_fn(move || {
        let rest = &path[from..];
        let length = match rest.as_bytes().first()? {
            b'[' if rest[1..].starts_with('\'') => quoted(rest),
            b'[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ => rest[1..].find(['.', '[']).map_or(rest.len(), |end| end + 1),
        };
        let start = from;
        from += length;
        Some((start, &rest[..length]))
    })
}

/// The length of a step such as `['it\'s']`.
fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(2) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'\'' => return (at + 2).min(rest.len()),
            _ => {}
        }
    }
    rest.len()
}

/// The pattern of a concrete path, in which names that look like values are not shown.
fn pattern(path: &str, is_markup: bool) -> String {
    let mut pattern = String::from("$");
    for (_, step) in steps(path) {
        match step.as_bytes() {
            [b'[', b'\'', ..] => {
                // Names of markup have these marks and are no values; in other formats such names may be.
                let name = step.trim_start_matches("['").trim_end_matches("']");
                if is_markup && name.contains(['@', '#', ':']) && crate::place::is_markup(name) {
                    pattern.push_str(step);
                } else {
                    pattern.push_str(".*");
                }
            }
            [b'[', ..] => pattern.push_str("[*]"),
            _ => pattern.push_str(step),
        }
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Pattern;

    fn report(differences: &[(&str, DifferenceKind)]) -> Report {
        let mut report = Report::default();
        differences.iter().for_each(|(path, kind)| report.difference(path, kind.clone()));
        report
    }

    fn compare(
        first: &[(&str, DifferenceKind)],
        second: &[(&str, DifferenceKind)],
    ) -> [Vec<(String, u64)>; 2] {
        let changes = Changes::between(&report(first), &report(second)).unwrap();
        [changes.revealed, changes.hidden]
            .map(|counts| counts.iter().map(|(path, count)| (path.to_owned(), count)).collect())
    }

    fn dropped() -> DifferenceKind {
        DifferenceKind::Dropped { set: 0, values: Vec::new() }
    }

    fn masked(by: Mask) -> DifferenceKind {
        DifferenceKind::Masked { by }
    }

    fn one(path: &str) -> Vec<(String, u64)> {
        vec![(path.to_owned(), 1)]
    }

    #[test]
    fn what_is_hidden_by_what_is_around_it_is_hidden() {
        let fields = [("$.d[0].a", DifferenceKind::Removed), ("$.d[1].a", DifferenceKind::Removed)];
        let record = [("$.d[0].a", DifferenceKind::Removed), ("$.d[1]", dropped())];
        assert_eq!(compare(&fields, &record), [vec![], one("$.d[*]")]);
        assert_eq!(compare(&record, &fields), [one("$.d[*]"), vec![]]);
        assert_eq!(compare(&record, &record), [vec![], vec![]]);
        // A name that begins with another is not in it.
        let longer = [("$.d.ab", DifferenceKind::Removed)];
        let shorter = [("$.d.a", DifferenceKind::Removed)];
        assert_eq!(compare(&longer, &shorter), [one("$.d.ab"), one("$.d.a")]);
    }

    #[test]
    fn a_mask_that_tells_more_reveals() {
        let by = |mask| [("$.phone", masked(mask))];
        let gone = [("$.phone", DifferenceKind::Unlisted)];
        assert_eq!(compare(&gone, &by(Mask::Null)), [one("$.phone"), vec![]]);
        assert_eq!(compare(&by(Mask::Null), &gone), [vec![], one("$.phone")]);
        assert_eq!(compare(&by(Mask::KeepLast(2)), &by(Mask::KeepLast(4))), [one("$.phone"), vec![]]);
        assert_eq!(compare(&by(Mask::KeepLast(4)), &by(Mask::Hash)), [vec![], one("$.phone")]);
        assert_eq!(compare(&by(Mask::Fixed("a".into())), &by(Mask::Fixed("b".into()))), [vec![], vec![]]);
        let finds = |patterns: &[Pattern]| by(Mask::Patterns(patterns.to_vec()));
        assert_eq!(compare(&finds(&[Pattern::Phone]), &finds(&[Pattern::Email])), [one("$.phone"), vec![]]);
        let both = finds(&[Pattern::Phone, Pattern::Email]);
        assert_eq!(compare(&finds(&[Pattern::Phone]), &both), [vec![], one("$.phone")]);
        assert_eq!(compare(&by(Mask::Own(0)), &by(Mask::Own(0))), [one("$.phone"), vec![]]);
        assert_eq!(compare(&by(Mask::Null), &[]), [one("$.phone"), vec![]]);
        // The whole was masked; now only a part of it is, by a mask of the same kind.
        let part = [("$.phone.number", masked(Mask::Null))];
        assert_eq!(compare(&by(Mask::Null), &part), [one("$.phone"), vec![]]);
    }

    #[test]
    fn totals_and_missing_records_count() {
        let total = [("$.total", DifferenceKind::Recounted)];
        assert_eq!(compare(&total, &[]), [one("$.total"), vec![]]);
        assert_eq!(compare(&[], &total), [vec![], one("$.total")]);
        let missing = Report { missing: true, ..Report::default() };
        let changes = Changes::between(&missing, &Report::default()).unwrap();
        assert_eq!(changes.revealed.get("$"), 1);
    }

    #[test]
    fn patterns_show_no_names_that_could_be_values() {
        for (path, expected, of_markup) in [
            ("$", "$", "$"),
            ("$.data[3].phone", "$.data[*].phone", "$.data[*].phone"),
            ("$['it\\'s].x']['+49']", "$.*.*", "$.*.*"),
            ("$.a['@id'][0]", "$.a.*[*]", "$.a['@id'][*]"),
            ("$['user:anna']", "$.*", "$['user:anna']"),
            ("$['x@y.z']", "$.*", "$.*"),
        ] {
            assert_eq!([pattern(path, false), pattern(path, true)], [expected, of_markup]);
        }
        let steps = around("$.a['b.c'][2].d").collect::<Vec<_>>();
        assert_eq!(steps, ["$.a['b.c'][2].d", "$.a['b.c'][2]", "$.a['b.c']", "$.a", "$"]);
    }

    #[test]
    fn a_report_that_is_not_whole_is_not_compared() {
        let mut full = Report::default();
        while full.is_whole() {
            full.difference("$.a", DifferenceKind::Removed);
        }
        assert_eq!(Changes::between(&full, &Report::default()), None);
    }
}
