//! `/projects`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, Project, RecordKind};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, ProjectView, Resource};
use crate::shared::Shared;
use crate::sight::Sight;

/// The tiles of the projects (D10): all with `list-projects` or `see-everything`, else the caller's own.
#[utoipa::path(
    get, path = "/projects", tag = "projects",
    params(
        ("archived" = Option<bool>, Query, description = "Only those archived, or only the others."),
        ("search" = Option<String>, Query, description = "A part of the id, name or description, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<ProjectView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(Project::READ)?;
    let page = Page::read(&mut query);
    let archived = query.flag("archived");
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    blocking(move || {
        let projects = sight.state().projects().filter(|project| {
            sight.lists(&project.id)
                && archived.is_none_or(|archived| project.archived == archived)
                && needle.as_ref().is_none_or(|needle| {
                    let description = project.description.as_deref();
                    needle.is_in([&*project.id, &*project.name].into_iter().chain(description))
                })
        });
        page.answer(projects.map(|project| (("", &*project.id), project)), |project| project.view(&sight))
    })
    .await
}

/// Creates a project.
#[utoipa::path(
    post, path = "/projects", tag = "projects", request_body = ProjectView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = ProjectView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<Project>(&shared, &sight, sent).await
}

/// One project.
#[utoipa::path(
    get, path = "/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = ProjectView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<Project>(&sight, &Key::new(RecordKind::Project, id), &headers)
}

/// Replaces a project, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/projects/{id}", tag = "projects", request_body = ProjectView,
    params(("id" = String, Path, description = "Id of the project.")),
    responses(
        (status = 200, description = "Replaced.", body = ProjectView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = ProjectView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<Project>(&shared, &sight, Key::new(RecordKind::Project, id), sent).await
}

/// Edits a project by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/projects/{id}", tag = "projects",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("id" = String, Path, description = "Id of the project.")),
    responses((status = 200, description = "Edited.", body = ProjectView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<Project>(&shared, &sight, Key::new(RecordKind::Project, id), sent).await
}

/// Removes a project.
///
/// What is in it stays, without it. Archive it to keep what was.
#[utoipa::path(
    delete, path = "/projects/{id}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<Project>(&shared, &sight, Key::new(RecordKind::Project, id), &headers).await
}
