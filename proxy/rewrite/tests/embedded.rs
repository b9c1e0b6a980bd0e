//! Random bodies with JSON in strings: the editor does with it what it does with the same values outside strings.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::{Action, Mask, Names, Options, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use support::feeding::{Cuts, cases, feed};
use support::generate::{Drawn, Source, document, plan};
use support::hashing::Hashing;
use support::oracle::Oracle;

const CASES: u32 = 2000;

/// Where strings hold JSON, those in strings last.
const PLACES: [&[&str]; 3] = [&["c"], &["a", "*", "value"], &["a", "*", "value", "b"]];

#[test]
fn strings_are_edited_as_what_they_hold() {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compiled = AtomicU64::new(0);
    let packed = AtomicU64::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    runner
        .run(&(bytes.clone(), bytes, any::<u64>()), |(of_plan, of_body, seed)| {
            let mut drawn = plan(&mut Source::new(&of_plan));
            simplify(&mut drawn);
            drawn.spec = support::generate::spec(&drawn);
            drawn.spec.embedded = PLACES.map(path).into();
            if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
                compiled.fetch_add(1, Ordering::Relaxed);
                packed.fetch_add(check(&drawn, &Arc::new(plan), &of_body, seed)?, Ordering::Relaxed);
            }
            Ok(())
        })
        .unwrap();
    let compiled = compiled.into_inner();
    assert!(compiled > u64::from(cases) / 4, "only {compiled} of {cases} plans could be compiled");
    let packed = packed.into_inner();
    assert!(packed > u64::from(cases) / 4, "only {packed} strings in {cases} cases");
}

/// Gives the number of strings.
fn check(drawn: &Drawn, plan: &Arc<Plan>, of_body: &[u8], seed: u64) -> Result<u64, TestCaseError> {
    let mut source = Source::new(of_body);
    let plain = document(&mut source);
    let mut body = plain.clone();
    let mut strings = 0;
    for place in PLACES.iter().rev() {
        at(&mut body, place, &mut |value| {
            if value.is_string() || source.below(4) > 0 {
                strings += 1;
                *value = Value::String(value.to_string());
            }
        });
    }
    let judge = Hashing { drawn, seed };
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(drawn, &decide);
    let expected = oracle.edit(&plain);
    let options = Options { hash_key: oracle.hash_key, ..Options::default() };
    let text = body.to_string();
    let chunks = Cuts::new(seed).cut(text.as_bytes());
    let outcome = feed(plan, &options, chunks, &mut Hashing { drawn, seed });
    let shown = format!("{:#?}\n{text}", drawn.spec);
    prop_assert!(outcome.result.is_ok(), "{:?}: {}", outcome.result, shown);
    prop_assert_eq!(outcome.report.missing, expected.is_none(), "{}", shown);
    let Some(expected) = expected else {
        return Ok(strings);
    };
    let mut remains: Value = serde_json::from_slice(&outcome.output).unwrap();
    for place in PLACES {
        at(&mut remains, place, &mut |value| {
            if let Some(inner) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *value = inner;
            }
        });
    }
    prop_assert_eq!(remains.to_string(), expected.to_string(), "{}", shown);
    let report = &outcome.report;
    let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
    let of_oracle = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
    prop_assert_eq!(counts, of_oracle, "{}", shown);
    Ok(strings)
}

/// Does something with the values at a place.
fn at(value: &mut Value, place: &[&str], change: &mut impl FnMut(&mut Value)) {
    match (place, value) {
        ([], value) => change(value),
        (["*", below @ ..], Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| at(element, below, change));
        }
        (["*", below @ ..], Value::Object(members)) => {
            members.values_mut().for_each(|member| at(member, below, change));
        }
        ([name, below @ ..], Value::Object(members)) => {
            if let Some(member) = members.get_mut(*name) {
                at(member, below, change);
            }
        }
        _ => {}
    }
}

fn path(place: &[&str]) -> String {
    let steps = place.iter().map(|step| if *step == "*" { "[*]".to_owned() } else { format!(".{step}") });
    std::iter::once("$".to_owned()).chain(steps).collect()
}

/// Takes masks that tell of the value, which would be that of the string and not of what it holds.
fn simplify(drawn: &mut Drawn) {
    let simple = |mask: &mut Mask| {
        if *mask != Mask::Null {
            *mask = Mask::Fixed("x".to_owned());
        }
    };
    let names = |names: &mut Names| names.mask.iter_mut().for_each(|masked| simple(&mut masked.mask));
    let profiles = drawn.sets.iter_mut().flat_map(|set| set.profiles.iter_mut());
    for (_, action) in std::iter::once(&mut drawn.outside).chain(profiles).flatten() {
        match action {
            Action::Mask(mask) => simple(mask),
            Action::Only(only) => names(only),
            Action::Entries(entries) => names(&mut entries.names),
            _ => {}
        }
    }
}
