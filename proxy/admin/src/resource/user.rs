//! Users (D5).

use std::sync::Arc;

use cordon_directory::{Key, Projects, Record, State, User};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::right::Right;
use crate::sight::Sight;
use crate::warning::Warning;

/// A user. Those who do not see everything are shown the login, the name, and what lies in their own projects.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserView {
    /// It never changes.
    #[schema(required = false)]
    pub login: String,
    /// What people call the user.
    pub name: String,
    /// What the backend's records call the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub aliases: Option<Vec<String>>,
    /// Ids of the groups the user is in.
    #[schema(required = false)]
    pub groups: Vec<String>,
    /// Names of the user's roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub roles: Option<Vec<String>>,
    /// The projects the user is in by name.
    #[schema(required = false)]
    pub projects: Vec<String>,
    /// The projects the user is in by name or by group.
    #[schema(required = false, read_only)]
    pub all_projects: Vec<String>,
    /// Values of the claim by which a JWT names the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subjects: Option<Vec<String>>,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl UserView {
    pub(crate) fn new(user: &User, sight: &Sight) -> UserView {
        let all = |list: &[Arc<str>]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
        let is_seen =
            |id: &&Arc<str>| sight.state().group(id).is_some_and(|group| sight.shows(&group.projects));
        let everything = sight.everything();
        UserView {
            login: user.login.to_string(),
            name: user.name.clone(),
            aliases: everything.then(|| all(&user.aliases)),
            groups: user.groups.iter().filter(is_seen).map(ToString::to_string).collect(),
            roles: everything.then(|| all(&user.roles)),
            projects: sight.seen(&user.projects),
            all_projects: sight.seen(&projects_of(user, sight.state())),
            subjects: everything.then(|| all(&user.subjects)),
            warnings: Vec::new(),
        }
    }
}

impl Resource for User {
    type View = UserView;

    const NOUN: Noun = noun!("user");
    const READ: &'static [Right] = &[Right::ManageAccess, Right::SeeEverything];
    const WRITE: &'static [Right] = &[Right::Administrator];

    fn find(state: &State, key: &Key) -> Option<User> {
        state.user(&key.id).cloned()
    }

    fn is_seen(&self, sight: &Sight) -> bool {
        is_seen(self, sight)
    }

    fn view(&self, sight: &Sight) -> UserView {
        UserView::new(self, sight)
    }

    fn read(body: &mut Members, key: Option<&Key>, before: Option<&User>, sight: &Sight) -> User {
        User {
            login: body.identity("login", key.map(|key| &*key.id)).into(),
            name: body.required("name"),
            aliases: body.texts("aliases").unwrap_or_default(),
            groups: body.texts("groups").unwrap_or_default(),
            roles: body.texts("roles").unwrap_or_default(),
            projects: body.projects(before.map(|before| &*before.projects), sight),
            subjects: body.texts("subjects").unwrap_or_default(),
        }
    }

    fn skip(body: &mut Members) {
        body.texts("all_projects");
    }

    fn record(self) -> Record {
        Record::User(self)
    }

    fn warnings(&self, sight: &Sight) -> Vec<Warning> {
        user_warnings(self, sight)
    }

    fn location(key: &Key) -> String {
        format!("/users/{}", part(&key.id))
    }
}

/// Whether the caller may know of a user: they share a project, or the caller sees everything.
pub(crate) fn is_seen(user: &User, sight: &Sight) -> bool {
    sight.everything() || sight.shows(&projects_of(user, sight.state()))
}

/// Says of whoever is in a project and in Default that they still see Default's things (D2).
pub(crate) fn user_warnings(user: &User, sight: &Sight) -> Vec<Warning> {
    let state = sight.state();
    let projects = projects_of(user, state);
    let default = state.settings().default_project.as_ref();
    // Whether there are projects that the caller does not see is no part of the answer (D22).
    let has_others = sight.seen(&projects).len() > 1;
    let Some(default) = default.filter(|id| projects.has(id) && sight.reaches(id) && has_others) else {
        return Vec::new();
    };
    let detail = format!(
        "`{}` still sees what is in `{default}`; take them out of it when that is no longer wanted (D2).",
        user.login
    );
    vec![Warning::new("still-in-default", detail)]
}

fn projects_of(user: &User, state: &State) -> Projects {
    state.projects_of_user(&user.login).unwrap_or_else(|| user.projects.clone())
}
