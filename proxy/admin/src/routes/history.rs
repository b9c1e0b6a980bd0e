//! `/history`: who changed what, and when (D9). For the role Admin.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Change, Entry, HistoryFilter, Key, ReadError, Record, RecordKind};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::paging::{List, Page, checked};
use crate::problem::{Fault, Problem};
use crate::query::Query;
use crate::resource::TokenView;
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;

const NEED: &[Right] = &[Right::Administrator];

/// A change, and what it did.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryEntry {
    /// From 1, without a gap.
    pub number: u64,
    /// When it was made (RFC 3339).
    #[schema(format = DateTime)]
    pub time: String,
    /// Who made it.
    pub actor: String,
    /// What it was.
    pub action: String,
    /// How many records it changed.
    pub records: u64,
    /// What it did to each record; less than `records` where only one was asked for, and of very large changes.
    pub changes: Vec<RecordChange>,
    /// Its hash, which follows from the one before: 64 hexadecimal digits.
    pub hash: String,
}

/// What a change did to a record.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordChange {
    /// `project`, `user`, `group`, `role`, `token`, `field`, `object-kind`, `object` or `settings`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// The kind of object, or of record that a field belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub of: Option<String>,
    /// Id, login, name or key; of a token the first digits of its salted hash.
    pub id: String,
    /// What it was; absent if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub before: Option<Value>,
    /// What it is since then; absent if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub after: Option<Value>,
}

/// The changes, the newest first. For the role Admin.
#[utoipa::path(
    get, path = "/history", tag = "history",
    params(
        ("actor" = Option<String>, Query, description = "Only changes by this actor: `user:` and a login, or the name of a program."),
        ("project" = Option<String>, Query, description = "Only changes of this project, or of what was or is in it."),
        ("object" = Option<String>, Query, description = "Only changes of this object: kind, slash, id."),
        ("record" = Option<String>, Query, description = "Only changes of this record: kind of record, slash, id; `field/contact/phone` for a field."),
        ("since" = Option<String>, Query, description = "Not before this time (RFC 3339)."),
        ("until" = Option<String>, Query, description = "Before this time (RFC 3339)."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, the newest first.", body = List<HistoryEntry>, headers(("Link" = String)))),
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let page = Page::read(&mut query);
    let actor = query.take("actor");
    let project = query.take("project");
    let object = query.take("object").and_then(|text| {
        let key = text.split_once('/').map(|(kind, id)| Key::object(kind, id));
        known(&mut query, "object", key, "a kind of object, a slash and an id are expected")
    });
    let record = query.take("record").and_then(|text| {
        let expected = "a kind of record, a slash and an id are expected";
        known(&mut query, "record", key_of(&text), expected)
    });
    if object.is_some() && record.is_some() {
        query.fault(Fault::of("record", "twice", "`object` names a record already").help("give one of them"));
    }
    let (since, until) = (time(&mut query, "since"), time(&mut query, "until"));
    let before_number = match &page.after {
        None => None,
        Some((_, number)) => {
            let number = number.parse().ok();
            known(&mut query, "cursor", number, "this is no cursor of an answer")
        }
    };
    checked(query)?;
    let limit = u32::try_from(page.limit).expect("a page has 500 items at the most");
    let filter = HistoryFilter {
        actor,
        project,
        record: object.or(record),
        since,
        until,
        before_number,
        limit: limit + 1,
        ..HistoryFilter::default()
    };
    let mut entries = shared.store.history(&filter).await.map_err(unreadable)?;
    let more = entries.len() > page.limit;
    entries.truncate(page.limit);
    let next =
        entries.last().filter(|_| more).map(|entry| crate::paging::encode("", &entry.number.to_string()));
    Ok(page.list(entries.into_iter().map(HistoryEntry::from).collect::<Vec<_>>(), next))
}

/// Why the log cannot be read.
pub(super) fn unreadable(error: ReadError) -> Problem {
    match error {
        ReadError::NoLog => {
            let detail = "The directory is a file, which has no history.";
            Problem::new(StatusCode::CONFLICT, "no-history", detail)
        }
        ReadError::Unavailable(message) => {
            tracing::warn!(message, "the history cannot be read");
            let detail = "The directory's database does not answer. Try again.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
                .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
        }
    }
}

impl From<Entry> for HistoryEntry {
    fn from(entry: Entry) -> HistoryEntry {
        let time = Timestamp::try_from(entry.time).unwrap_or(Timestamp::UNIX_EPOCH);
        HistoryEntry {
            number: entry.number,
            time: time.to_string(),
            actor: entry.actor,
            action: entry.action,
            records: entry.records,
            changes: entry.changes.into_iter().map(RecordChange::from).collect(),
            hash: entry.hash.to_string(),
        }
    }
}

impl From<Change> for RecordChange {
    fn from(change: Change) -> RecordChange {
        let Key { kind, of, id } = change.key;
        let id = match kind {
            RecordKind::Token => id.get(..16).unwrap_or_default().to_owned(),
            _ => id.to_string(),
        };
        RecordChange {
            kind: kind.name(),
            of: (!of.is_empty()).then(|| of.to_string()),
            id,
            before: change.before.as_ref().map(shown),
            after: change.after.as_ref().map(shown),
        }
    }
}

/// A record as the log has it, but for what is left of a token.
fn shown(record: &Record) -> Value {
    match record {
        Record::Token(token) => {
            let mut view = serde_json::to_value(TokenView::from(token)).expect("texts");
            view["user"] = (*token.user).into();
            view
        }
        record => serde_json::from_str(&record.to_json()).expect("the log's form is JSON"),
    }
}

fn key_of(text: &str) -> Option<Key> {
    let (kind, id) = text.split_once('/').unwrap_or((text, ""));
    match RecordKind::from_name(kind)? {
        kind @ (RecordKind::Field | RecordKind::Object) => {
            let (of, id) = id.split_once('/')?;
            Some(Key { kind, of: of.into(), id: id.into() })
        }
        kind => Some(Key::new(kind, id)),
    }
}

fn time(query: &mut Query, name: &'static str) -> Option<SystemTime> {
    let text = query.take(name)?;
    let time = text.parse::<Timestamp>().ok().map(SystemTime::from);
    known(query, name, time, "a time such as 2026-01-31T12:00:00Z is expected")
}

fn known<T>(query: &mut Query, name: &str, value: Option<T>, expected: &str) -> Option<T> {
    if value.is_none() {
        query.fault(Fault::of(name, "type", expected));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_by_kind_and_id() {
        assert_eq!(key_of("field/contact/a/b"), Some(Key::field("contact", "a/b")));
        assert_eq!(key_of("object/queue/7"), Some(Key::object("queue", "7")));
        assert_eq!(key_of("user/a/b"), Some(Key::new(RecordKind::User, "a/b")));
        assert_eq!(key_of("settings"), Some(Key::new(RecordKind::Settings, "")));
        assert_eq!(key_of("field/contact"), None);
        assert_eq!(key_of("nothing/7"), None);
    }
}
