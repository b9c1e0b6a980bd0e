//! Wrong rules and what is said of them: each `tests/problems/NAME.toml` has its `NAME.txt`. Run with
//! `UPDATE_PROBLEMS=1` to write the latter anew, and read the difference.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use cordon_isolation::Rules;
use cordon_policy_sdk::types::Problem;

#[test]
fn wrong_rules_are_reported_whole_and_in_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/problems");
    let mut cases: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    cases.sort();
    assert!(cases.len() >= 8);
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let found = written(&text, &Rules::read(&text).expect_err(&case.display().to_string()));
        let expected = case.with_extension("txt");
        if std::env::var_os("UPDATE_PROBLEMS").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}", case.display());
    }
}

#[test]
fn no_cut_of_a_rules_file_makes_it_panic() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/problems/many.toml")).unwrap();
    for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
        let problems = Rules::read(&text[..end]).expect_err("never right");
        for span in problems.iter().filter_map(|problem| problem.at) {
            assert!(text.get(span.start as usize..span.end as usize).is_some());
        }
    }
}

fn written(text: &str, problems: &[Problem]) -> String {
    let mut written = String::new();
    for problem in problems {
        let at = problem.at.map_or("nowhere".to_owned(), |span| {
            let (start, end) = (span.start as usize, span.end as usize);
            let line = text[..start].matches('\n').count() + 1;
            let said = text[start..end].lines().next().unwrap_or_default();
            format!("line {line}, {said}")
        });
        writeln!(written, "{}\n  at {at}\n  {}", problem.pointer, problem.message).unwrap();
    }
    written
}
