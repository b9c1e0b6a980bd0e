//! Projects, and lists of their ids.

use std::collections::HashSet;
use std::sync::Arc;

/// One client's work (D3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// What this directory, rules and tokens call the project.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// For people; often absent (D3).
    pub description: Option<String>,
    /// What the backend's records call it, beside its id.
    pub aliases: Vec<String>,
}

/// Gives equal lists of project ids the same memory: most of a million objects are in one of a few lists.
#[derive(Default)]
pub(crate) struct ProjectLists {
    known: HashSet<Arc<[String]>>,
}

impl ProjectLists {
    /// The list of these ids, sorted and without duplicates.
    pub(crate) fn intern(&mut self, mut ids: Vec<String>) -> Arc<[String]> {
        ids.sort_unstable();
        ids.dedup();
        match self.known.get(ids.as_slice()) {
            Some(list) => Arc::clone(list),
            None => {
                let list: Arc<[String]> = ids.into();
                self.known.insert(Arc::clone(&list));
                list
            }
        }
    }
}
