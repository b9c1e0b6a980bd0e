//! Paths: one that is accepted selects what an implementation of RFC 9535 by others selects.

use std::sync::{Arc, LazyLock};

use cordon_rewrite::{Action, BodyPlan, Edit, Options, Plan};
use serde_json::{Value, json};
use serde_json_path::JsonPath;

use crate::support::feeding::feed;
use crate::support::judge::Table;

/// A document with something in most places.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "a": {"b": 1, "c": {"a": 2, "é": 3}, "": 4, "a b": [5, [6, {"a": 7}]]},
        "b": [{"a": 8, "b": {"c": 9}}, [10, 11, {"0": 12}], 13],
        "_x1": {"a": {"a": {"a": 14}}},
        "'": 15, "\"": 16, "\\": 17, "\u{8}\u{c}\n\r\t/": 18, "☺": 19, "*": 20, "0": 21
    })
});

/// Segments at the most of a path with descendants.
const STEPS: usize = 10;

/// One input: a path.
pub fn run(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else { return };
    // Many steps behind a descendant take the whole of what a plan may cost: too long for a fuzzer.
    if path.contains("..") && path.matches(['.', '[']).count() > STEPS {
        return;
    }
    let edit = Edit { path: path.to_owned(), action: Action::KeepAll };
    let Ok(plan) = Plan::compile(BodyPlan { outside: vec![edit], ..BodyPlan::default() }) else {
        return;
    };
    // It wants surrogates in upper case, of which RFC 9535 says nothing. No member is named by a backslash and more.
    let other = JsonPath::parse(&path.replace("\\ud", "\\uD"));
    let other =
        other.unwrap_or_else(|error| panic!("{path:?} is no path of RFC 9535, but accepted: {error}"));
    let selected: Vec<String> =
        other.query_located(&DOCUMENT).locations().map(|place| place.to_json_pointer()).collect();
    let body = DOCUMENT.to_string();
    let outcome = feed(&Arc::new(plan), &Options::default(), [body.as_bytes()], &mut Table::default());
    assert!(outcome.result.is_ok(), "{path:?}: {:?}", outcome.result);
    let found: Value = serde_json::from_slice(&outcome.output).expect("JSON");
    assert_eq!(
        scalars(&found),
        scalars(&remains(&DOCUMENT, "", &selected).unwrap_or(Value::Null)),
        "{path:?} selects {selected:?}"
    );
}

/// What lies at or below the places selected.
fn remains(value: &Value, place: &str, selected: &[String]) -> Option<Value> {
    if selected.iter().any(|selected| selected == place) {
        return Some(value.clone());
    }
    match value {
        Value::Object(members) => {
            let below = |(name, value): (&String, &Value)| {
                let step = name.replace('~', "~0").replace('/', "~1");
                Some((name.clone(), remains(value, &format!("{place}/{step}"), selected)?))
            };
            Some(Value::Object(members.iter().filter_map(below).collect()))
        }
        Value::Array(elements) => {
            let below =
                |(index, value): (usize, &Value)| remains(value, &format!("{place}/{index}"), selected);
            Some(elements.iter().enumerate().filter_map(below).collect())
        }
        _ => None,
    }
}

/// The numbers of a document: each stands in one place only.
fn scalars(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members.values().flat_map(scalars).collect(),
        Value::Array(elements) => elements.iter().flat_map(scalars).collect(),
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}
