//! NDJSON: what comes out is what the tree oracle leaves of the array of all lines.

use std::sync::LazyLock;

use cordon_rewrite::{Action, EditErrorKind};
use serde_json::Value;

use crate::agreement::feed_every_way;
use crate::json::{hashes, is_unique};
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::oracle::Oracle;
use crate::support::places::{Child, matches};
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../plans/ndjson.toml"), None));

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        check(trial, &outcome);
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let Some(lines) = lines(trial.body) else {
        assert!(outcome.result.is_err(), "what is no NDJSON came through: {}", trial.shown());
        return;
    };
    let unique = lines.iter().all(|(text, _)| is_unique(text));
    if let Err(error) = &outcome.result {
        let allowed = match error.kind {
            EditErrorKind::DuplicateName => !unique,
            EditErrorKind::Limit(_) => trial.tight || trial.body.len() > 200,
            EditErrorKind::Verdict(_) => trial.body.len() > 200,
            _ => false,
        };
        assert!(allowed, "well-formed NDJSON was refused: {error}: {}", trial.shown());
        return;
    }
    let compact = lines.iter().all(|(text, value)| value.to_string().as_bytes() == *text);
    // A line that is a total goes, since nothing waits for the lines behind it.
    let total = |(path, action): &(Vec<_>, Action)| {
        let mut places = (0..lines.len()).map(Child::Index);
        matches!(action, Action::Recount(_)) && places.any(|line| matches(path, &[line]))
    };
    if !unique || (hashes(trial.drawn) && !compact) || trial.drawn.outside.iter().any(total) {
        return;
    }
    let judge = trial.judge();
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(trial.drawn, &decide);
    let expected = oracle.edit(&lines.iter().map(|(_, value)| value.clone()).collect());
    assert_eq!(outcome.report.missing, expected.is_none(), "missing: {}", trial.shown());
    let Some(expected) = expected else {
        assert!(outcome.output.is_empty(), "there is an output, but no answer: {}", trial.shown());
        return;
    };
    let found = self::lines(&outcome.output).unwrap_or_else(|| {
        panic!("this is no NDJSON: {:?}: {}", String::from_utf8_lossy(&outcome.output), trial.shown())
    });
    let found: Vec<Value> = found.into_iter().map(|(_, value)| value).collect();
    let expected = expected.as_array().cloned().unwrap_or_default();
    assert_eq!(found, expected, "the oracle's lines are on the right: {}", trial.shown());
}

/// The documents on the lines of a body that are not blank.
fn lines(body: &[u8]) -> Option<Vec<(&[u8], Value)>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let lines = body.split(|&byte| byte == b'\n').filter(|line| !line.iter().all(is_white));
    lines.map(|line| Some((line, serde_json::from_slice(line).ok()?))).collect()
}
