//! Random bodies of one document on each line: what comes out is what a tree of the array of all lines leaves, whatever
//! the chunks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use cordon_rewrite::{Action, BodyPlan, Format, Options, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use support::feeding::{Cuts, cases, feed};
use support::generate::{Drawn, Source, document, plan};
use support::hashing::Hashing;
use support::oracle::Oracle;
use support::places::{Child, matches};

const CASES: u32 = 1000;

#[test]
fn lines_agree_with_a_tree() {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compared = std::cell::Cell::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    let drawn = (bytes.clone(), bytes, 0..6_usize, any::<u64>());
    runner
        .run(&drawn, |(of_plan, of_body, lines, seed)| {
            let drawn = plan(&mut Source::new(&of_plan));
            let spec = BodyPlan { format: Format::Ndjson, ..drawn.spec.clone() };
            if let Ok(plan) = Plan::compile(spec)
                && !has_total_line(&drawn, lines)
            {
                compared.set(compared.get() + 1);
                check(&drawn, &Arc::new(plan), (&of_body, lines), seed)?;
            }
            Ok(())
        })
        .unwrap();
    assert!(compared.get() > cases / 4, "only {} of {cases} cases could be compared", compared.get());
}

fn check(
    drawn: &Drawn,
    plan: &Arc<Plan>,
    (of_body, lines): (&[u8], usize),
    seed: u64,
) -> Result<(), TestCaseError> {
    let mut source = Source::new(of_body);
    let lines: Vec<Value> = (0..lines).map(|_| document(&mut source)).collect();
    let judge = Hashing { drawn, seed };
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(drawn, &decide);
    let expected = oracle.edit(&Value::Array(lines.clone()));
    let options = Options { hash_key: oracle.hash_key, ..Options::default() };
    let mut body = String::new();
    for line in &lines {
        body.push_str(["", " ", "\n", "\r\n \t"][source.below(4)]);
        body.push_str(&line.to_string());
        body.push_str(["\n", "\r\n", " \n"][source.below(3)]);
    }
    let shown = format!("{:#?}\n{body}", drawn.spec);
    let cut = feed(plan, &options, Cuts::new(seed).cut(body.as_bytes()), &mut Hashing { drawn, seed });
    let whole = feed(plan, &options, [body.as_bytes()], &mut Hashing { drawn, seed });
    prop_assert!(whole.result.is_ok(), "{:?}: {}", whole.result, shown);
    prop_assert!(cut.result.is_ok(), "{:?}: {}", cut.result, shown);
    prop_assert_eq!(&cut.report, &whole.report, "{}", shown);
    let text = String::from_utf8(whole.output).unwrap();
    prop_assert_eq!(String::from_utf8(cut.output).unwrap(), text.as_str(), "{}", shown);
    prop_assert_eq!(whole.report.missing, expected.is_none(), "{}", shown);
    let left: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let expected: Vec<String> = match expected {
        Some(Value::Array(lines)) => lines.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    prop_assert_eq!(left, expected, "{}", shown);
    Ok(())
}

/// Whether a line itself is a total: such a line goes, since nothing waits for lines that follow.
fn has_total_line(drawn: &Drawn, lines: usize) -> bool {
    drawn.outside.iter().any(|(path, action)| {
        matches!(action, Action::Recount(_)) && (0..lines).any(|line| matches(path, &[Child::Index(line)]))
    })
}
