//! Lists of projects, which most records have.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// Ids of projects, sorted, without duplicates. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Projects(Arc<[Arc<str>]>);

impl Projects {
    /// The list of one.
    pub fn one(id: &Arc<str>) -> Projects {
        Projects(Arc::new([Arc::clone(id)]))
    }

    /// Whether the project is in the list.
    pub fn has(&self, id: &str) -> bool {
        self.0.binary_search_by(|own| (**own).cmp(id)).is_ok()
    }

    /// The list with this project too.
    pub fn with(&self, id: &str) -> Projects {
        self.iter().cloned().chain([Arc::from(id)]).collect()
    }

    /// The list without this project.
    pub fn without(&self, id: &str) -> Projects {
        self.iter().filter(|own| ***own != *id).cloned().collect()
    }
}

impl<I: Into<Arc<str>>> FromIterator<I> for Projects {
    fn from_iter<T: IntoIterator<Item = I>>(ids: T) -> Projects {
        let mut ids: Vec<Arc<str>> = ids.into_iter().map(Into::into).collect();
        ids.sort_unstable();
        ids.dedup();
        Projects(ids.into())
    }
}

impl fmt::Debug for Projects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl Deref for Projects {
    type Target = [Arc<str>];

    fn deref(&self) -> &[Arc<str>] {
        &self.0
    }
}

impl<T: AsRef<str>, const N: usize> PartialEq<[T; N]> for Projects {
    fn eq(&self, other: &[T; N]) -> bool {
        self.0.len() == N && self.0.iter().zip(other).all(|(own, other)| **own == *other.as_ref())
    }
}

impl<T: AsRef<str>> PartialEq<&[T]> for Projects {
    fn eq(&self, other: &&[T]) -> bool {
        self.0.len() == other.len() && self.0.iter().zip(*other).all(|(own, other)| **own == *other.as_ref())
    }
}

/// Sorted whatever the order in which it was written.
impl<'de> Deserialize<'de> for Projects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Projects, D::Error> {
        Ok(Vec::<Arc<str>>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Gives equal lists the same memory: most of a million objects are in one of a few lists.
#[derive(Default)]
pub struct ProjectLists {
    ids: HashSet<Arc<str>>,
    lists: HashSet<Projects>,
    /// Those of one project, which most are.
    singles: HashMap<Arc<str>, Projects>,
}

impl ProjectLists {
    /// The list of these ids.
    pub fn intern<'id>(&mut self, ids: impl IntoIterator<Item = &'id str>) -> Projects {
        let mut ids = ids.into_iter();
        let (first, second) = (ids.next(), ids.next());
        if let (Some(id), None) = (first, second) {
            return self.single(id);
        }
        let ids = first.into_iter().chain(second).chain(ids);
        let list: Projects = ids.map(|id| self.id(id)).collect();
        match self.lists.get(&list) {
            Some(known) => known.clone(),
            None => {
                self.lists.insert(list.clone());
                list
            }
        }
    }

    fn single(&mut self, id: &str) -> Projects {
        if let Some(known) = self.singles.get(id) {
            return known.clone();
        }
        let id = self.id(id);
        let list = Projects::one(&id);
        self.singles.insert(id, list.clone());
        list
    }

    /// The id.
    pub fn id(&mut self, id: &str) -> Arc<str> {
        match self.ids.get(id) {
            Some(known) => Arc::clone(known),
            None => {
                let id: Arc<str> = id.into();
                self.ids.insert(Arc::clone(&id));
                id
            }
        }
    }
}
