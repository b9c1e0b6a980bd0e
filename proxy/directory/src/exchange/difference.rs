//! Changes as people read them.

use std::fmt;

use serde_json::{Map, Value};

use crate::edit::Change;
use crate::model::{Key, Record, RecordKind};

/// Changes, one a line: `+ project acme`, `~ user olga: projects acme → acme, globex`, `- queue 7`. What they have never
/// holds a secret: of a token only the first digits of its hash are told.
pub struct Difference<'a>(pub &'a [Change]);

impl fmt::Display for Difference<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in self.0 {
            let name = name_of(&change.key);
            match (&change.before, &change.after) {
                (None, Some(after)) => {
                    write!(formatter, "+ {name}")?;
                    list(
                        formatter,
                        members(after).iter().filter(|(name, _)| !is_key(name, change.key.kind)),
                    )?;
                }
                (Some(before), Some(after)) => {
                    write!(formatter, "~ {name}")?;
                    altered(formatter, &members(before), &members(after))?;
                }
                (Some(_), None) => write!(formatter, "- {name}")?,
                (None, None) => continue,
            }
            formatter.write_str("\n")?;
        }
        Ok(())
    }
}

/// A key as one or two words and an id: `user olga`, `contact field phone`, `queue 7`.
pub fn name_of(key: &Key) -> String {
    let Key { kind, of, id } = key;
    match kind {
        RecordKind::Settings => "settings".to_owned(),
        RecordKind::Field => format!("{of} field {id}"),
        RecordKind::Object => format!("{of} {id}"),
        RecordKind::Token => format!("token {}", id.get(..12).unwrap_or(id)),
        kind => format!("{} {id}", kind.name()),
    }
}

fn members(record: &Record) -> Map<String, Value> {
    match serde_json::from_str(&record.to_json()) {
        Ok(Value::Object(mut members)) => {
            // Twelve digits of it are in the record's name.
            members.remove("hash");
            members
        }
        _ => Map::new(),
    }
}

/// Whether a member is part of what the record is called.
fn is_key(name: &str, kind: RecordKind) -> bool {
    match kind {
        RecordKind::Field => matches!(name, "kind" | "key"),
        RecordKind::Object => matches!(name, "kind" | "id"),
        RecordKind::User => name == "login",
        RecordKind::Role | RecordKind::ObjectKind => name == "name",
        _ => name == "id",
    }
}

fn list<'m>(
    formatter: &mut fmt::Formatter<'_>,
    members: impl Iterator<Item = (&'m String, &'m Value)>,
) -> fmt::Result {
    let said = members.filter(|(_, value)| !value.as_array().is_some_and(Vec::is_empty));
    for (position, (name, value)) in said.enumerate() {
        write!(formatter, "{} {name} {}", if position == 0 { ":" } else { ";" }, shown(Some(value)))?;
    }
    Ok(())
}

fn altered(
    formatter: &mut fmt::Formatter<'_>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> fmt::Result {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let names = before.keys().chain(added).filter(|name| before.get(*name) != after.get(*name));
    for (position, name) in names.enumerate() {
        let (before, after) = (shown(before.get(name)), shown(after.get(name)));
        write!(formatter, "{} {name} {before} → {after}", if position == 0 { ":" } else { ";" })?;
    }
    Ok(())
}

/// A value on one line; a dash for none.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::Array(entries)) if entries.is_empty() => "–".to_owned(),
        Some(Value::Array(entries)) => {
            entries.iter().map(|entry| shown(Some(entry))).collect::<Vec<_>>().join(", ")
        }
        Some(Value::Bool(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        Some(Value::String(text)) if text.chars().any(char::is_control) => format!("{text:?}"),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Object, Project, Projects, User};

    #[test]
    fn a_change_is_a_line() {
        let olga = |projects: &[&str]| {
            let projects: Projects = projects.iter().copied().collect();
            Record::User(User { projects, ..User::new("olga", "Olga") })
        };
        let change = |before: Option<Record>, after: Option<Record>| {
            let key = before.as_ref().or(after.as_ref()).map(Record::key);
            Change { key: key.expect("one of them is there"), before, after }
        };
        let mut acme = Project::new("acme", "Acme");
        acme.description = Some("Two\nlines".to_owned());
        let changes = [
            change(None, Some(Record::Project(acme))),
            change(Some(olga(&["acme"])), Some(olga(&["acme", "globex"]))),
            change(Some(Record::Object(Object::new("queue", "7"))), None),
        ];
        assert_eq!(
            Difference(&changes).to_string(),
            "+ project acme: name Acme; description \"Two\\nlines\"\n\
             ~ user olga: projects acme → acme, globex\n\
             - queue 7\n"
        );
    }
}
