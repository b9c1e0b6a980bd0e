//! Cells of a spreadsheet: lists in one cell, and texts that a spreadsheet would take for formulas.

use std::borrow::Cow;

/// Several texts in one cell: `a; b`. A semicolon or backslash of a text itself has a backslash before it.
pub(super) fn join<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut cell = String::new();
    for (position, text) in texts.into_iter().enumerate() {
        if position > 0 {
            cell.push(';');
        }
        for character in text.chars() {
            if matches!(character, ';' | '\\') {
                cell.push('\\');
            }
            cell.push(character);
        }
    }
    cell
}

/// The texts of a cell that [`join`] wrote, or a person: blanks around them do not count. An empty cell holds none.
///
/// # Errors
/// What is wrong with the cell.
pub(super) fn split(cell: &str) -> Result<Vec<String>, &'static str> {
    if cell.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut texts = vec![String::new()];
    let mut characters = cell.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' => texts.push(String::new()),
            '\\' => match characters.next() {
                Some(escaped @ (';' | '\\')) => push(&mut texts, escaped),
                _ => return Err("a backslash stands before `;` or another backslash only"),
            },
            character => push(&mut texts, character),
        }
    }
    let texts: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
    if texts.iter().any(String::is_empty) {
        return Err("there is nothing between two semicolons, or before or after one");
    }
    Ok(texts)
}

fn push(texts: &mut [String], character: char) {
    if let Some(last) = texts.last_mut() {
        last.push(character);
    }
}

/// The cell with an apostrophe before it if a spreadsheet would compute it.
pub(super) fn guarded(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { format!("'{cell}").into() } else { cell.into() }
}

/// The cell without the apostrophe that [`guarded`] put before it.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}

/// Whether a spreadsheet computes what begins like this. Apostrophes before it are seen through, so that a text that has
/// some of its own gets one more, and keeps them.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formulas_are_guarded_and_come_back() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("'=1", "''=1"),
            ("+7 900", "'+7 900"),
            ("'quoted'", "'quoted'"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(guarded(cell), written);
            assert_eq!(unguarded(written), cell);
        }
        // Who types a number by hand writes no apostrophe.
        assert_eq!(unguarded("-7"), "-7");
    }

    #[test]
    fn lists_say_what_is_wrong() {
        assert_eq!(split(" acme ; globex").unwrap_or_default(), ["acme", "globex"]);
        assert_eq!(split("a\\;b;c\\\\").unwrap_or_default(), ["a;b", "c\\"]);
        for wrong in ["a;", ";a", "a;;b", "a\\b", "a\\"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_cell_and_any_list_come_back(cell in ".*", list in prop::collection::vec("[a-z;\\\\=' é]{0,6}[a-z;\\\\=]", 0..4)) {
            let guard = guarded(&cell);
            prop_assert_eq!(unguarded(&guard), &cell);
            let list: Vec<String> = list.iter().map(|text| text.trim().to_owned()).collect();
            prop_assert_eq!(split(&join(list.iter().map(String::as_str))), Ok(list));
        }

        #[test]
        fn no_cell_is_too_strange(cell in ".*") {
            _ = split(&cell);
        }
    }
}
