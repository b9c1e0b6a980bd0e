//! `/objects`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, Object};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, ObjectView, Resource};
use crate::shared::Shared;
use crate::sight::Sight;

/// The objects that the caller sees.
#[utoipa::path(
    get, path = "/objects", tag = "objects",
    params(
        ("type" = Option<String>, Query, description = "Only those of this kind."),
        ("project" = Option<String>, Query, description = "Only those in the project of this id."),
        ("unassigned" = Option<bool>, Query, description = "Only those in no project, or only the others."),
        ("gone" = Option<bool>, Query, description = "Only those that the backend no longer lists, or only the others."),
        ("search" = Option<String>, Query, description = "A part of the id or name, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<ObjectView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(Object::READ)?;
    let page = Page::read(&mut query);
    let (kind, project) = (query.take("type"), query.take("project"));
    let (unassigned, gone) = (query.flag("unassigned"), query.flag("gone"));
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    blocking(move || {
        let project_seen = project.as_ref().is_none_or(|project| sight.reaches(project));
        let is_asked = |object: &&Arc<Object>| {
            project_seen
                && object.is_seen(&sight)
                && project.as_ref().is_none_or(|project| object.projects.has(project))
                && unassigned.is_none_or(|flag| object.projects.is_empty() == flag)
                && gone.is_none_or(|flag| object.gone == flag)
                && needle.as_ref().is_none_or(|needle| {
                    needle.is_in([&*object.id].into_iter().chain(object.name.as_deref()))
                })
        };
        let view = |object: &Arc<Object>| object.view(&sight);
        let placed = |object| -> ((&str, &str), &Arc<Object>) {
            let object: &Arc<Object> = object;
            ((&object.kind, &object.id), object)
        };
        match &kind {
            Some(kind) => page.answer(sight.state().objects_of(kind).filter(is_asked).map(placed), view),
            None => page.answer(sight.state().objects().filter(is_asked).map(placed), view),
        }
    })
    .await
}

/// Creates an object.
#[utoipa::path(
    post, path = "/objects", tag = "objects", request_body = ObjectView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = ObjectView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<Object>(&shared, &sight, sent).await
}

/// One object.
#[utoipa::path(
    get, path = "/objects/{kind}/{id}", tag = "objects",
    params(("kind" = String, Path, description = "Kind of object."), ("id" = String, Path, description = "What the backend calls the object.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = ObjectView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments((kind, id)): Segments<(String, String)>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<Object>(&sight, &Key::object(kind, id), &headers)
}

/// Replaces an object, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/objects/{kind}/{id}", tag = "objects", request_body = ObjectView,
    params(("kind" = String, Path, description = "Kind of object."), ("id" = String, Path, description = "What the backend calls the object.")),
    responses(
        (status = 200, description = "Replaced.", body = ObjectView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = ObjectView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, id)): Segments<(String, String)>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<Object>(&shared, &sight, Key::object(kind, id), sent).await
}

/// Edits an object by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/objects/{kind}/{id}", tag = "objects",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("kind" = String, Path, description = "Kind of object."), ("id" = String, Path, description = "What the backend calls the object.")),
    responses((status = 200, description = "Edited.", body = ObjectView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, id)): Segments<(String, String)>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<Object>(&shared, &sight, Key::object(kind, id), sent).await
}

/// Removes an object.
///
/// Whoever does not see everything takes it out of their projects; it is gone if no other has it.
#[utoipa::path(
    delete, path = "/objects/{kind}/{id}", tag = "objects",
    params(("kind" = String, Path, description = "Kind of object."), ("id" = String, Path, description = "What the backend calls the object.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((kind, id)): Segments<(String, String)>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<Object>(&shared, &sight, Key::object(kind, id), &headers).await
}
