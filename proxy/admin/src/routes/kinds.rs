//! `/object-kinds`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, ObjectKind, RecordKind};
use http::HeaderMap;

use crate::extract::{NoQuery, Segments, Sent};
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, ObjectKindView, Resource};
use crate::shared::Shared;
use crate::sight::Sight;

/// The kinds of object (D4), those that are always there among them.
#[utoipa::path(
    get, path = "/object-kinds", tag = "object-kinds",
    params(

        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<ObjectKindView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(ObjectKind::READ)?;
    let page = Page::read(&mut query);
    checked(query)?;
    blocking(move || {
        let kinds = sight.state().object_kinds();
        page.answer(kinds.map(|kind| (("", &*kind.name), kind)), |kind| kind.view(&sight))
    })
    .await
}

/// Creates a kind.
#[utoipa::path(
    post, path = "/object-kinds", tag = "object-kinds", request_body = ObjectKindView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = ObjectKindView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<ObjectKind>(&shared, &sight, sent).await
}

/// One kind.
#[utoipa::path(
    get, path = "/object-kinds/{name}", tag = "object-kinds",
    params(("name" = String, Path, description = "Name of the kind.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = ObjectKindView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<ObjectKind>(&sight, &Key::new(RecordKind::ObjectKind, name), &headers)
}

/// Replaces a kind, or creates it.
///
/// A kind never changes, so that replacing it with another is refused.
#[utoipa::path(
    put, path = "/object-kinds/{name}", tag = "object-kinds", request_body = ObjectKindView,
    params(("name" = String, Path, description = "Name of the kind.")),
    responses(
        (status = 200, description = "Replaced.", body = ObjectKindView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = ObjectKindView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<ObjectKind>(&shared, &sight, Key::new(RecordKind::ObjectKind, name), sent).await
}

/// Removes a kind.
///
/// Only a kind of the deployment's own, of which there is no object.
#[utoipa::path(
    delete, path = "/object-kinds/{name}", tag = "object-kinds",
    params(("name" = String, Path, description = "Name of the kind.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(name): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<ObjectKind>(&shared, &sight, Key::new(RecordKind::ObjectKind, name), &headers).await
}
