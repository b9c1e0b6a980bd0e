//! Records as resources: what is read, replaced, patched, removed and created is the same for all kinds, and each kind
//! says how it looks, who may touch it, and what its members are.

mod field;
mod group;
mod kind;
mod object;
mod project;
mod role;
mod settings;
mod token;
mod user;

use std::sync::Arc;

use axum::response::Response;
use cordon_directory::{Draft, Key, Record, State};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use crate::change::{Asked, Knows, Written, change, fault};
use crate::condition::{Conditions, entity_tag};
use crate::extract::Sent;
use crate::json;
use crate::members::Members;
use crate::problem::{Fault, Problem};
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;
use crate::warning::Warning;

pub(crate) use field::FieldView;
pub(crate) use group::GroupView;
pub(crate) use kind::ObjectKindView;
pub(crate) use object::ObjectView;
pub(crate) use project::{ProjectView, project_in_reach};
pub(crate) use role::{RoleView, SectionsView};
pub(crate) use settings::SettingsView;
pub(crate) use token::{TokenView, token_id};
pub(crate) use user::{UserView, user_warnings};

/// A kind of record as the API shows it.
pub(crate) trait Resource: Clone + Send + Sync + 'static {
    /// How it looks.
    type View: Serialize;

    /// What the log calls it.
    const NOUN: Noun;
    /// One of these opens it for reading.
    const READ: &'static [Right];
    /// One of these opens it for writing.
    const WRITE: &'static [Right];
    /// Members that a GET answers with, and that a request may send back without effect.
    fn skip(_body: &mut Members) {}

    /// The record of a key.
    fn find(state: &State, key: &Key) -> Option<Self>;

    /// Whether the caller may know of it.
    fn is_seen(&self, _sight: &Sight) -> bool {
        true
    }

    /// Whether the caller, who may write such records and sees this one, may write it.
    fn is_writable(&self, _sight: &Sight) -> bool {
        true
    }

    /// How it looks to the caller.
    fn view(&self, sight: &Sight) -> Self::View;

    /// Takes the record out of a body. `key` is what the path says, `before` what is there.
    fn read(body: &mut Members, key: Option<&Key>, before: Option<&Self>, sight: &Sight) -> Self;

    /// The record.
    fn record(self) -> Record;

    /// Refuses what the caller may not turn it into, or away.
    fn check(_before: Option<&Self>, _after: Option<&Self>, _sight: &Sight) -> Result<(), Problem> {
        Ok(())
    }

    /// What else comes of its creation.
    fn created(&self, _draft: &mut Draft, _sight: &Sight) {}

    /// Takes it away, as far as the caller sees it.
    fn remove(&self, key: &Key, draft: &mut Draft, _sight: &Sight) {
        draft.remove(key);
    }

    /// What the caller should know about it.
    fn warnings(&self, _sight: &Sight) -> Vec<Warning> {
        Vec::new()
    }

    /// Its path.
    fn location(key: &Key) -> String;
}

/// The words of a kind of record for what the log calls an action.
pub(crate) struct Noun {
    pub(crate) create: &'static str,
    pub(crate) replace: &'static str,
    pub(crate) patch: &'static str,
    pub(crate) remove: &'static str,
}

/// The words for one noun.
macro_rules! noun {
    ($noun:literal) => {
        crate::resource::Noun {
            create: concat!("create ", $noun),
            replace: concat!("replace ", $noun),
            patch: concat!("edit ", $noun),
            remove: concat!("remove ", $noun),
        }
    };
}
pub(crate) use noun;

/// Escapes one part of a path.
pub(crate) fn part(text: &str) -> impl std::fmt::Display + '_ {
    const PLAIN: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &PLAIN)
}

/// How a record looks to the caller, as a value.
pub(crate) fn seen<R: Resource>(resource: &R, sight: &Sight) -> Value {
    serde_json::to_value(resource.view(sight)).expect("views hold texts, lists and flags")
}

/// The record of a key, if the caller sees it.
pub(crate) fn find<R: Resource>(sight: &Sight, key: &Key) -> Result<R, Problem> {
    let found = R::find(sight.state(), key).filter(|found| found.is_seen(sight));
    found.ok_or_else(Problem::not_found)
}

/// GET of one record.
pub(crate) fn get<R: Resource>(sight: &Sight, key: &Key, headers: &HeaderMap) -> Result<Response, Problem> {
    sight.need(R::READ)?;
    let conditions = Conditions::read(headers)?;
    let found: R = find(sight, key)?;
    let seen = seen(&found, sight);
    let tag = entity_tag(&seen);
    if conditions.is_known(&tag) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(header::ETAG, tag);
        return Ok(response);
    }
    Ok(Written::ok(seen, Vec::new()).response())
}

/// POST of one record to the list of its kind.
pub(crate) async fn create<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(R::WRITE)?;
    let (body, text) = sent.json(shared).await?;
    let body = Arc::new(body);
    let asked = Asked { body: Some(Arc::clone(&body)), once: sent.once(sight.login(), &text)? };
    let (written, _) = change(shared, sight, R::NOUN.create, asked, move |draft, sight| {
        sight.need(R::WRITE)?;
        let record: R = taken(&body, None, None, sight)?;
        R::check(None, Some(&record), sight)?;
        let key = record.clone().record().key();
        draft.create(record.clone().record());
        written(record, &key, true, draft, sight)
    })
    .await?;
    Ok(written.response())
}

/// PUT of one record: what is there is replaced, what is not is created.
pub(crate) async fn put<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    key: Key,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(R::WRITE)?;
    let conditions = Conditions::read(&sent.headers)?;
    let body = Arc::new(sent.json(shared).await?.0);
    let asked = Asked { body: Some(Arc::clone(&body)), once: None };
    let (written, _) = change(shared, sight, R::NOUN.replace, asked, move |draft, sight| {
        sight.need(R::WRITE)?;
        let there = R::find(draft.state(), &key);
        let known = there.as_ref().filter(|there| there.is_seen(sight));
        conditions.check(known.map(|there| entity_tag(&seen(there, sight))).as_ref(), true)?;
        writable(known, sight)?;
        let record: R = taken(&body, Some(&key), known, sight)?;
        R::check(known, Some(&record), sight)?;
        if known.is_some() {
            draft.put(record.clone().record());
        } else {
            // Also what the caller does not see is not created twice.
            draft.create(record.clone().record());
        }
        written(record, &key, known.is_none(), draft, sight)
    })
    .await?;
    Ok(written.response())
}

/// PATCH of one record.
pub(crate) async fn patch<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    key: Key,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(R::WRITE)?;
    let conditions = Conditions::read(&sent.headers)?;
    let (patch, _) = sent.json(shared).await?;
    let asked = Asked { body: Some(Arc::new(patch.clone())), once: None };
    let (written, _) = change(shared, sight, R::NOUN.patch, asked, move |draft, sight| {
        sight.need(R::WRITE)?;
        let there: R = find(sight, &key)?;
        let mut body = seen(&there, sight);
        conditions.check(Some(&entity_tag(&body)), false)?;
        writable(Some(&there), sight)?;
        json::merge(&mut body, patch);
        let record: R = taken(&body, Some(&key), Some(&there), sight)?;
        R::check(Some(&there), Some(&record), sight)?;
        draft.put(record.clone().record());
        written(record, &key, false, draft, sight)
    })
    .await?;
    Ok(written.response())
}

/// DELETE of one record.
pub(crate) async fn remove<R: Resource>(
    shared: &Arc<Shared>,
    sight: &Sight,
    key: Key,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    sight.need(R::WRITE)?;
    let conditions = Conditions::read(headers)?;
    let (written, _) = change(shared, sight, R::NOUN.remove, Asked::default(), move |draft, sight| {
        sight.need(R::WRITE)?;
        let there: R = find(sight, &key)?;
        conditions.check(Some(&entity_tag(&seen(&there, sight))), false)?;
        writable(Some(&there), sight)?;
        R::check(Some(&there), None, sight)?;
        there.remove(&key, draft, sight);
        Ok(Written::nothing())
    })
    .await?;
    Ok(written.response())
}

/// Refuses to write what the caller sees and no more: existence is no secret there, so that the refusal is none.
fn writable<R: Resource>(there: Option<&R>, sight: &Sight) -> Result<(), Problem> {
    if there.is_none_or(|there| there.is_writable(sight)) {
        return Ok(());
    }
    let detail = "This is beyond your projects. It needs the right `see-everything`.";
    Err(Problem::new(StatusCode::FORBIDDEN, "right-missing", detail))
}

/// The record that a body describes, or all that is wrong with it: with its members, and with what they say.
fn taken<R: Resource>(
    body: &Value,
    key: Option<&Key>,
    before: Option<&R>,
    sight: &Sight,
) -> Result<R, Problem> {
    let mut members = Members::of(body.clone())?;
    let record = R::read(&mut members, key, before, sight);
    R::skip(&mut members);
    let mut faults = members.finish();
    if faults.is_empty() {
        return Ok(record);
    }
    let knows = Knows::those_of(sight);
    let violations = sight.state().check(&record.record());
    let others: Vec<Fault> = violations.iter().map(|violation| fault(violation, knows, Some(body))).collect();
    let is_told = |other: &Fault| {
        faults.iter().any(|told| {
            let (told, other) = (told.pointer.as_deref(), other.pointer.as_deref());
            let (told, other) = (told.unwrap_or_default(), other.unwrap_or_default());
            told == other || told.starts_with(&format!("{other}/")) || other.starts_with(&format!("{told}/"))
        })
    };
    let others: Vec<Fault> = others.into_iter().filter(|other| !is_told(other)).collect();
    faults.extend(others);
    Err(Problem::body(faults))
}

/// What is told of a record that was just put into a draft.
fn written<R: Resource>(
    record: R,
    key: &Key,
    is_new: bool,
    draft: &mut Draft,
    sight: &Sight,
) -> Result<Written, Problem> {
    if is_new {
        record.created(draft, sight);
    }
    // Writing may have changed what the caller is: a project that they are in now, a role that they gave up.
    let after = sight.before(draft.state()).unwrap_or_else(|_| sight.clone());
    // Where the draft refused the record, so will the store refuse the draft, and nobody is told this.
    let record = R::find(draft.state(), key).unwrap_or(record);
    Ok(Written {
        status: if is_new { 201 } else { 200 },
        seen: Some(seen(&record, &after)),
        warnings: record.warnings(&after),
        location: is_new.then(|| R::location(key)),
    })
}
