//! `/projects/{id}/members`: who is in a project (D5), and D10's right to manage access.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::{Key, Record, RecordKind};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::{Asked, Written, change};
use crate::extract::{NoQuery, Segments};
use crate::needle::Needle;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{Resource as _, project_in_reach, user_warnings};
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;
use crate::warning::Warning;

/// A user or a group in a project.
#[derive(Serialize, ToSchema)]
pub(crate) struct Member {
    /// `group` or `user`.
    #[schema(value_type = String)]
    pub kind: &'static str,
    /// Login or id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether it is in the project by itself, and not only by a group.
    pub direct: bool,
    /// The groups by which a user is in the project.
    pub by_groups: Vec<String>,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub warnings: Vec<Warning>,
}

const READ: &[Right] = &[Right::ManageAccess, Right::SeeEverything];
const WRITE: &[Right] = &[Right::ManageAccess];

/// Who is in a project: groups, then users, those by a group too.
#[utoipa::path(
    get, path = "/projects/{id}/members", tag = "projects",
    params(
        ("id" = String, Path, description = "Id of the project."),
        ("kind" = Option<String>, Query, description = "Only `user` or only `group`."),
        ("search" = Option<String>, Query, description = "A part of the login, id or name, without regard to case."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<Member>, headers(("Link" = String)))),
)]
pub(crate) async fn list(
    sight: Sight,
    Segments(id): Segments<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(READ)?;
    let page = Page::read(&mut query);
    let kind = query.take("kind");
    let needle = query.take("search").map(|text| Needle::new(&text));
    checked(query)?;
    project_in_reach(&sight, &id)?;
    blocking(move || {
        let state = sight.state();
        let is_asked = |own: &str, id: &str, name: &str| {
            kind.as_ref().is_none_or(|kind| kind == own)
                && needle.as_ref().is_none_or(|needle| needle.is_in([id, name]))
        };
        let groups = state
            .groups()
            .filter(|group| group.projects.has(&id) && is_asked("group", &group.id, &group.name))
            .map(|group| (("group", &*group.id), Key::new(RecordKind::Group, Arc::clone(&group.id))));
        let users = state
            .users()
            .filter(|user| {
                is_asked("user", &user.login, &user.name)
                    && state.projects_of_user(&user.login).is_some_and(|projects| projects.has(&id))
            })
            .map(|user| (("user", &*user.login), Key::new(RecordKind::User, Arc::clone(&user.login))));
        page.answer(groups.chain(users), |key| member(&sight, &key, &id))
    })
    .await
}

/// Puts a user into a project.
///
/// Doing so again changes nothing. The answer warns if the user still sees Default's things (D2).
#[utoipa::path(
    put, path = "/projects/{id}/members/users/{login}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project."), ("login" = String, Path, description = "Login of the user.")),
    responses((status = 200, description = "The user is in the project.", body = Member, headers(("ETag" = String)))),
)]
pub(crate) async fn add_user(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, login)): Segments<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    add(&shared, &sight, id, Key::new(RecordKind::User, login)).await
}

/// Takes a user out of a project.
#[utoipa::path(
    delete, path = "/projects/{id}/members/users/{login}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project."), ("login" = String, Path, description = "Login of the user.")),
    responses((status = 204, description = "The user is not in the project by themselves.")),
)]
pub(crate) async fn remove_user(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, login)): Segments<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    remove(&shared, &sight, id, Key::new(RecordKind::User, login)).await
}

/// Puts a group, and so all its users, into a project.
#[utoipa::path(
    put, path = "/projects/{id}/members/groups/{group}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project."), ("group" = String, Path, description = "Id of the group.")),
    responses((status = 200, description = "The group is in the project.", body = Member, headers(("ETag" = String)))),
)]
pub(crate) async fn add_group(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, group)): Segments<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    add(&shared, &sight, id, Key::new(RecordKind::Group, group)).await
}

/// Takes a group out of a project.
#[utoipa::path(
    delete, path = "/projects/{id}/members/groups/{group}", tag = "projects",
    params(("id" = String, Path, description = "Id of the project."), ("group" = String, Path, description = "Id of the group.")),
    responses((status = 204, description = "The group is not in the project.")),
)]
pub(crate) async fn remove_group(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((id, group)): Segments<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    remove(&shared, &sight, id, Key::new(RecordKind::Group, group)).await
}

async fn add(shared: &Arc<Shared>, sight: &Sight, id: String, key: Key) -> Result<Response, Problem> {
    sight.need(WRITE)?;
    let (written, _) = change(shared, sight, "add member", Asked::default(), move |draft, sight| {
        sight.need(WRITE)?;
        project_in_reach(sight, &id)?;
        is_seen(sight, &key)?;
        draft.join(&key, &id);
        let after = sight.before(draft.state())?;
        let warnings = match after.state().user(&key.id) {
            Some(user) if key.kind == RecordKind::User => user_warnings(user, &after),
            _ => Vec::new(),
        };
        let seen = serde_json::to_value(member(&after, &key, &id)).expect("members hold texts and flags");
        Ok(Written::ok(seen, warnings))
    })
    .await?;
    Ok(written.response())
}

async fn remove(shared: &Arc<Shared>, sight: &Sight, id: String, key: Key) -> Result<Response, Problem> {
    sight.need(WRITE)?;
    let (written, _) = change(shared, sight, "remove member", Asked::default(), move |draft, sight| {
        sight.need(WRITE)?;
        project_in_reach(sight, &id)?;
        is_seen(sight, &key)?;
        let member = member(sight, &key, &id);
        if !member.direct {
            if !member.by_groups.is_empty() {
                let detail = "The user is in the project by a group, not by themselves. Take the group out, or \
                              the user out of the group.";
                return Err(Problem::new(StatusCode::CONFLICT, "by-group", detail));
            }
            return Err(Problem::not_found());
        }
        draft.leave(&key, &id);
        Ok(Written::nothing())
    })
    .await?;
    Ok(written.response())
}

/// Who shares no project with the caller is not there for them.
fn is_seen(sight: &Sight, key: &Key) -> Result<(), Problem> {
    let is_seen = match sight.state().get(key) {
        Some(Record::User(user)) => user.is_seen(sight),
        Some(Record::Group(group)) => group.is_seen(sight),
        _ => false,
    };
    if is_seen { Ok(()) } else { Err(Problem::not_found()) }
}

/// What a user or a group is to a project that the caller sees into.
fn member(sight: &Sight, key: &Key, project: &str) -> Member {
    let state = sight.state();
    let of = |kind, name: &str, direct, by_groups| Member {
        kind,
        id: key.id.to_string(),
        name: name.to_owned(),
        direct,
        by_groups,
        warnings: Vec::new(),
    };
    match state.get(key) {
        Some(Record::User(user)) => {
            let is_in = |id: &&Arc<str>| state.group(id).is_some_and(|group| group.projects.has(project));
            let by_groups = user.groups.iter().filter(is_in).map(ToString::to_string).collect();
            of("user", &user.name, user.projects.has(project), by_groups)
        }
        Some(Record::Group(group)) => of("group", &group.name, group.projects.has(project), Vec::new()),
        _ => of("user", "", false, Vec::new()),
    }
}
