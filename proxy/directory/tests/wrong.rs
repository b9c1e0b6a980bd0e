//! Wrong directories and all that is said about them: `tests/wrong/NAME.toml` beside `tests/wrong/NAME.txt`.
//!
//! A line of the expected text is `LINE: message (help)`, with `-` for a problem without a span. Run with
//! `WRITE_EXPECTED=1` to write what is said now, then read the difference.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use cordon_directory::{Problem, Snapshot};

#[test]
fn every_wrong_directory_is_told_all_its_problems() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wrong");
    let mut cases = 0;
    let mut faults = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        cases += 1;
        let text = fs::read_to_string(&path).unwrap();
        let problems = Snapshot::parse(&text).expect_err("the directory is wrong");
        let said: String = problems.iter().map(|problem| line(&text, problem)).collect();
        assert!(!said.contains("plain-secret"), "a token was shown: {said}");
        for problem in &problems {
            let shown = problem.span.as_ref().map_or("", |span| lines_around(&text, span));
            assert!(!shown.contains("plain-secret"), "the place of a problem holds a token: {problem}");
        }
        let expected = path.with_extension("txt");
        if std::env::var_os("WRITE_EXPECTED").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        if said != fs::read_to_string(&expected).unwrap_or_default() {
            faults.push(format!("{}:\n{said}", path.display()));
        }
    }
    assert!(cases >= 10, "only {cases} cases were found");
    assert!(faults.is_empty(), "other problems than expected:\n{}", faults.join("\n"));
}

fn line(text: &str, problem: &Problem) -> String {
    match &problem.span {
        Some(span) => format!("{}: {problem}\n", text[..span.start].matches('\n').count() + 1),
        None => format!("-: {problem}\n"),
    }
}

fn lines_around<'text>(text: &'text str, span: &std::ops::Range<usize>) -> &'text str {
    let begin = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |length| span.end + length);
    &text[begin..end]
}
