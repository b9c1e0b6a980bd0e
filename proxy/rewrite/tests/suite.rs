//! The public JSON test suite: what it accepts comes out byte for byte, what it refuses is refused, and what it
//! leaves open has its behaviour written down in `suite-open.toml`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cordon_rewrite::{Action, BodyPlan, Edit, Mask, Options, Plan};
use serde_json::Value;
use support::case::word;
use support::feeding::{Cuts, Outcome, feed, seeds};
use support::judge::Table;

/// The files whose names begin so, or none where the suite is not there.
fn suite(prefix: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/json-test-suite");
    let folder = if folder.join("test_parsing").is_dir() { folder.join("test_parsing") } else { folder };
    let Ok(entries) = std::fs::read_dir(&folder) else {
        assert!(std::env::var_os("CI").is_none(), "the JSON test suite is missing: {}", folder.display());
        eprintln!("skipped: the JSON test suite is not at {}", folder.display());
        return None;
    };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
        .filter(|(name, _)| name.starts_with(prefix) && name.ends_with(".json"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no {prefix} cases");
    Some(files)
}

fn plan(edits: &[(&str, Action)]) -> Arc<Plan> {
    let outside = edits
        .iter()
        .map(|(path, action)| Edit { path: (*path).to_owned(), action: action.clone() })
        .collect();
    Arc::new(Plan::compile(BodyPlan { outside, ..BodyPlan::default() }).unwrap())
}

fn keep_all() -> Arc<Plan> {
    plan(&[("$", Action::KeepAll)])
}

/// Feeds a body whole, byte by byte, and in random chunks, and expects the same each time.
fn feed_every_way(plan: &Arc<Plan>, body: &[u8]) -> Outcome {
    let options = Options::default();
    let whole = feed(plan, &options, [body], &mut Table::default());
    let mut others =
        vec![("byte by byte".to_owned(), feed(plan, &options, body.chunks(1), &mut Table::default()))];
    for seed in seeds(4) {
        let chunks = Cuts::new(seed).cut(body);
        others
            .push((format!("CORDON_CHUNK_SEED={seed}"), feed(plan, &options, chunks, &mut Table::default())));
    }
    for (way, other) in others {
        let error =
            |outcome: &Outcome| outcome.result.as_ref().err().map(|error| (word(&error.kind), error.offset));
        assert_eq!(error(&whole), error(&other), "{way}");
        if whole.result.is_ok() {
            assert_eq!(whole.output, other.output, "{way}");
        }
    }
    whole
}

#[test]
fn accepted_bodies_come_out_byte_for_byte() {
    for (name, body) in suite("y_").into_iter().flatten() {
        let outcome = feed_every_way(&keep_all(), &body);
        assert!(outcome.result.is_ok(), "{name}: {:?}", outcome.result);
        assert_eq!(outcome.output, body, "{name}");
    }
}

#[test]
fn refused_bodies_are_refused() {
    let looks_everywhere = plan(&[("$..x", Action::Keep)]);
    for (name, body) in suite("n_").into_iter().flatten() {
        assert!(feed_every_way(&keep_all(), &body).result.is_err(), "{name}");
        assert!(feed_every_way(&looks_everywhere, &body).result.is_err(), "{name}");
    }
}

#[test]
fn what_is_left_open_is_as_written() {
    let Some(files) = suite("i_") else { return };
    let written: BTreeMap<String, String> = toml::from_str(include_str!("suite-open.toml")).unwrap();
    let found: BTreeMap<String, String> = files
        .into_iter()
        .map(|(name, body)| {
            let outcome = feed_every_way(&keep_all(), &body);
            let behaviour = match &outcome.result {
                Ok(()) if outcome.output == body => "passes".to_owned(),
                Ok(()) if body.ends_with(&outcome.output) => "passes without its byte order mark".to_owned(),
                Ok(()) => "changed".to_owned(),
                Err(error) => word(&error.kind),
            };
            (name, behaviour)
        })
        .collect();
    assert_eq!(found, written);
}

/// A plan that walks every object and array: everything passes but members named `a`, `b` is masked.
#[test]
fn a_plan_that_looks_everywhere_agrees_with_a_tree() {
    let plan = plan(&[
        ("$", Action::KeepAll),
        ("$..a", Action::Remove),
        ("$..b", Action::Mask(Mask::Null)),
        ("$..[1]", Action::Remove),
    ]);
    for (name, body) in suite("y_").into_iter().flatten() {
        let outcome = feed_every_way(&plan, &body);
        if name.contains("duplicated_key") {
            assert_eq!(
                outcome.result.map_err(|error| word(&error.kind)),
                Err("duplicate".to_owned()),
                "{name}"
            );
            continue;
        }
        let mut tree: Value = serde_json::from_slice(&body).unwrap();
        remove(&mut tree);
        let output: Value = serde_json::from_slice(&outcome.output)
            .unwrap_or_else(|error| panic!("{name}: {error}: {:?}", outcome.result));
        assert_eq!(output, tree, "{name}");
    }
}

fn remove(tree: &mut Value) {
    match tree {
        Value::Object(members) => {
            members.shift_remove("a");
            for (name, value) in members {
                if name == "b" {
                    *value = Value::Null;
                } else {
                    remove(value);
                }
            }
        }
        Value::Array(elements) => {
            if elements.len() > 1 {
                elements.remove(1);
            }
            elements.iter_mut().for_each(remove);
        }
        _ => {}
    }
}
