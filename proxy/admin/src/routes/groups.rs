//! `/groups`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Group, Key, RecordKind};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, GroupView, Resource};
use crate::shared::Shared;
use crate::sight::Sight;

/// The groups of users that the caller sees.
#[utoipa::path(
    get, path = "/groups", tag = "groups",
    params(
        ("project" = Option<String>, Query, description = "Only those in the project of this id."),
        ("search" = Option<String>, Query, description = "A part of the id or name, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<GroupView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(Group::READ)?;
    let page = Page::read(&mut query);
    let project = query.take("project");
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    blocking(move || {
        let project_seen = project.as_ref().is_none_or(|project| sight.reaches(project));
        let groups = sight.state().groups().filter(|group| {
            project_seen
                && group.is_seen(&sight)
                && project.as_ref().is_none_or(|project| group.projects.has(project))
                && needle.as_ref().is_none_or(|needle| needle.is_in([&*group.id, &*group.name]))
        });
        page.answer(groups.map(|group| (("", &*group.id), group)), |group| group.view(&sight))
    })
    .await
}

/// Creates a group.
#[utoipa::path(
    post, path = "/groups", tag = "groups", request_body = GroupView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = GroupView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<Group>(&shared, &sight, sent).await
}

/// One group.
#[utoipa::path(
    get, path = "/groups/{id}", tag = "groups",
    params(("id" = String, Path, description = "Id of the group.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = GroupView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<Group>(&sight, &Key::new(RecordKind::Group, id), &headers)
}

/// Replaces a group, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/groups/{id}", tag = "groups", request_body = GroupView,
    params(("id" = String, Path, description = "Id of the group.")),
    responses(
        (status = 200, description = "Replaced.", body = GroupView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = GroupView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<Group>(&shared, &sight, Key::new(RecordKind::Group, id), sent).await
}

/// Edits a group by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/groups/{id}", tag = "groups",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("id" = String, Path, description = "Id of the group.")),
    responses((status = 200, description = "Edited.", body = GroupView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<Group>(&shared, &sight, Key::new(RecordKind::Group, id), sent).await
}

/// Removes a group.
///
/// Its users stay, without it.
#[utoipa::path(
    delete, path = "/groups/{id}", tag = "groups",
    params(("id" = String, Path, description = "Id of the group.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(id): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<Group>(&shared, &sight, Key::new(RecordKind::Group, id), &headers).await
}
