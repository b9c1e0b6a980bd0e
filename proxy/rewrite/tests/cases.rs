//! The corpus: every file below `cases/` is one case. Each is run whole, byte by byte, and in random chunks, which
//! `CORDON_CHUNK_SEED` replays.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cordon_rewrite::{DifferenceKind, Options, PathCounts, Plan};
use support::case::{Case, plan_word, word};
use support::feeding::{Cuts, Outcome, feed, seeds};

/// Cases that there are at the least: a corpus that is not found must not pass.
const CASES: usize = 120;

#[test]
fn every_case_comes_out_as_written() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"), &mut files);
    files.sort();
    assert!(files.len() >= CASES, "{} cases only", files.len());
    let mut failures = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let run = std::panic::catch_unwind(|| run(&text));
        match run {
            Ok(Ok(())) => {}
            Ok(Err(difference)) => failures.push(format!("{}: {difference}", file.display())),
            Err(_) => failures.push(format!("{}: panicked", file.display())),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), files.len(), failures.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

fn run(text: &str) -> Result<(), String> {
    let case: Case = toml::from_str(text).map_err(|error| error.to_string())?;
    let plan = match (Plan::compile(case.plan.spec()), case.error.as_deref()) {
        (Ok(_), Some(expected)) if expected.starts_with("plan-") => {
            return Err(format!("the plan is accepted, not refused as {expected}"));
        }
        (Ok(plan), _) => Arc::new(plan),
        (Err(error), expected) if expected == Some(plan_word(&error)) => return Ok(()),
        (Err(error), _) => return Err(format!("the plan is refused: {error}")),
    };
    let body = case.body();
    let options = case.options();
    let mut table = case.table();
    let whole = feed(&plan, &options, [&body[..]], &mut table);
    check(&case, &whole).map_err(|difference| format!("whole: {difference}"))?;
    if let Some(expected) = &case.asked {
        let asked: Vec<String> =
            table.asked.iter().map(|(set, keys)| format!("{set}: {}", keys.join(" "))).collect();
        if asked != *expected {
            return Err(format!("the judge was asked {asked:?}"));
        }
    }
    let bytes = feed(&plan, &options, body.chunks(1), &mut case.table());
    check(&case, &bytes).map_err(|difference| format!("byte by byte: {difference}"))?;
    for seed in seeds(8) {
        let chunks = Cuts::new(seed).cut(&body);
        let outcome = feed(&plan, &options, chunks, &mut case.table());
        check(&case, &outcome).map_err(|difference| format!("CORDON_CHUNK_SEED={seed}: {difference}"))?;
    }
    check_trace(&case, &plan, &body)
}

fn check(case: &Case, outcome: &Outcome) -> Result<(), String> {
    let output = String::from_utf8_lossy(&outcome.output);
    match (&outcome.result, &case.error) {
        (Ok(()), None) => {
            if outcome.report.missing != case.missing {
                return Err(format!("missing is {}", outcome.report.missing));
            }
            let expected = if case.missing { Some("") } else { case.expected.as_deref() };
            let expected = expected.ok_or("a case has `expected`, `error` or `missing`")?;
            if output != expected {
                return Err(format!("came out as\n{output}\nnot\n{expected}"));
            }
        }
        (Ok(()), Some(error)) => return Err(format!("passed as {output}, not refused as {error}")),
        (Err(error), expected) => {
            if Some(&word(&error.kind)) != expected.as_ref() {
                return Err(format!("refused: {error}"));
            }
            if case.offset.is_some_and(|offset| offset != error.offset) {
                return Err(format!("refused at {}", error.offset));
            }
            if let Some(expected) = &case.expected
                && !expected.starts_with(&*output)
            {
                return Err(format!("before the error came {output}"));
            }
            return Ok(());
        }
    }
    let report = &outcome.report;
    compare("removed", &report.removed, &case.removed)?;
    compare("masked", &report.masked, &case.masked)?;
    compare("unlisted", &report.unlisted, &case.unlisted)?;
    let sets: Vec<_> = report.sets.iter().map(|count| (count.kept, count.dropped)).collect();
    match &case.sets {
        Some(expected) if *expected != sets => Err(format!("the sets counted {sets:?}")),
        _ => Ok(()),
    }
}

fn compare(what: &str, counts: &PathCounts, expected: &Option<BTreeMap<String, u64>>) -> Result<(), String> {
    let counts: BTreeMap<String, u64> = counts.iter().map(|(path, count)| (path.to_owned(), count)).collect();
    match expected {
        Some(expected) if *expected != counts => Err(format!("{what}: {counts:?}")),
        _ => Ok(()),
    }
}

/// A trace changes nothing, and names each difference.
fn check_trace(case: &Case, plan: &Arc<Plan>, body: &[u8]) -> Result<(), String> {
    let options = Options { trace: true, ..case.options() };
    let traced = feed(plan, &options, [body], &mut case.table());
    check(case, &traced).map_err(|difference| format!("traced: {difference}"))?;
    let Some(expected) = &case.differences else {
        return Ok(());
    };
    let differences: Vec<String> = traced
        .report
        .differences
        .iter()
        .map(|difference| match &difference.kind {
            DifferenceKind::Masked { .. } => format!("{} masked", difference.path),
            DifferenceKind::Dropped { set, values } => {
                format!("{} dropped {set} {}", difference.path, values.join(","))
            }
            other => format!("{} {}", difference.path, format!("{other:?}").to_lowercase()),
        })
        .collect();
    if *expected == differences { Ok(()) } else { Err(format!("differences: {differences:#?}")) }
}
