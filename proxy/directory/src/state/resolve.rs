//! What a user's memberships come to, and whose an object is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwapOption;

use super::scope::{Scope, ScopeError};
use super::{RecordKind, State};
use crate::model::{Field, Projects, Rights, Sections, User};

/// A user, and what was last found out of them. It is shared by all versions of the directory that have the same user.
pub(crate) struct Member {
    pub(crate) user: User,
    resolved: ArcSwapOption<Resolved>,
}

/// What a user has by groups, roles and archived projects.
struct Resolved {
    /// At which epoch this was last known to hold.
    epoch: AtomicU64,
    /// When what it was made of last changed.
    stamp: u64,
    /// All projects, archived ones too: what records of this user are in.
    projects: Projects,
    scope: Arc<Scope>,
    chosen: RwLock<HashMap<Arc<str>, Arc<Scope>>>,
}

impl Member {
    pub(crate) fn new(user: User) -> Member {
        Member { user, resolved: ArcSwapOption::empty() }
    }
}

impl State {
    /// What a user may see, all their projects together or, with `chosen` (an id or alias), as one of them (D24).
    /// Someone who sees everything may choose any project. An unknown project and one of others are the same error
    /// (H36).
    pub(crate) fn scope(&self, member: &Member, chosen: Option<&str>) -> Result<Arc<Scope>, ScopeError> {
        let resolved = self.resolved(member);
        let Some(chosen) = chosen else {
            return Ok(Arc::clone(&resolved.scope));
        };
        let project = self.proper(RecordKind::Project, chosen).ok_or(ScopeError::NoSuchProject)?;
        let scope = &resolved.scope;
        if !scope.rights.see_everything && scope.projects.binary_search(project).is_err() {
            return Err(ScopeError::NoSuchProject);
        }
        let known = resolved.chosen.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(scope) = known.get(project) {
            return Ok(Arc::clone(scope));
        }
        drop(known);
        let scope = self.scopes.intern(Scope { chosen: Some(Arc::clone(project)), ..Scope::clone(scope) });
        let mut known = resolved.chosen.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(Arc::clone(project), Arc::clone(&scope));
        Ok(scope)
    }

    /// Ids of the projects, sorted, of the object that the backend knows by this id. Beside the kinds of object,
    /// `project` resolves an id or alias to the project's id, `user` and `group` take a login, an id or an alias, and
    /// `field` a field's key. None: there is no such object.
    pub fn projects_of(&self, kind: &str, id: &str) -> Option<Projects> {
        match kind {
            "project" => {
                let id = self.proper(RecordKind::Project, id)?;
                Some(Projects::one(id))
            }
            "user" => {
                let member = self.users.get(self.proper(RecordKind::User, id)?)?;
                Some(self.resolved(member).projects.clone())
            }
            "group" => {
                let group = self.group(self.proper(RecordKind::Group, id)?)?;
                Some(group.projects.clone())
            }
            "field" => self.projects_of_field(id),
            kind => self.object(kind, id).map(|object| object.projects.clone()),
        }
    }

    /// All projects that a user is in, directly or by group, sorted.
    pub fn projects_of_user(&self, login: &str) -> Option<Projects> {
        self.users.get(login).map(|member| self.resolved(member).projects.clone())
    }

    /// Ids of all projects, sorted.
    pub fn project_ids(&self) -> &Projects {
        self.project_ids.get_or_init(|| self.projects.keys().cloned().collect())
    }

    /// The id or login of what is called so by itself or by the backend.
    pub(super) fn proper(&self, kind: RecordKind, id: &str) -> Option<&Arc<str>> {
        let own = match kind {
            RecordKind::Project => self.projects.get_key_value(id).map(|(id, _)| id),
            RecordKind::Group => self.groups.get_key_value(id).map(|(id, _)| id),
            RecordKind::User => self.users.get_key_value(id).map(|(id, _)| id),
            _ => None,
        };
        own.or_else(|| self.alias(kind, id))
    }

    /// The id or login of what the backend calls so.
    pub(super) fn alias(&self, kind: RecordKind, alias: &str) -> Option<&Arc<str>> {
        self.aliases.get(&(kind, Arc::from(alias)))
    }

    /// The projects of the one field of this key. Where fields of several kinds of record have it in different
    /// projects, the key alone tells nothing.
    fn projects_of_field(&self, key: &str) -> Option<Projects> {
        let owners = |field: &Arc<Field>| -> Projects {
            if field.system { self.project_ids().clone() } else { field.projects.clone() }
        };
        let mut found = self.fields.keys().filter_map(|kind| self.field(kind, key)).map(owners);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn resolved(&self, member: &Member) -> Arc<Resolved> {
        let known = member.resolved.load();
        if let Some(known) = &*known {
            if known.epoch.load(Ordering::Relaxed) == self.epoch {
                return Arc::clone(known);
            }
            // Something changed for somebody. For this user too?
            if known.stamp == self.stamp_of(&member.user, &known.projects) {
                known.epoch.store(self.epoch, Ordering::Relaxed);
                return Arc::clone(known);
            }
        }
        let resolved = Arc::new(self.resolve(&member.user));
        member.resolved.store(Some(Arc::clone(&resolved)));
        resolved
    }

    fn resolve(&self, user: &User) -> Resolved {
        let groups = user.groups.iter().filter_map(|group| self.groups.get(group));
        let by_group = groups.flat_map(|group| group.projects.iter());
        let all = if user.groups.is_empty() {
            user.projects.clone()
        } else {
            user.projects.iter().chain(by_group).cloned().collect()
        };
        let is_archived = |id: &&Arc<str>| self.projects.get(*id).is_none_or(|project| project.archived);
        let visible = if all.iter().any(|id| is_archived(&id)) {
            all.iter().filter(|id| !is_archived(id)).cloned().collect()
        } else {
            all.clone()
        };
        let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
        let (rights, sections) = roles
            .fold((Rights::default(), Sections::default()), |(rights, sections), role| {
                (rights.union(role.rights), sections.union(&role.sections))
            });
        let scope = self.scopes.intern(Scope { projects: visible, rights, sections, chosen: None });
        let stamp = self.stamp_of(user, &all);
        Resolved { epoch: self.epoch.into(), stamp, projects: all, scope, chosen: RwLock::default() }
    }

    /// When the groups, the roles or the projects of a user last changed. The user is the same throughout.
    fn stamp_of(&self, user: &User, projects: &Projects) -> u64 {
        let of = |kind: RecordKind, ids: &[Arc<str>]| {
            ids.iter().map(|id| self.stamps.get(kind.name(), id)).max().unwrap_or(self.origin)
        };
        of(RecordKind::Group, &user.groups)
            .max(of(RecordKind::Role, &user.roles))
            .max(of(RecordKind::Project, projects))
    }
}
