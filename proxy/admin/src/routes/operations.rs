//! `/health`, `/metrics` and the document: for operators and programs, without a word of the directory's contents.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{json, of_type};
use crate::extract::NoQuery;
use crate::problem::Problem;
use crate::shared::Shared;

/// How the directory is doing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; `trouble`: the last good directory is in force, and the log says why no newer one is; `stale`: that has
    /// lasted longer than the proxy serves with it.
    #[schema(value_type = String)]
    pub status: &'static str,
    /// Revision of the directory in force, in this process.
    pub revision: u64,
    /// Number of the last change in force; 0 for a file.
    pub change: u64,
    /// How many seconds ago the directory was last known to be current.
    pub confirmed_seconds_ago: f64,
}

/// How the directory is doing. Needs no credentials.
#[utoipa::path(
    get, path = "/health", tag = "operations", security(()),
    responses(
        (status = 200, description = "It is in force, and current or soon to be.", body = Health),
        (status = 503, description = "It is older than the proxy serves with.", body = Health),
    ),
)]
pub(crate) async fn health(State(shared): State<Arc<Shared>>, _: NoQuery) -> Result<Response, Problem> {
    let status = shared.store.status();
    let is_stale = shared.options.max_age.is_some_and(|most| status.age > most);
    let word = match (&status.trouble, is_stale) {
        (_, true) => "stale",
        (Some(_), false) => "trouble",
        (None, false) => "ok",
    };
    let mut response = json(&Health {
        status: word,
        revision: status.revision,
        change: status.change,
        confirmed_seconds_ago: status.age.as_secs_f64(),
    });
    if is_stale {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    Ok(response)
}

/// Figures in the text form of Prometheus. Needs no credentials.
#[utoipa::path(
    get, path = "/metrics", tag = "operations", security(()),
    responses((status = 200, description = "The figures.", body = String, content_type = "text/plain")),
)]
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>, _: NoQuery) -> Result<Response, Problem> {
    let text = shared.metrics.text(&shared.store.status());
    Ok(of_type("text/plain; version=0.0.4; charset=utf-8", text.into()))
}

/// This document. Needs no credentials.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations", security(()),
    responses((status = 200, description = "The document (OpenAPI 3.1).", body = Object)),
)]
pub(crate) async fn document(State(shared): State<Arc<Shared>>, _: NoQuery) -> Result<Response, Problem> {
    Ok(of_type("application/json", shared.document.clone()))
}
