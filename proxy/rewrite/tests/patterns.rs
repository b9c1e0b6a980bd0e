//! What patterns find in free text: the table in `patterns.toml`, and whatever numbers and addresses are made at random.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use cordon_rewrite::{Action, BodyPlan, Edit, Mask, Options, Pattern, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::Deserialize;
use support::feeding::{cases, feed};
use support::judge::Table;

/// Texts that there are at the least.
const TEXTS: usize = 100;

#[derive(Deserialize)]
struct Texts {
    phone: Kind,
    email: Kind,
}

#[derive(Deserialize)]
struct Kind {
    hidden: Vec<(String, String)>,
    stays: Vec<String>,
}

fn plan(patterns: &[Pattern]) -> Arc<Plan> {
    let action = Action::Mask(Mask::Patterns(patterns.to_vec()));
    let outside = vec![Edit { path: "$".to_owned(), action }];
    Arc::new(Plan::compile(BodyPlan { outside, ..BodyPlan::default() }).unwrap())
}

/// The bytes that come out for a text, and how many values were masked.
fn edit(plan: &Arc<Plan>, body: &str) -> (String, u64) {
    let mut table = Table::default();
    let outcome = feed(plan, &Options::default(), body.as_bytes().chunks(7), &mut table);
    outcome.result.unwrap();
    (String::from_utf8(outcome.output).unwrap(), outcome.report.masked.total())
}

#[test]
fn texts_come_out_as_the_table_says() {
    let texts: Texts = toml::from_str(include_str!("patterns.toml")).unwrap();
    let mut count = 0;
    let mut failures = Vec::new();
    for (kind, pattern) in [(texts.phone, Pattern::Phone), (texts.email, Pattern::Email)] {
        let plan = plan(&[pattern]);
        let stay = kind.stays.into_iter().map(|text| (text.clone(), text));
        for (text, expected) in kind.hidden.into_iter().chain(stay) {
            count += 1;
            let body = serde_json::to_string(&text).unwrap();
            let (output, masked) = edit(&plan, &body);
            let output: String = serde_json::from_str(&output).unwrap();
            if output != expected || masked != u64::from(text != expected) {
                failures.push(format!("{text:?} became {output:?}, {masked} masked"));
            }
        }
    }
    assert!(count >= TEXTS, "{count} texts only");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_number_survives_in_a_text() {
    let number = (
        proptest::sample::select(&["+", "00", "(0", "", "tel:+"][..]),
        proptest::collection::vec("[0-9]{2,4}", 4..6),
        proptest::collection::vec(
            proptest::sample::select(&[" ", "-", ".", "/", "", ") ", " (", " - ", "\u{a0}", "–", "%20"][..]),
            5,
        ),
    )
        .prop_map(|(sign, groups, signs)| {
            let mut number = sign.to_owned();
            for (group, sign) in groups.iter().zip(&signs) {
                number.push_str(group);
                number.push_str(sign);
            }
            number
        })
        // A number may look exactly like something else: such a one stays.
        .prop_filter("something else", |number| !number.contains('.') || number.contains('+'));
    survives_not(&number, &[Pattern::Phone], |text| text.chars().filter(char::is_ascii_digit).collect());
}

#[test]
fn no_address_survives_in_a_text() {
    let address = (
        "[a-z0-9][a-z0-9._+-]{0,9}[a-z0-9]",
        proptest::sample::select(&["@", "%40", "%2540", "＠", "&#64;", " (at) "][..]),
        "[a-z0-9-]{1,6}",
        "(\\.[a-z]{2,4}){0,2}",
    )
        .prop_map(|(local, sign, host, domain)| format!("{local}{sign}x{host}{domain}"));
    survives_not(&address, &[Pattern::Phone, Pattern::Email], |text| text.to_owned());
}

/// Checks that `essence` of a text is nowhere in what comes out of words around it.
fn survives_not(
    secret: &(impl Strategy<Value = String> + Clone + 'static),
    patterns: &[Pattern],
    essence: impl Fn(&str) -> String,
) {
    let plan = plan(patterns);
    let words = "([ -/:-~\u{e9}\u{4e2d}\u{1f600}\n]|[a-z ]{1,8}|2026-11-21|14:05|10\\.0\\.0\\.1|EUR 5|[(<\"'&%@.:,;] ?){0,6}";
    let mut runner =
        TestRunner::new(Config { cases: cases(1000), failure_persistence: None, ..Config::default() });
    runner
        .run(&(words, secret.clone(), words), |(before, secret, after)| {
            // What touches must not make another number or address of it.
            let text = format!("{before} {secret} {after}");
            let body = serde_json::to_string(&text).unwrap();
            let (output, _) = edit(&plan, &body);
            let output: String = serde_json::from_str(&output).unwrap();
            let secret = essence(&secret);
            prop_assert!(!essence(&output).contains(&secret), "{:?} became {:?}", text, output);
            Ok(())
        })
        .unwrap();
}
