//! Server-sent events: those that a client is sent are what the tree oracle leaves of those in the body.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::agreement::feed_every_way;
use crate::json::is_unique;
use crate::plans::Table;
use crate::support::feeding::Outcome;
use crate::support::oracle::Oracle;
use crate::trial::{self, Trial};

static PLANS: LazyLock<Table> = LazyLock::new(|| Table::read(include_str!("../plans/sse.toml"), None));

/// One input.
pub fn run(data: &[u8]) {
    trial::read(data, &PLANS, |trial| {
        let outcome = feed_every_way(trial);
        if outcome.result.is_ok() {
            check(trial, &outcome);
        }
    });
}

fn check(trial: &Trial<'_>, outcome: &Outcome) {
    let Some(events) = dispatched(trial.body) else {
        // Data that is no JSON passes only where nothing looks into it: compared as it stands, where all passes.
        return;
    };
    let judge = trial.judge();
    let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
    let mut oracle = Oracle::new(trial.drawn, &decide);
    let Some(expected) = oracle.edit(&Value::Array(events)) else { return };
    let expected: Vec<Value> = match expected {
        Value::Array(events) => events.into_iter().filter(|event| event.get("data").is_some()).collect(),
        _ => Vec::new(),
    };
    let found = dispatched(&outcome.output).unwrap_or_else(|| {
        panic!("this is no stream: {:?}: {}", String::from_utf8_lossy(&outcome.output), trial.shown())
    });
    assert_eq!(sent(found), sent(expected), "the oracle's events are on the right: {}", trial.shown());
}

/// The events that a client is sent, as the members that stand in them. None if some data is no JSON, a name stands twice,
/// or an id is one that clients pass over.
fn dispatched(body: &[u8]) -> Option<Vec<Value>> {
    let text = std::str::from_utf8(body).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut events = Vec::new();
    let mut members = Map::new();
    let mut data: Option<String> = None;
    for line in lines(text) {
        if line.is_empty() {
            if let Some(text) = data.take() {
                let value = serde_json::from_str(&text).ok().filter(|_| is_unique(text.as_bytes()))?;
                members.insert("data".to_owned(), value);
                events.push(Value::Object(std::mem::take(&mut members)));
            }
            members.clear();
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "data" => match &mut data {
                None => data = Some(value.to_owned()),
                Some(text) => text.extend(["\n", value]),
            },
            "event" => drop(members.insert(name.to_owned(), value.into())),
            // A client passes over it, but not over the mask that may take its place.
            "id" if value.contains('\0') => return None,
            "id" => drop(members.insert(name.to_owned(), value.into())),
            _ => {}
        }
    }
    Some(events)
}

/// The lines that have an end.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        lines.push(&rest[..end]);
        rest = rest[end..].strip_prefix("\r\n").unwrap_or(&rest[end + 1..]);
    }
    lines
}

/// What a client's code gets to see of events.
fn sent(events: Vec<Value>) -> Vec<(Option<String>, Option<String>, Value)> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let seen = |event: Value| {
        let name = text(event.get("event")).filter(|name| !name.is_empty());
        (name, text(event.get("id")), event["data"].clone())
    };
    events.into_iter().map(seen).collect()
}
