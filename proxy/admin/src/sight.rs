//! Who calls, and what they may see and do: the one place that knows how far rights reach.

use std::collections::HashSet;
use std::sync::Arc;

use cordon_directory::{Projects, Rights, Scope, Snapshot, State, UserId};
use http::StatusCode;

use crate::problem::Problem;
use crate::right::{Right, missing};

/// A caller before one version of the directory.
///
/// Rights say what may be done; *reach* says to which projects: all with `see-everything`, else those the caller is in
/// that are not archived. So nobody can widen what they see by managing: whoever adds people or objects to a project
/// sees that project, and can only add what they see.
#[derive(Clone)]
pub(crate) struct Sight {
    snapshot: Arc<Snapshot>,
    user: UserId,
    scope: Arc<Scope>,
}

impl Sight {
    pub(crate) fn new(snapshot: Arc<Snapshot>, user: UserId) -> Sight {
        let scope = snapshot.scope(&user, None).expect("no project is chosen, so none can be missing");
        Sight { snapshot, user, scope }
    }

    /// The same caller before another version. Rights that were taken away meanwhile are gone.
    pub(crate) fn before(&self, state: &State) -> Result<Sight, Problem> {
        let snapshot = Arc::new(Snapshot::new(state.clone()));
        let user = snapshot.user_by_login(self.login()).ok_or_else(|| {
            let detail = "You are no user of this directory any more.";
            Problem::new(StatusCode::FORBIDDEN, "caller-gone", detail)
        })?;
        Ok(Sight::new(snapshot, user))
    }

    pub(crate) fn state(&self) -> &State {
        self.snapshot.state()
    }

    pub(crate) fn user(&self) -> &cordon_directory::User {
        self.user.user()
    }

    pub(crate) fn login(&self) -> &str {
        &self.user.user().login
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn rights(&self) -> Rights {
        self.scope.rights
    }

    pub(crate) fn has(&self, right: Right) -> bool {
        right.is_held(self.scope.rights, self.user.user().is_administrator())
    }

    /// Refuses whoever has none of these.
    pub(crate) fn need(&self, any_of: &[Right]) -> Result<(), Problem> {
        if any_of.iter().any(|right| self.has(*right)) { Ok(()) } else { Err(missing(any_of)) }
    }

    /// Whether what the caller sees does not end at projects.
    pub(crate) fn everything(&self) -> bool {
        self.scope.rights.see_everything
    }

    /// Whether the caller may see into the project.
    pub(crate) fn reaches(&self, project: &str) -> bool {
        if self.everything() {
            self.state().project(project).is_some()
        } else {
            self.scope.projects.has(project)
        }
    }

    /// Whether the caller may know that the project exists.
    pub(crate) fn lists(&self, project: &str) -> bool {
        if self.has(Right::ListProjects) {
            self.state().project(project).is_some()
        } else {
            self.reaches(project)
        }
    }

    /// Whether the caller may see what is in these projects. What is in none is seen by those who see everything.
    pub(crate) fn shows(&self, projects: &[Arc<str>]) -> bool {
        self.everything() || projects.iter().any(|id| self.scope.projects.has(id))
    }

    /// Those of these projects that the caller may see into.
    pub(crate) fn seen(&self, projects: &[Arc<str>]) -> Vec<String> {
        let seen = |id: &&Arc<str>| self.everything() || self.scope.projects.has(id);
        projects.iter().filter(seen).map(|id| id.to_string()).collect()
    }

    /// These projects in the place of those that the caller sees; the others stay (D22).
    pub(crate) fn merged(&self, given: &[Arc<str>], before: &[Arc<str>]) -> Projects {
        let given: HashSet<&Arc<str>> = given.iter().collect();
        let hidden = before.iter().filter(|id| !self.everything() && !self.scope.projects.has(id));
        given.into_iter().chain(hidden).cloned().collect()
    }
}
