//! `/export`, `/import` and `/verify`: the directory as a whole. For the role Admin.
//!
//! Each goes through all of it, so they take turns: whoever comes meanwhile is asked to come again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::exchange::{Format, Import, Secrets, export as write};
use cordon_directory::{Change, Problem as Mistake, State as Directory, VerifyError};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tokio::sync::MutexGuard;
use utoipa::ToSchema;

use super::history::{RecordChange, unreadable};
use crate::answer;
use crate::change::{Asked, Written, change};
use crate::document::DirectoryDocument;
use crate::extract::Sent;
use crate::paging::{blocking, checked};
use crate::problem::{Fault, Problem};
use crate::query::Query;
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;

const NEED: &[Right] = &[Right::Administrator];

/// Changes that an import tells one by one.
const TOLD: usize = 500;

/// What an import did, or would do.
#[derive(Serialize, ToSchema)]
pub(crate) struct Imported {
    /// Whether this is only what would be done.
    pub dry_run: bool,
    /// How many records are other than before.
    pub records: usize,
    /// What is done to each; the first 500 of very large imports.
    pub changes: Vec<RecordChange>,
}

/// Whether the log and the tables are what the changes left.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Whether nobody tampered with the database.
    pub holds: bool,
    /// What does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// How many changes the log has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entries: Option<u64>,
    /// How many records the directory has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub records: Option<u64>,
    /// Hash of the last change. Noted elsewhere with the number of changes, it proves later that the log still has all
    /// up to here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hash: Option<String>,
}

/// The whole directory, without tokens, in the form that `/import` takes. For the role Admin.
#[utoipa::path(
    get, path = "/export", tag = "directory",
    responses((status = 200, description = "The directory. Equal directories give equal texts.", body = DirectoryDocument)),
)]
pub(crate) async fn export(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    query: Query,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    checked(query)?;
    let _turn = turn(&shared)?;
    blocking(move || {
        let text = write(sight.state(), Format::Json, Secrets::Without);
        answer::of_type("application/json", text.into())
    })
    .await
}

/// Puts records into the directory: all of them, or none. For the role Admin.
///
/// A record takes the place of the one of its key as a whole; what is not named stays as it is, unless `replace` is
/// true. What was exported and is imported again changes nothing.
#[utoipa::path(
    post, path = "/import", tag = "directory", request_body = DirectoryDocument,
    params(
        ("dry_run" = Option<bool>, Query, description = "Tells what would be done, and does nothing."),
        ("replace" = Option<bool>, Query, description = "Takes away what is not named; tokens only where some are."),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key imports nothing twice."),
    ),
    responses((status = 200, description = "What was done, or would be.", body = Imported, headers(("ETag" = String)))),
)]
pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    mut query: Query,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let dry_run = query.flag("dry_run").unwrap_or_default();
    let replace = query.flag("replace").unwrap_or_default();
    checked(query)?;
    let (_, body) = sent.json(&shared).await?;
    let once = sent.once(sight.login(), &body)?;
    let text = String::from_utf8(body.into()).map_err(|_| Problem::body(Vec::new()))?;
    let _turn = turn(&shared)?;
    if dry_run {
        return blocking(move || match planned(sight.state(), &text, replace) {
            Ok(changes) => told(changes, true).response(),
            Err(problem) => axum::response::IntoResponse::into_response(problem),
        })
        .await;
    }
    let asked = Asked { body: None, once };
    let (written, _) = change(&shared, &sight, "import", asked, move |draft, sight| {
        sight.need(NEED)?;
        // Planned first, since a draft tells what it comes to only when nothing can be added any more.
        let changes = planned(draft.state(), &text, replace)?;
        Import::read(&text, Format::Json).apply(draft, replace).map_err(|mistakes| refused(&mistakes))?;
        Ok(told(changes, false))
    })
    .await?;
    Ok(written.response())
}

/// Checks that nobody tampered with the database: each change's hash follows from the one before, and what the changes
/// come to is what the tables hold. For the role Admin.
///
/// It makes all changes again; `cordon directory verify` does so without a deadline.
#[utoipa::path(
    get, path = "/verify", tag = "directory",
    params(
        ("number" = Option<u64>, Query, description = "Number of a change whose hash was noted.", minimum = 1),
        ("hash" = Option<String>, Query, description = "The hash that was noted; the log must still have it."),
    ),
    responses((status = 200, description = "Whether it holds.", body = Verification)),
)]
pub(crate) async fn verify(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let (number, hash) = (query.take("number"), query.take("hash"));
    let expected = match (number, hash) {
        (None, None) => None,
        (Some(number), Some(hash)) => match number.parse() {
            Ok(number) if number > 0 => Some((number, hash)),
            _ => {
                query.fault(Fault::of("number", "type", "the number of a change is expected, from 1"));
                None
            }
        },
        _ => {
            query.fault(
                Fault::of("hash", "required", "`number` and `hash` belong together").help("give both"),
            );
            None
        }
    };
    checked(query)?;
    let _turn = turn(&shared)?;
    let verification = match shared.store.verify(expected).await {
        Ok(verified) => Verification {
            holds: true,
            detail: None,
            entries: Some(verified.entries),
            records: Some(verified.records),
            hash: Some(verified.head_hash),
        },
        Err(VerifyError::Read(error)) => return Err(unreadable(error)),
        Err(error) => {
            tracing::error!(%error, "the directory's database is not as its changes left it");
            Verification { detail: Some(error.to_string()), ..Verification::default() }
        }
    };
    Ok(answer::json(&verification))
}

fn turn(shared: &Shared) -> Result<MutexGuard<'_, ()>, Problem> {
    shared.whole.try_lock().map_err(|_| {
        let detail = "Somebody else has the whole directory exported, imported or verified. Try again.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
            .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
    })
}

fn planned(directory: &Directory, text: &str, replace: bool) -> Result<Vec<Change>, Problem> {
    let planned = Import::read(text, Format::Json).plan(directory, replace);
    planned.map(|(_, changes)| changes).map_err(|mistakes| refused(&mistakes))
}

fn told(changes: Vec<Change>, dry_run: bool) -> Written {
    let records = changes.len();
    let changes = changes.into_iter().take(TOLD).map(RecordChange::from).collect();
    let imported = Imported { dry_run, records, changes };
    Written::ok(serde_json::to_value(imported).expect("texts, lists and numbers"), Vec::new())
}

/// A mistake that stands in the document begins with its pointer.
fn refused(mistakes: &[Mistake]) -> Problem {
    let fault = |mistake: &Mistake| {
        let pointed = mistake.message.split_once(": ").filter(|(pointer, _)| pointer.starts_with('/'));
        let (pointer, detail) = pointed.unwrap_or(("", &mistake.message));
        let fault = Fault::at(pointer, "import", detail);
        match &mistake.help {
            Some(help) => fault.help(help.clone()),
            None => fault,
        }
    };
    Problem::body(mistakes.iter().map(fault).collect())
}
