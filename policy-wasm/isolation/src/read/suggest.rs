//! What somebody who mistyped a name may have meant.

/// The name that is nearest to a mistyped one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = if typed.chars().count() < 4 { 1 } else { 2 };
    let measured = known.map(|name| (distance(typed, name), name));
    measured.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// How many letters must be put in, left out or changed to make one text of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = above;
        row[0] = above + 1;
        for (column, wanted) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != *wanted);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let known = ["keep", "keep_all", "expect", "mask"];
        assert_eq!(nearest("kepe", known.into_iter()), Some("keep"));
        assert_eq!(nearest("keepall", known.into_iter()), Some("keep_all"));
        assert_eq!(nearest("hide", known.into_iter()), None);
        assert_eq!(nearest("mas", known.into_iter()), Some("mask"));
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
