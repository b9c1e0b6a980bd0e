//! What callers share who may see the same.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::model::{Projects, Rights, Sections};

/// The whole of what a policy knows of a caller: it names nobody, so that callers with the same projects, rights and
/// sections share plans and verdicts. Equal scopes of one directory are one `Arc`, so a pointer can stand for a scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    /// Ids of the projects the caller belongs to, directly or by group, sorted, without duplicates. Archived ones are
    /// not among them.
    pub projects: Projects,
    /// What the caller's roles grant together.
    pub rights: Rights,
    /// What the caller's roles open together (D12).
    pub sections: Sections,
    /// Id of the project the caller asked for (D24). One of `projects` unless the caller sees everything.
    pub chosen: Option<Arc<str>>,
}

/// Why someone has no scope for a chosen project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScopeError {
    /// The project does not exist, or is not one of the caller's. The two look the same on purpose (H36).
    #[error("there is no such project among the caller's; choose one of them, or none")]
    NoSuchProject,
}

/// Gives equal scopes the same memory, over all versions of a directory.
#[derive(Default)]
pub(crate) struct ScopeTable {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    scopes: HashSet<Arc<Scope>>,
    /// How many there were when those were last thrown away that nobody uses.
    swept: usize,
}

/// Scopes that are kept without asking whether somebody uses them.
const FEW: usize = 1024;

impl ScopeTable {
    /// The one scope that is equal to this one.
    pub(crate) fn intern(&self, scope: Scope) -> Arc<Scope> {
        // A panic under the lock leaves a set that is still one of scopes.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scope) = known.scopes.get(&scope) {
            return Arc::clone(scope);
        }
        if known.scopes.len() >= 2 * known.swept.max(FEW) {
            known.scopes.retain(|scope| Arc::strong_count(scope) > 1);
            known.swept = known.scopes.len();
        }
        let scope = Arc::new(scope);
        known.scopes.insert(Arc::clone(&scope));
        scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(project: &str) -> Scope {
        let projects = [project].into_iter().collect();
        Scope { projects, rights: Rights::default(), sections: Sections::All, chosen: None }
    }

    #[test]
    fn equal_scopes_are_one_and_unused_ones_go() {
        let table = ScopeTable::default();
        let kept = table.intern(scope("kept"));
        for number in 0..10_000 {
            table.intern(scope(&number.to_string()));
        }
        assert!(Arc::ptr_eq(&kept, &table.intern(scope("kept"))));
        assert!(table.known.lock().unwrap().scopes.len() <= 2 * FEW + 1);
    }
}
