//! Compares what a caller got with what the case expects.

use cordon_gateway::Explained;
use http::HeaderName;
use similar::TextDiff;

use crate::case::{Content, Expected};
use crate::outcome::Mismatch;
use crate::run::Exchanged;
use crate::tree::Tree;

/// Lines of a difference that are shown.
const LINES: usize = 80;
/// Equal lines around each difference.
const AROUND: usize = 3;

/// Everything that is not as it is expected.
pub(crate) fn mismatches(expected: &Expected, exchanged: &Exchanged) -> Vec<Mismatch> {
    let explained = &exchanged.explained;
    let mut found = Vec::new();
    for line in &exchanged.asked.unanswered {
        found.push(Mismatch::plain(format!("the backend was asked {line}, to which the case has no answer")));
    }
    if let Some(asked) = expected.asked.as_ref().filter(|asked| **asked != exchanged.asked.all) {
        let lines = |requests: &[String]| requests.iter().map(|line| format!("{line}\n")).collect::<String>();
        found.push(differing("the backend was asked", &lines(asked), &lines(&exchanged.asked.all)));
    }
    let status = explained.answer.status;
    if let Some(wanted) = expected.status.filter(|wanted| *wanted != status) {
        found.push(Mismatch::plain(format!("status {wanted} is expected, {}", came(explained))));
    }
    for (name, wanted) in &expected.headers {
        found.extend(header(name, wanted.as_deref(), explained));
    }
    if explained.answer.broken_off {
        found.push(Mismatch::plain("the answer breaks off before its end"));
    }
    found.extend(content(&expected.content, explained));
    found
}

fn content(expected: &Content, explained: &Explained) -> Option<Mismatch> {
    let body = &explained.answer.body;
    match expected {
        Content::Refused(code) => {
            let is = explained.refusal.as_ref().map(|refused| refused.problem.code.as_str());
            (is != Some(code.as_str()))
                .then(|| Mismatch::plain(format!("the refusal `{code}` is expected, {}", came(explained))))
        }
        Content::Exactly(text) => (text.as_bytes() != &body[..])
            .then(|| differing("the body", text, &String::from_utf8_lossy(body))),
        Content::Json(tree) => match std::str::from_utf8(body).map(Tree::read) {
            Ok(Ok(got)) if got == *tree => None,
            Ok(Ok(got)) => Some(differing("the document", &tree.lines(), &got.lines())),
            _ if explained.refusal.is_some() => {
                Some(Mismatch::plain(format!("a document is expected, {}", came(explained))))
            }
            _ => Some(differing("a document is expected", &tree.lines(), &String::from_utf8_lossy(body))),
        },
    }
}

fn header(name: &HeaderName, wanted: Option<&str>, explained: &Explained) -> Option<Mismatch> {
    let values: Vec<_> = explained.answer.headers.get_all(name).iter().collect();
    let shown = || values.iter().map(|value| value.to_str().unwrap_or("…")).collect::<Vec<_>>().join(", ");
    match wanted {
        Some(wanted) if values.len() == 1 && values[0].as_bytes() == wanted.as_bytes() => None,
        Some(wanted) if values.is_empty() => {
            Some(Mismatch::plain(format!("the header {name}: {wanted} is expected, there is none")))
        }
        Some(wanted) => {
            Some(Mismatch::plain(format!("the header {name}: {wanted} is expected, {} came", shown())))
        }
        None if values.is_empty() => None,
        None => Some(Mismatch::plain(format!("no header {name} is expected, {} came", shown()))),
    }
}

/// The answer in a few words.
fn came(explained: &Explained) -> String {
    match &explained.refusal {
        Some(refused) => {
            let problem = &refused.problem;
            format!("{} `{}` came ({})", problem.status, problem.code, refused.cause)
        }
        None => format!("{} came", explained.answer.status),
    }
}

/// Lines that are expected after `-`, lines that came after `+`.
fn differing(what: &str, expected: &str, got: &str) -> Mismatch {
    let (expected, got) = (closed(expected), closed(got));
    let difference = TextDiff::from_lines(&expected, &got);
    let mut lines = Vec::new();
    for (index, group) in difference.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            lines.push("…".to_owned());
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            lines.push(format!("{} {}", change.tag(), change.value().trim_end_matches('\n')));
        }
    }
    if lines.len() > LINES {
        let left = lines.len() - LINES;
        lines.truncate(LINES);
        lines.push(format!("… and {left} more lines"));
    }
    Mismatch { what: format!("{what}: `-` is expected, `+` came"), difference: lines.join("\n") }
}

/// A text whose last line has an end.
fn closed(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}
