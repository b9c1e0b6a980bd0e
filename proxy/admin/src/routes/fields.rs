//! `/fields`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Field, Key};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, FieldView, Resource};
use crate::shared::Shared;
use crate::sight::Sight;

/// The contact fields that the caller sees.
#[utoipa::path(
    get, path = "/fields", tag = "fields",
    params(
        ("kind" = Option<String>, Query, description = "Only those of this kind of record."),
        ("project" = Option<String>, Query, description = "Only those of the project of this id; system fields are in every one (D16)."),
        ("unassigned" = Option<bool>, Query, description = "Only those in no project (D21), or only the others."),
        ("shared" = Option<bool>, Query, description = "Only those in several projects that the caller sees (D20), or only the others."),
        ("hidden" = Option<bool>, Query, description = "Only hidden ones (D18), or only the others."),
        ("search" = Option<String>, Query, description = "A part of the key or name, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<FieldView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(Field::READ)?;
    let page = Page::read(&mut query);
    let (kind, project) = (query.take("kind"), query.take("project"));
    let (unassigned, shared, hidden) = (query.flag("unassigned"), query.flag("shared"), query.flag("hidden"));
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    blocking(move || {
        let project_seen = project.as_ref().is_none_or(|project| sight.reaches(project));
        let is_shared = |field: &Field| !field.system && sight.seen(&field.projects).len() > 1;
        let fields = sight.state().fields().flat_map(|(_, fields)| fields).filter(|field| {
            project_seen
                && field.is_seen(&sight)
                && kind.as_ref().is_none_or(|kind| *field.kind == **kind)
                && project.as_ref().is_none_or(|project| field.system || field.projects.has(project))
                && unassigned.is_none_or(|flag| field.is_unassigned() == flag)
                && shared.is_none_or(|flag| is_shared(field) == flag)
                && hidden.is_none_or(|flag| field.hidden == flag)
                && needle.as_ref().is_none_or(|needle| needle.is_in([&*field.key, &*field.name]))
        });
        page.answer(fields.map(|field| ((&*field.kind, &*field.key), field)), |field| field.view(&sight))
    })
    .await
}

/// Creates a field.
#[utoipa::path(
    post, path = "/fields", tag = "fields", request_body = FieldView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = FieldView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<Field>(&shared, &sight, sent).await
}

/// One field.
#[utoipa::path(
    get, path = "/fields/{kind}/{key}", tag = "fields",
    params(("kind" = String, Path, description = "Kind of record."), ("key" = String, Path, description = "What the backend calls the field.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = FieldView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments((kind, key)): Segments<(String, String)>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<Field>(&sight, &Key::field(kind, key), &headers)
}

/// Replaces a field, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/fields/{kind}/{key}", tag = "fields", request_body = FieldView,
    params(("kind" = String, Path, description = "Kind of record."), ("key" = String, Path, description = "What the backend calls the field.")),
    responses(
        (status = 200, description = "Replaced.", body = FieldView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = FieldView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, key)): Segments<(String, String)>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<Field>(&shared, &sight, Key::field(kind, key), sent).await
}

/// Edits a field by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/fields/{kind}/{key}", tag = "fields",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("kind" = String, Path, description = "Kind of record."), ("key" = String, Path, description = "What the backend calls the field.")),
    responses((status = 200, description = "Edited.", body = FieldView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, key)): Segments<(String, String)>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<Field>(&shared, &sight, Key::field(kind, key), sent).await
}

/// Removes a field.
///
/// Whoever does not see everything takes it out of their projects; it is gone if no other has it.
#[utoipa::path(
    delete, path = "/fields/{kind}/{key}", tag = "fields",
    params(("kind" = String, Path, description = "Kind of record."), ("key" = String, Path, description = "What the backend calls the field.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, key)): Segments<(String, String)>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<Field>(&shared, &sight, Key::field(kind, key), &headers).await
}
