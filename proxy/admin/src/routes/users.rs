//! `/users`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, RecordKind, User};
use http::HeaderMap;

use crate::document::MergePatch;
use crate::extract::{NoQuery, Segments, Sent};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{self, Resource, UserView};
use crate::shared::Shared;
use crate::sight::Sight;

/// The users whom the caller sees (D5).
#[utoipa::path(
    get, path = "/users", tag = "users",
    params(
        ("group" = Option<String>, Query, description = "Only those in the group of this id."),
        ("project" = Option<String>, Query, description = "Only those in the project of this id, by name or by group."),
        ("role" = Option<String>, Query, description = "Only those with this role. For those who see everything."),
        ("search" = Option<String>, Query, description = "A part of the login or name, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<UserView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(sight: Sight, mut query: Query) -> Result<Response, Problem> {
    sight.need(User::READ)?;
    let page = Page::read(&mut query);
    let (group, project, role) = (query.take("group"), query.take("project"), query.take("role"));
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    blocking(move || {
        let state = sight.state();
        // What the caller does not see is as if it were not there: it selects nobody.
        let group_seen = group
            .as_ref()
            .is_none_or(|group| state.group(group).is_some_and(|group| sight.shows(&group.projects)));
        let project_seen = project.as_ref().is_none_or(|project| sight.reaches(project));
        let role_seen = role.is_none() || sight.everything();
        let users = state.users().filter(|user| {
            group_seen
                && project_seen
                && role_seen
                && group.as_ref().is_none_or(|group| user.groups.iter().any(|own| **own == **group))
                && role.as_ref().is_none_or(|role| user.roles.iter().any(|own| **own == **role))
                && needle.as_ref().is_none_or(|needle| needle.is_in([&*user.login, &*user.name]))
                && project.as_ref().is_none_or(|project| {
                    state.projects_of_user(&user.login).is_some_and(|projects| projects.has(project))
                })
                && user.is_seen(&sight)
        });
        page.answer(users.map(|user| (("", &*user.login), user)), |user| user.view(&sight))
    })
    .await
}

/// Creates a user.
#[utoipa::path(
    post, path = "/users", tag = "users", request_body = UserView,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice.")),
    responses((status = 201, description = "Created.", body = UserView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::create::<User>(&shared, &sight, sent).await
}

/// One user.
#[utoipa::path(
    get, path = "/users/{login}", tag = "users",
    params(("login" = String, Path, description = "Login of the user.")),
    responses(
        (status = 200, description = "As the caller sees it.", body = UserView, headers(("ETag" = String))),
        (status = 304, description = "It is as If-None-Match says."),
    ),
)]
pub(crate) async fn get(
    sight: Sight,
    Segments(login): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::get::<User>(&sight, &Key::new(RecordKind::User, login), &headers)
}

/// Replaces a user, or creates it.
///
/// What is there is replaced if `If-Match` has its ETag.
#[utoipa::path(
    put, path = "/users/{login}", tag = "users", request_body = UserView,
    params(("login" = String, Path, description = "Login of the user.")),
    responses(
        (status = 200, description = "Replaced.", body = UserView, headers(("ETag" = String))),
        (status = 201, description = "Created.", body = UserView, headers(("ETag" = String), ("Location" = String))),
    ),
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(login): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::put::<User>(&shared, &sight, Key::new(RecordKind::User, login), sent).await
}

/// Edits a user by a merge patch (RFC 7396).
#[utoipa::path(
    patch, path = "/users/{login}", tag = "users",
    request_body(content((MergePatch = "application/merge-patch+json"), (MergePatch = "application/json"))),
    params(("login" = String, Path, description = "Login of the user.")),
    responses((status = 200, description = "Edited.", body = UserView, headers(("ETag" = String)))),
)]
pub(crate) async fn patch(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(login): Segments<String>,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    resource::patch::<User>(&shared, &sight, Key::new(RecordKind::User, login), sent).await
}

/// Removes a user.
///
/// With the user go the user's tokens.
#[utoipa::path(
    delete, path = "/users/{login}", tag = "users",
    params(("login" = String, Path, description = "Login of the user.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(login): Segments<String>,
    _: NoQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    resource::remove::<User>(&shared, &sight, Key::new(RecordKind::User, login), &headers).await
}
