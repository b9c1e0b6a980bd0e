//! Random tables, plans and judges: the editor agrees with the naive oracle over rows as objects, byte for byte and
//! whatever the chunks; and it accepts what a plain reading of RFC 4180 accepts, and nothing else.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases, `PROPTEST_…` variables work as usual.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::{Action, BodyPlan, Edit, EditErrorKind, Format, Options, Plan, Verdict};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use support::feeding::{Cuts, Outcome, cases, feed};
use support::generate::{Drawn, Source};
use support::hashing::Hashing;
use support::judge::Table as Judgements;
use support::oracle::Oracle;
use support::table::{self, Table};

const CASES: u32 = 2000;

#[test]
fn the_editor_agrees_with_an_oracle_over_rows() {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compiled = AtomicU64::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    runner
        .run(&(bytes.clone(), bytes, any::<u64>()), |(of_plan, of_body, seed)| {
            let table = Table::draw(&mut Source::new(&of_body));
            let drawn = table::plan(&mut Source::new(&of_plan), &table);
            if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
                compiled.fetch_add(1, Ordering::Relaxed);
                check(&drawn, &Arc::new(plan), &table, seed)?;
            }
            Ok(())
        })
        .unwrap();
    let compiled = compiled.into_inner();
    assert!(compiled > u64::from(cases) / 2, "only {compiled} of {cases} plans could be compiled");
}

fn check(drawn: &Drawn, plan: &Arc<Plan>, table: &Table, seed: u64) -> Result<(), TestCaseError> {
    let judge = Hashing { drawn, seed };
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(drawn, &decide);
    let remains = oracle.edit(&table.body());
    let shown = shown_columns(drawn, table);
    let left = rows_left(drawn, table, &decide);
    let expected = remains.as_ref().map(|remains| table.write(remains, &left, &shown));

    let body = table.bytes();
    let about = format!("{:#?}\n{}", drawn.spec, String::from_utf8_lossy(&body));
    let options = Options { hash_key: oracle.hash_key, ..Options::default() };
    let whole = feed(plan, &options, [&body[..]], &mut Hashing { drawn, seed });
    prop_assert!(whole.result.is_ok(), "{:?}: {}", whole.result, about);
    prop_assert_eq!(whole.report.missing, expected.is_none(), "{}", about);
    let expected = expected.unwrap_or_default();
    let (found, wanted) = (String::from_utf8_lossy(&whole.output), String::from_utf8_lossy(&expected));
    prop_assert_eq!(found, wanted, "{}", about);
    prop_assert_eq!(&whole.output, &expected);
    if remains.is_some() {
        let report = &whole.report;
        let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
        let expected = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
        prop_assert_eq!(counts, expected, "{}", about);
        let sets: Vec<_> = report.sets.iter().map(|count| (count.kept, count.dropped)).collect();
        let kept = oracle.counts.kept.iter().copied();
        let expected: Vec<_> = kept.zip(oracle.counts.dropped.iter().copied()).collect();
        prop_assert_eq!(sets, expected, "{}", about);
    }

    let chunks = Cuts::new(seed).cut(&body);
    let cut = feed(plan, &options, chunks, &mut Hashing { drawn, seed });
    same(&cut, &whole, &about)?;
    let bytes = feed(plan, &options, body.chunks(1), &mut Hashing { drawn, seed });
    same(&bytes, &whole, &about)?;
    let traced = Options { trace: true, ..options };
    let mut traced = feed(plan, &traced, [&body[..]], &mut Hashing { drawn, seed });
    let differences = std::mem::take(&mut traced.report.differences).len() as u64;
    same(&traced, &whole, &about)?;
    let report = &whole.report;
    let dropped: u64 = report.sets.iter().map(|count| count.dropped).sum();
    let counted = report.removed.total() + report.masked.total() + report.unlisted.total() + dropped;
    prop_assert!(report.missing || differences == counted, "{differences} differences: {about}");
    Ok(())
}

fn same(one: &Outcome, other: &Outcome, about: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        String::from_utf8_lossy(&one.output),
        String::from_utf8_lossy(&other.output),
        "{}",
        about
    );
    prop_assert_eq!(&one.report, &other.report, "{}", about);
    let error =
        |outcome: &Outcome| outcome.result.as_ref().err().map(|error| (error.offset, error.kind.to_string()));
    prop_assert_eq!(error(one), error(other), "{}", about);
    Ok(())
}

/// Which rows come out, told by how many come out of each beginning of the table.
fn rows_left(drawn: &Drawn, table: &Table, decide: &dyn Fn(usize, &[String]) -> Verdict) -> Vec<bool> {
    let drawn = table::without_sole(drawn);
    let left = |rows: usize| {
        let remains = Oracle::new(&drawn, decide).edit(&table.beginning(rows));
        remains.as_ref().and_then(Value::as_array).map_or(0, Vec::len)
    };
    (0..table.rows.len()).map(|row| left(row + 1) > left(row)).collect()
}

/// The columns that come out of any row, if rows enough are kept by each profile in turn.
fn shown_columns(drawn: &Drawn, table: &Table) -> Vec<bool> {
    let profiles = drawn.sets.iter().map(|set| set.profiles.len()).max().unwrap_or(1);
    let mut shown = vec![false; table.names.len()];
    let drawn = table::without_sole(drawn);
    for profile in 0..u32::try_from(profiles).unwrap() {
        let decide = |set: usize, _: &[String]| {
            let last = u32::try_from(drawn.sets[set].profiles.len() - 1).unwrap();
            Verdict::Keep(profile.min(last))
        };
        let remains = Oracle::new(&drawn, &decide).edit(&table.probe());
        for row in remains.as_ref().and_then(Value::as_array).into_iter().flatten() {
            for (name, shown) in table.names.iter().zip(&mut shown) {
                *shown |= row.get(&name.value).is_some();
            }
        }
    }
    shown
}

#[test]
fn what_is_no_csv_is_refused_at_the_same_byte() {
    let mut runner =
        TestRunner::new(Config { cases: 4 * cases(CASES), failure_persistence: None, ..Config::default() });
    let edit = Edit { path: "$".to_owned(), action: Action::KeepAll };
    let spec = BodyPlan { format: Format::Csv, outside: vec![edit], ..BodyPlan::default() };
    let plan = Arc::new(Plan::compile(spec).unwrap());
    let alphabet = prop::sample::select(b"aaab,,,\"\"\"\r\n\n\r\n'\t\x01\xc3\xa9".to_vec());
    let accepted = AtomicU64::new(0);
    runner
        .run(&(proptest::collection::vec(alphabet, 0..40), any::<u64>()), |(tail, seed)| {
            let body = [&b"a,b\n"[..], &tail].concat();
            let about = format!("{:?}", String::from_utf8_lossy(&body));
            let options = Options::default();
            let whole = feed(&plan, &options, [&body[..]], &mut Judgements::default());
            let cut = feed(&plan, &options, Cuts::new(seed).cut(&body), &mut Judgements::default());
            same(&cut, &whole, &about)?;
            match (table::read(&body), &whole.result) {
                (Ok(rows), Ok(())) => {
                    accepted.fetch_add(1, Ordering::Relaxed);
                    prop_assert_eq!(&whole.output, &body, "{}", about);
                    prop_assert_eq!(rows, table::read_by_library(&body), "{}", about);
                }
                (Err(at), Err(error)) => {
                    prop_assert!(matches!(error.kind, EditErrorKind::Malformed(_)), "{error}: {about}");
                    prop_assert_eq!(error.offset, at as u64, "{}: {}", error, about);
                    prop_assert!(body.starts_with(&whole.output), "{}", about);
                }
                (expected, found) => {
                    return Err(TestCaseError::fail(format!("{expected:?}, not {found:?}: {about}")));
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(accepted.into_inner() > 100, "too few of the bodies are CSV");
}
