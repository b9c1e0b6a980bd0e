//! Random bodies, plans and judges: the editor agrees with a naive oracle over a tree, whatever the chunks.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases, `PROPTEST_…` variables work as usual.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::{Action, Mask, Options, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::feeding::{Cuts, Outcome, cases, feed};
use support::generate::{Drawn, Source, document, plan, write_spaced};
use support::hashing::Hashing;
use support::oracle::Oracle;

const CASES: u32 = 2000;

#[test]
fn the_editor_agrees_with_a_tree() {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compiled = AtomicU64::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    runner
        .run(&(bytes.clone(), bytes, any::<u64>()), |(of_plan, of_body, seed)| {
            let drawn = plan(&mut Source::new(&of_plan));
            if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
                compiled.fetch_add(1, Ordering::Relaxed);
                check(&drawn, &Arc::new(plan), &of_body, seed)?;
            }
            Ok(())
        })
        .unwrap();
    let compiled = compiled.into_inner();
    assert!(compiled > u64::from(cases) / 2, "only {compiled} of {cases} plans could be compiled");
}

fn check(drawn: &Drawn, plan: &Arc<Plan>, of_body: &[u8], seed: u64) -> Result<(), TestCaseError> {
    let mut source = Source::new(of_body);
    let body = document(&mut source);
    let judge = Hashing { drawn, seed };
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(drawn, &decide);
    let expected = oracle.edit(&body);
    let mut cuts = Cuts::new(seed);
    let options = Options { hash_key: oracle.hash_key, ..Options::default() };

    let compact = body.to_string();
    let outcome = feed(plan, &options, cuts.cut(compact.as_bytes()), &mut Hashing { drawn, seed });
    let shown = format!("{}\n{:#?}\n{compact}", "the editor differs", drawn.spec);
    agree(&outcome, expected.as_ref().map(ToString::to_string), &shown)?;
    if expected.is_some() {
        let report = &outcome.report;
        let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
        let expected = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
        prop_assert_eq!(counts, expected, "{}", shown);
        let sets: Vec<_> = report.sets.iter().map(|count| (count.kept, count.dropped)).collect();
        let expected: Vec<_> =
            oracle.counts.kept.iter().copied().zip(oracle.counts.dropped.iter().copied()).collect();
        prop_assert_eq!(sets, expected, "{}", shown);
    }

    // A hash of a container is over its bytes, white space too.
    if has_hash(drawn) {
        return Ok(());
    }
    let mut spaced = String::new();
    write_spaced(&body, &mut source, &mut spaced);
    let one = feed(plan, &options, cuts.cut(spaced.as_bytes()), &mut Hashing { drawn, seed });
    let other = feed(plan, &options, [spaced.as_bytes()], &mut Hashing { drawn, seed });
    prop_assert_eq!(&one.output, &other.output, "{}", shown);
    let parsed = match expected.is_some() {
        true => serde_json::from_slice::<serde_json::Value>(&one.output)
            .map_err(|error| TestCaseError::fail(format!("{error}: {shown}\n{spaced}")))?
            .to_string(),
        false => String::new(),
    };
    prop_assert_eq!(parsed, expected.map(|value| value.to_string()).unwrap_or_default(), "{}", shown);
    Ok(())
}

fn agree(outcome: &Outcome, expected: Option<String>, shown: &str) -> Result<(), TestCaseError> {
    prop_assert!(outcome.result.is_ok(), "{:?}: {}", outcome.result, shown);
    prop_assert_eq!(outcome.report.missing, expected.is_none(), "{}", shown);
    let output = String::from_utf8_lossy(&outcome.output);
    prop_assert_eq!(output, expected.unwrap_or_default(), "{}", shown);
    Ok(())
}

fn has_hash(drawn: &Drawn) -> bool {
    let hashes = |action: &Action| match action {
        Action::Mask(Mask::Hash) => true,
        Action::Only(names) => names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        Action::Entries(entries) => entries.names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        _ => false,
    };
    let profiles = drawn.sets.iter().flat_map(|set| set.profiles.iter());
    drawn.outside.iter().chain(profiles.flatten()).any(|(_, action)| hashes(action))
}
