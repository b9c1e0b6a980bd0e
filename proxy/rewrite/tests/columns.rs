//! Random tables: the editor does with rows what it does with objects that have the columns for members.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::{Columns, Options, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};
use support::feeding::{Cuts, cases, feed};
use support::generate::{Drawn, DrawnSet, Selects, Source, Step, document, plan};
use support::hashing::Hashing;
use support::oracle::Oracle;

const CASES: u32 = 2000;
const NAMES: [&str; 7] = ["a", "b", "c", "name", "value", "é\"x", "n-1"];

/// How the columns are named.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Named {
    Listed,
    At,
    FirstRow,
}

#[test]
fn rows_are_edited_as_objects() {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compiled = AtomicU64::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    runner
        .run(&(bytes.clone(), bytes, any::<u64>()), |(of_plan, of_body, seed)| {
            let mut source = Source::new(&of_body);
            let names = columns(&mut source);
            let named = [Named::Listed, Named::At, Named::FirstRow][source.below(3)];
            let mut drawn = table_plan(plan(&mut Source::new(&of_plan)));
            drawn.spec = support::generate::spec(&drawn);
            drawn.spec.sets[0].columns = Some(match named {
                Named::Listed => Columns::Listed(names.clone()),
                Named::At => Columns::At { path: "$.columns".to_owned(), name: None },
                Named::FirstRow => Columns::FirstRow,
            });
            if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
                compiled.fetch_add(1, Ordering::Relaxed);
                check(&drawn, &Arc::new(plan), (&names, named), &mut source, seed)?;
            }
            Ok(())
        })
        .unwrap();
    let compiled = compiled.into_inner();
    assert!(compiled > u64::from(cases) / 3, "only {compiled} of {cases} plans could be compiled");
}

fn check(
    drawn: &Drawn,
    plan: &Arc<Plan>,
    (names, named): (&[String], Named),
    source: &mut Source<'_>,
    seed: u64,
) -> Result<(), TestCaseError> {
    let tables: Vec<Vec<Value>> = (0..source.below(5)).map(|_| cells(names, source)).collect();
    let object = |row: &Vec<Value>| Value::Object(names.iter().cloned().zip(row.iter().cloned()).collect());
    let plain = body(tables.iter().map(object).collect(), None);
    let header: Value = names.iter().cloned().map(Value::String).collect();
    let mut rows: Vec<Value> = tables.iter().cloned().map(Value::Array).collect();
    if named == Named::FirstRow {
        rows.insert(0, header.clone());
    }
    let text = body(rows, (named == Named::At).then_some(&header)).to_string();

    let judge = Hashing { drawn, seed };
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(drawn, &decide);
    let expected = oracle.edit(&plain).unwrap();
    let options = Options { hash_key: oracle.hash_key, ..Options::default() };
    let chunks = Cuts::new(seed).cut(text.as_bytes());
    let outcome = feed(plan, &options, chunks, &mut Hashing { drawn, seed });
    let shown = format!("{:#?}\n{text}\n{plain}", drawn.spec);
    prop_assert!(outcome.result.is_ok(), "{:?}: {}", outcome.result, shown);
    let remains: Value = serde_json::from_slice(&outcome.output).unwrap();
    let shown = format!("{shown}\n{remains}");

    // The names that are left, if the body has them.
    let mut left = remains["rows"].as_array().cloned().unwrap_or_default();
    let header = match named {
        Named::At => Some(remains["columns"].clone()),
        Named::FirstRow if !left.is_empty() => Some(left.remove(0)),
        _ => None,
    };
    let objects = expected["rows"].as_array().cloned().unwrap_or_default();
    prop_assert_eq!(left.len(), objects.len(), "{}", shown);
    let of_header: Option<Vec<String>> = header
        .map(|header| header.as_array().unwrap().iter().map(|name| name.as_str().unwrap().into()).collect());
    for (row, object) in left.iter().zip(&objects) {
        if !object.is_object() {
            // A mask of the row, whose bytes are others than those of the object.
            prop_assert!(!row.is_array(), "{}", shown);
            continue;
        }
        let row = row.as_array().unwrap();
        let Some(header) = &of_header else {
            let cells = row.iter().filter(|cell| !cell.is_null()).map(Value::to_string);
            let of_object = object.as_object().unwrap().values().filter(|value| !value.is_null());
            let of_object: Vec<String> = of_object.map(Value::to_string).collect();
            prop_assert_eq!(cells.collect::<Vec<_>>(), of_object, "{}", shown);
            continue;
        };
        prop_assert_eq!(row.len(), header.len(), "{}", shown);
        let mut cells = header.iter().zip(row);
        for (name, cell) in &mut cells {
            let expected = object.get(name).cloned().unwrap_or(Value::Null);
            prop_assert_eq!(cell.to_string(), expected.to_string(), "{}: {}", name, shown);
        }
        for name in object.as_object().unwrap().keys() {
            prop_assert!(header.contains(name), "{} is missing: {}", name, shown);
        }
    }
    let report = &outcome.report;
    let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
    let of_oracle = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
    prop_assert_eq!(counts, of_oracle, "{}", shown);
    let sets: Vec<_> = report.sets.iter().map(|count| (count.kept, count.dropped)).collect();
    prop_assert_eq!(sets, vec![(oracle.counts.kept[0], oracle.counts.dropped[0])], "{}", shown);
    Ok(())
}

fn body(rows: Vec<Value>, header: Option<&Value>) -> Value {
    let mut members = Map::new();
    if let Some(header) = header {
        members.insert("columns".to_owned(), header.clone());
    }
    members.insert("rows".to_owned(), Value::Array(rows));
    Value::Object(members)
}

fn columns(source: &mut Source<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..1 + source.below(6) {
        let name = NAMES[source.below(NAMES.len())];
        if !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn cells(names: &[String], source: &mut Source<'_>) -> Vec<Value> {
    names
        .iter()
        .map(|_| match source.below(3) {
            0 => document(source),
            1 => Value::String(["a", "b", "+49 30 1234567"][source.below(3)].to_owned()),
            _ => Value::Number(source.below(3).into()),
        })
        .collect()
}

/// A plan for a table: the first set of any plan that has records, or what holds outside records as its profile.
fn table_plan(drawn: Drawn) -> Drawn {
    let name = |name: &str| Step { descends: false, selects: Selects::Name(name.to_owned()) };
    let all = Step { descends: false, selects: Selects::All };
    let total = |action: &cordon_rewrite::Action| matches!(action, cordon_rewrite::Action::Recount(_));
    let mut profiles: Vec<_> = drawn.sets.into_iter().flat_map(|set| set.profiles).collect();
    profiles.push(drawn.outside);
    for profile in &mut profiles {
        // Elements of a row have no indices, and the body's totals are no part of it.
        profile.retain(|(path, action)| {
            let by_index = path.first().is_some_and(|step| matches!(step.selects, Selects::Index(_)));
            !by_index && !total(action) && !path.iter().any(|step| step.descends)
        });
    }
    let set = DrawnSet {
        within: None,
        path: vec![name("rows"), all],
        keys: vec![(vec![name("a")], 0), (vec![name("b"), name("c")], 0)],
        profiles,
        sole: false,
    };
    Drawn { spec: Default::default(), outside: Vec::new(), sets: vec![set] }
}
