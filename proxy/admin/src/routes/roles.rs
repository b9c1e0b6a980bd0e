//! `/roles`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, RecordKind, Role};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, Resource, RoleView};
use crate::shared::Shared;
use crate::sight::Sight;

/// The roles, the built-in Admin among them (D11). For the role Admin.
#[utoipa::path(
    get, path = "/roles", tag = "roles",
    params(

        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<RoleView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(Role::READ)?;
    let page = Page::read(&mut query);
    checked(query)?;
    blocking(move || {
        let roles = sight.state().roles();
        page.answer(roles.map(|role| (("", &*role.name), role)), |role| role.view(&sight))
    })
    .await
}

/// Creates a role.
#[utoipa::path(
    post, path = "/roles", tag = "roles", request_body = RoleView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = RoleView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<Role>(&shared, &sight, sent).await
}

/// One role.
#[utoipa::path(
    get, path = "/roles/{name}", tag = "roles",
    params(("name" = String, Path, description = "Name of the role.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = RoleView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<Role>(&sight, &Key::new(RecordKind::Role, name), &headers)
}

/// Replaces a role, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/roles/{name}", tag = "roles", request_body = RoleView,
    params(("name" = String, Path, description = "Name of the role.")),
    responses(
        (status = 200, description = "Replaced.", body = RoleView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = RoleView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<Role>(&shared, &sight, Key::new(RecordKind::Role, name), sent).await
}

/// Edits a role by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/roles/{name}", tag = "roles",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("name" = String, Path, description = "Name of the role.")),
    responses((status = 200, description = "Edited.", body = RoleView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<Role>(&shared, &sight, Key::new(RecordKind::Role, name), sent).await
}

/// Removes a role.
///
/// Only a role that nobody has.
#[utoipa::path(
    delete, path = "/roles/{name}", tag = "roles",
    params(("name" = String, Path, description = "Name of the role.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<Role>(&shared, &sight, Key::new(RecordKind::Role, name), &headers).await
}
