//! The directory as one JSON document: `{"format": 1, "settings": {…}, "projects": […], …}`, the records as the log
//! keeps them ([`Record::to_json`]).

use std::collections::HashMap;
use std::ops::Range;

use cordon_settings::{Problems, line_of};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Secrets;
use super::export::sorted;
use super::import::Incoming;
use crate::file::{DeclaredSettings, Written};
use crate::model::{Key, Record, RecordKind, Salt, Settings};
use crate::state::State;

/// What this version writes and reads.
const FORMAT: u32 = 1;

/// The lists of the document, in the order in which they are written.
const LISTS: [(&str, RecordKind); 8] = [
    ("projects", RecordKind::Project),
    ("roles", RecordKind::Role),
    ("groups", RecordKind::Group),
    ("users", RecordKind::User),
    ("tokens", RecordKind::Token),
    ("fields", RecordKind::Field),
    ("object_kinds", RecordKind::ObjectKind),
    ("objects", RecordKind::Object),
];

pub(super) fn write(state: &State, secrets: Secrets) -> String {
    let settings = Record::Settings(state.settings().clone()).to_json();
    let mut text = format!("{{\n  \"format\": {FORMAT},\n  \"settings\": {settings}");
    if secrets == Secrets::WithTokens {
        text += &format!(",\n  \"token_salt\": \"{}\"", state.salt().digits());
    }
    for (name, kind) in LISTS {
        if kind == RecordKind::Token && secrets == Secrets::Without {
            continue;
        }
        text += &format!(",\n  \"{name}\": [");
        for (position, record) in sorted(state, kind).iter().enumerate() {
            text += if position == 0 { "\n    " } else { ",\n    " };
            text += &record.to_json();
        }
        text += "\n  ]";
    }
    text + "\n}\n"
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    format: u32,
    #[serde(borrow)]
    settings: Option<&'a RawValue>,
    token_salt: Option<String>,
    #[serde(borrow, default)]
    projects: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    roles: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    groups: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    users: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    tokens: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    fields: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    object_kinds: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    objects: Vec<&'a RawValue>,
}

/// What a document says.
#[derive(Default)]
pub(super) struct Said {
    pub(super) settings: DeclaredSettings,
    pub(super) records: Vec<Incoming>,
}

/// Reads a document. Places of problems are JSON pointers (RFC 6901) in their messages, for a document may be one line.
pub(super) fn read(text: &str, problems: &mut Problems<'_>) -> Said {
    let document: Document<'_> = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            problems.at(0..0, format!("this is not the export of a directory: {error}"));
            return Said::default();
        }
    };
    if document.format != FORMAT {
        let message = format!("/format: {} is not known here", document.format);
        problems.at(0..0, message).help(format!("this version reads {FORMAT}"));
        return Said::default();
    }
    let mut said = Said::default();
    if let Some(raw) = document.settings {
        match serde_json::from_str::<Settings>(raw.get()) {
            Ok(settings) => {
                said.settings.security = Some(settings.security);
                let place = place(text, raw);
                said.settings.default_project = settings
                    .default_project
                    .map(|id| cordon_settings::Text { value: id.to_string(), span: place });
            }
            Err(error) => {
                problems.at(place(text, raw), format!("/settings: {error}"));
            }
        }
    }
    if let Some(digits) = &document.token_salt {
        said.settings.salt = Salt::parse(digits);
        if said.settings.salt.is_none() {
            problems.at(0..0, "/token_salt: these are not 32 hexadecimal digits");
        }
    }
    if said.settings.salt.is_none() && document.token_salt.is_none() && !document.tokens.is_empty() {
        let help = "`cordon directory export --with-tokens` writes both";
        problems.at(0..0, "/tokens: they need the document's `token_salt`").help(help);
    }
    let mut seen: HashMap<Key, String> = HashMap::new();
    for (name, kind) in LISTS {
        let list = match kind {
            RecordKind::Project => &document.projects,
            RecordKind::Role => &document.roles,
            RecordKind::Group => &document.groups,
            RecordKind::User => &document.users,
            RecordKind::Token => &document.tokens,
            RecordKind::Field => &document.fields,
            RecordKind::ObjectKind => &document.object_kinds,
            RecordKind::Object => &document.objects,
            RecordKind::Settings => continue,
        };
        for (position, raw) in list.iter().enumerate() {
            let pointer = format!("/{name}/{position}");
            let span = place(text, raw);
            let record = match Record::from_json(kind, raw.get()) {
                Ok(record) => record,
                // What serde says quotes what it found, which may be a token where a hash belongs.
                Err(_) if kind == RecordKind::Token => {
                    let message = format!("{pointer}: this is not a token's `hash`, `user` and `label`");
                    problems.at(span, message).help("the hash is 64 hexadecimal digits, never the token");
                    continue;
                }
                Err(error) => {
                    problems.at(span, format!("{pointer}: {}", without_place(&error)));
                    continue;
                }
            };
            match seen.get(&record.key()) {
                Some(first) => {
                    let message = format!("{pointer}: there is a {} already, at {first}", record.key());
                    problems.at(span, message).help("take one of them out, or choose another id");
                }
                None => {
                    seen.insert(record.key(), pointer.clone());
                    let mut incoming = Incoming::record(record, span, Written::default());
                    incoming.pointer = Some(pointer);
                    said.records.push(incoming);
                }
            }
        }
    }
    said
}

/// Where a value stands in the document.
fn place(text: &str, raw: &RawValue) -> Range<usize> {
    // The value is a part of the text, borrowed from it.
    let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + raw.get().len()
}

/// What serde says, without the line and column, which count from the record and not from the document.
fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rsplit_once(" at line ").map_or(said.clone(), |(message, _)| message.to_owned())
}

/// Where a problem stands, for people: the line, as the document may be looked at in an editor.
pub(super) fn line(text: &str, span: &Range<usize>) -> usize {
    line_of(text, span.start) + 1
}
