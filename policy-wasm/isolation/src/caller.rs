//! What a scope means to this policy.

use cordon_policy_sdk::types::{Rights, Scope};

use crate::rules::{Set, Whose};

/// A scope, with the projects that count (D24).
pub(crate) struct Caller<'a> {
    pub(crate) scope: &'a Scope,
    /// The chosen project, or else all of the caller's. Sorted.
    pub(crate) projects: &'a [String],
}

impl<'a> Caller<'a> {
    pub(crate) fn of(scope: &'a Scope) -> Caller<'a> {
        let projects = match &scope.chosen {
            Some(chosen) => std::slice::from_ref(chosen),
            None => scope.projects.as_slice(),
        };
        Caller { scope, projects }
    }

    /// Regardless of projects (D10).
    pub(crate) fn sees_everything(&self) -> bool {
        self.scope.rights.contains(Rights::SEE_EVERYTHING)
    }

    /// Hidden values too (D13).
    pub(crate) fn sees_masked(&self) -> bool {
        self.scope.rights.contains(Rights::SEE_MASKED_FIELDS)
    }

    /// Whether the records of a set are judged by their projects at all. With *see everything* they are only if a
    /// project is chosen.
    pub(crate) fn needs_project(&self, set: &Set) -> bool {
        let by_project = matches!(set.whose, Whose::Projects { .. });
        by_project && (!self.sees_everything() || self.scope.chosen.is_some())
    }

    /// Whether the records of a set have a profile for each project: only then does it matter which one it is.
    pub(crate) fn profile_per_project(&self, set: &Set) -> bool {
        let by_project = matches!(set.whose, Whose::Projects { .. });
        by_project && !self.sees_everything() && !set.profile.fields.is_empty()
    }

    /// The number of the profile by which a tile is seen, if tiles are (D10).
    pub(crate) fn tile(&self, set: &Set) -> Option<usize> {
        let lists = self.scope.rights.contains(Rights::LIST_PROJECTS) && self.scope.chosen.is_none();
        let before = if self.profile_per_project(set) { self.projects.len().max(1) } else { 1 };
        (set.tile.is_some() && lists && !self.sees_everything()).then_some(before)
    }
}
