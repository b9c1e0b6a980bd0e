//! What callers share who may see the same.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use thiserror::Error;

use crate::rights::{Rights, Sections};

/// The whole of what a policy knows of a caller: it names nobody, so that callers with the same projects, rights and
/// sections share plans and verdicts. Equal scopes of one snapshot are one `Arc`, so a pointer can stand for a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Ids of the projects the caller belongs to, directly or by group, sorted, without duplicates.
    pub projects: Arc<[String]>,
    /// What the caller's roles grant together.
    pub rights: Rights,
    /// What the caller's roles open together (D12).
    pub sections: Sections,
    /// Id of the project the caller asked for (D24). One of `projects` unless the caller sees everything.
    pub chosen: Option<String>,
}

/// Why someone has no scope for a chosen project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// The project does not exist, or is not one of the caller's. The two look the same on purpose (H36).
    #[error("there is no such project among the caller's; choose one of them, or none")]
    NoSuchProject,
}

/// Index of a scope in [`Scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeIndex(usize);

/// The distinct scopes of a snapshot. Those without a chosen project are made when the snapshot is built, those with
/// one when they are first asked for; both are kept as long as the snapshot lives.
#[derive(Default)]
pub(crate) struct Scopes {
    distinct: Vec<Entry>,
}

struct Entry {
    scope: Arc<Scope>,
    /// One place for each project that can be chosen: the scope's own, or every project of the directory for a
    /// caller who sees everything. Made at the first choice, because most scopes never choose.
    chosen: OnceLock<Box<[OnceLock<Arc<Scope>>]>>,
}

impl Scopes {
    /// The scope at this index, without a chosen project.
    pub(crate) fn get(&self, index: ScopeIndex) -> &Arc<Scope> {
        &self.distinct[index.0].scope
    }

    /// The scope at this index for a chosen project. `all` are the ids of all projects, sorted.
    pub(crate) fn choose(
        &self,
        index: ScopeIndex,
        project: &str,
        all: &[String],
    ) -> Result<Arc<Scope>, ScopeError> {
        let entry = &self.distinct[index.0];
        let choices = if entry.scope.rights.see_everything { all } else { &entry.scope.projects };
        let position =
            choices.binary_search_by(|id| id.as_str().cmp(project)).map_err(|_| ScopeError::NoSuchProject)?;
        let places = entry.chosen.get_or_init(|| choices.iter().map(|_| OnceLock::new()).collect());
        let scope = places[position].get_or_init(|| {
            Arc::new(Scope { chosen: Some(project.to_owned()), ..Scope::clone(&entry.scope) })
        });
        Ok(Arc::clone(scope))
    }
}

/// Collects scopes while a snapshot is built and gives equal ones the same index.
#[derive(Default)]
pub(crate) struct ScopesBuilder {
    scopes: Scopes,
    known: HashMap<Arc<Scope>, ScopeIndex>,
}

impl ScopesBuilder {
    /// The index of this scope, which has no chosen project.
    pub(crate) fn intern(&mut self, scope: Scope) -> ScopeIndex {
        if let Some(index) = self.known.get(&scope) {
            return *index;
        }
        let index = ScopeIndex(self.scopes.distinct.len());
        let scope = Arc::new(scope);
        self.known.insert(Arc::clone(&scope), index);
        self.scopes.distinct.push(Entry { scope, chosen: OnceLock::new() });
        index
    }

    /// The scope at this index.
    pub(crate) fn get(&self, index: ScopeIndex) -> &Scope {
        self.scopes.get(index)
    }

    /// All that were collected.
    pub(crate) fn finish(self) -> Scopes {
        self.scopes
    }
}
