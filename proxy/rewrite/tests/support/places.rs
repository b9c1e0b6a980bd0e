//! Places in a tree, and paths matched against them from the beginning.

use serde_json::Value;

use super::generate::{Selects, Step};

/// A child of a place.
#[derive(Clone, Debug)]
pub enum Child {
    Name(String),
    Index(usize),
}

fn selects(step: &Step, child: &Child) -> bool {
    match (&step.selects, child) {
        (Selects::All, _) => true,
        (Selects::Name(name), Child::Name(other)) => name == other,
        (Selects::Index(index), Child::Index(other)) => index == other,
        _ => false,
    }
}

pub fn matches(path: &[Step], place: &[Child]) -> bool {
    match (path, place) {
        ([], []) => true,
        ([step, later @ ..], [child, below @ ..]) => {
            selects(step, child) && matches(later, below) || step.descends && matches(path, below)
        }
        _ => false,
    }
}

/// Whether a path leads through a place to something below it.
pub fn goes_on(path: &[Step], place: &[Child]) -> bool {
    match (path, place) {
        ([], _) => false,
        (_, []) => true,
        ([step, later @ ..], [child, below @ ..]) => {
            selects(step, child) && goes_on(later, below) || step.descends && goes_on(path, below)
        }
    }
}

pub fn find<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match (&step.selects, value) {
        (Selects::Name(name), Value::Object(members)) => members.get(name),
        (Selects::Index(index), Value::Array(elements)) => elements.get(*index),
        _ => None,
    })
}

/// A key's value as the judge of these tests writes it.
pub fn display(value: Option<&Value>) -> String {
    let scalar = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(format!("#{number}")),
        Value::Object(_) | Value::Array(_) => None,
        other => Some(other.to_string()),
    };
    match value {
        None => "(absent)".to_owned(),
        Some(Value::Array(elements)) => match elements.iter().map(scalar).collect::<Option<Vec<_>>>() {
            Some(elements) => format!("[{}]", elements.join(" ")),
            None => "(composite)".to_owned(),
        },
        Some(value) => scalar(value).unwrap_or_else(|| "(composite)".to_owned()),
    }
}
