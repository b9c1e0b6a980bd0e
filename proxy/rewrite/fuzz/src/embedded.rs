//! JSON in strings: what comes out is what the tree oracle leaves of the body with each string's JSON in its place.

use std::sync::LazyLock;

use cordon_rewrite::{Action, EditErrorKind, Mask, Names};
use serde_json::Value;

use crate::agreement::feed_every_way;
use crate::json::{document, is_unique};
use crate::paths::steps;
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::generate::{Drawn, Selects, Step, spec};
use crate::support::oracle::Oracle;
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> =
    LazyLock::new(|| Table::read(include_str!("../plans/embedded.toml"), Some(adapt)));

/// Where strings hold JSON in plans by chance, those in strings last.
const PLACES: [&str; 3] = ["$.c", "$.a[*].value", "$.a[*].value.b"];

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        check(trial, &outcome);
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let Some((before, text, behind)) = document(trial.body) else {
        assert!(outcome.result.is_err(), "what is no JSON came through: {}", trial.shown());
        return;
    };
    let mut body: Value = serde_json::from_slice(text).expect("it was read before");
    let mut sound = is_unique(text);
    for place in &trial.drawn.spec.embedded {
        at(&mut body, &steps(place), &mut |value| {
            let Some(text) = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned) else { return };
            match serde_json::from_str(&text) {
                Ok(inner) => {
                    sound &= is_unique(text.as_bytes());
                    *value = inner;
                }
                // It passes only where the plan treats it alike whatever it holds.
                Err(_) => sound = false,
            }
        });
    }
    if !sound {
        return;
    }
    if let Err(error) = &outcome.result {
        let allowed = match error.kind {
            EditErrorKind::Limit(_) => trial.tight || text.len() > 200,
            EditErrorKind::Verdict(_) => text.len() > 200,
            _ => false,
        };
        assert!(allowed, "well-formed JSON was refused: {error}: {}", trial.shown());
        return;
    }
    let judge = trial.judge();
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(trial.drawn, &decide);
    let expected = oracle.edit(&body);
    assert_eq!(outcome.report.missing, expected.is_none(), "missing: {}", trial.shown());
    let Some(mut expected) = expected else {
        assert!(outcome.output.is_empty(), "there is an output, but no answer: {}", trial.shown());
        return;
    };
    let inner = outcome.output.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
    let inner = inner.unwrap_or_else(|| panic!("what stands around the document changed: {}", trial.shown()));
    let mut found: Value = serde_json::from_slice(inner)
        .unwrap_or_else(|error| panic!("{error}: {:?}: {}", String::from_utf8_lossy(inner), trial.shown()));
    for place in &trial.drawn.spec.embedded {
        // A string in a string may hold what looks like JSON again: both sides are opened as far as they go.
        for side in [&mut found, &mut expected] {
            at(side, &steps(place), &mut open);
        }
    }
    assert_eq!(found, expected, "the oracle's answer is on the right: {}", trial.shown());
    let report = &outcome.report;
    let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
    let expected = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
    assert_eq!(counts, expected, "removed, masked, unlisted: {}", trial.shown());
}

/// Puts what a string holds in its place, again and again.
fn open(value: &mut Value) {
    while let Some(inner) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
        *value = inner;
    }
}

/// Does something with the values at a place.
fn at(value: &mut Value, place: &[Step], change: &mut impl FnMut(&mut Value)) {
    let Some((step, below)) = place.split_first() else { return change(value) };
    assert!(!step.descends, "these tests declare strings by their places");
    match (&step.selects, value) {
        (Selects::All, Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| at(element, below, change));
        }
        (Selects::All, Value::Object(members)) => {
            members.values_mut().for_each(|member| at(member, below, change));
        }
        (Selects::Index(index), Value::Array(elements)) => {
            elements.get_mut(*index).into_iter().for_each(|element| at(element, below, change));
        }
        (Selects::Name(name), Value::Object(members)) => {
            members.get_mut(name).into_iter().for_each(|member| at(member, below, change));
        }
        _ => {}
    }
}

/// Makes a plan by chance one of JSON in strings. Masks that tell of the value would tell of the string here, and of what
/// it holds in the oracle: they become others.
fn adapt(drawn: &mut Drawn) {
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
    drawn.spec = spec(drawn);
    drawn.spec.embedded = PLACES.map(str::to_owned).into();
}
