//! Where a policy looks up what the deployment says, in the sandbox and in tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::construct::canonical;
use crate::types::Field;

/// The look-ups that a policy may make. The answers are fixed for one directory revision.
pub trait Directory {
    /// The contact fields of a kind of record, sorted by key (D14).
    fn fields(&self, kind: &str) -> Vec<Field>;

    /// Ids of the projects, sorted, of the object that the backend knows by this id; none if there is no such
    /// object.
    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>>;

    /// Whether an object of this kind is in one project at the most (D6).
    fn single_project(&self, kind: &str) -> bool;
}

/// The host's directory.
#[cfg(target_family = "wasm")]
#[derive(Clone, Copy, Debug)]
pub struct HostDirectory;

#[cfg(target_family = "wasm")]
impl Directory for HostDirectory {
    fn fields(&self, kind: &str) -> Vec<Field> {
        crate::bindings::cordon::policy::directory::fields(kind)
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        crate::bindings::cordon::policy::directory::projects_of(kind, id)
    }

    fn single_project(&self, kind: &str) -> bool {
        crate::bindings::cordon::policy::directory::single_project(kind)
    }
}

/// A directory held in memory, for native tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestDirectory {
    fields: BTreeMap<String, BTreeMap<String, Field>>,
    objects: BTreeMap<(String, String), Vec<String>>,
    single_project: BTreeSet<String>,
}

impl TestDirectory {
    /// An empty one, in which queues, scripts, autodialers and forms are in one project at the most (D6).
    pub fn new() -> TestDirectory {
        TestDirectory {
            single_project: ["queue", "script", "autodialer", "form"].map(str::to_owned).into(),
            ..TestDirectory::default()
        }
    }

    /// With a project that backend records call by its id or by one of these aliases.
    #[must_use]
    pub fn project<'a>(mut self, id: &'a str, aliases: impl IntoIterator<Item = &'a str>) -> TestDirectory {
        for name in aliases.into_iter().chain([id]) {
            self = self.object("project", name, [id]);
        }
        self
    }

    /// With an object of these projects.
    #[must_use]
    pub fn object<'a>(
        mut self,
        kind: &str,
        id: &str,
        projects: impl IntoIterator<Item = &'a str>,
    ) -> TestDirectory {
        self.objects.insert((kind.to_owned(), id.to_owned()), canonical(projects));
        self
    }

    /// With a kind whose objects are in one project at the most (D6).
    #[must_use]
    pub fn single(mut self, kind: &str) -> TestDirectory {
        self.single_project.insert(kind.to_owned());
        self
    }

    /// With a contact field of these projects (D14).
    #[must_use]
    pub fn field<'a>(
        self,
        kind: &str,
        key: &str,
        projects: impl IntoIterator<Item = &'a str>,
    ) -> TestDirectory {
        let projects = canonical(projects);
        self.with(kind, Field { key: key.to_owned(), projects, system: false, hidden: false })
    }

    /// With a system field (D16).
    #[must_use]
    pub fn system_field(self, kind: &str, key: &str) -> TestDirectory {
        self.with(kind, Field { key: key.to_owned(), projects: Vec::new(), system: true, hidden: false })
    }

    /// With a field that stands here already made hidden (D18).
    #[must_use]
    pub fn hiding(mut self, kind: &str, key: &str) -> TestDirectory {
        if let Some(field) = self.fields.get_mut(kind).and_then(|fields| fields.get_mut(key)) {
            field.hidden = true;
        }
        self
    }

    fn with(mut self, kind: &str, field: Field) -> TestDirectory {
        self.fields.entry(kind.to_owned()).or_default().insert(field.key.clone(), field);
        self
    }
}

impl Directory for TestDirectory {
    fn fields(&self, kind: &str) -> Vec<Field> {
        self.fields.get(kind).map(|fields| fields.values().cloned().collect()).unwrap_or_default()
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        self.objects.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    fn single_project(&self, kind: &str) -> bool {
        self.single_project.contains(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_directory_answers_as_the_host_would() {
        let directory = TestDirectory::new()
            .project("acme", ["3"])
            .object("queue", "7", ["zeta", "acme", "acme"])
            .field("contact", "shoe_size", ["acme"])
            .system_field("contact", "name")
            .hiding("contact", "shoe_size");
        assert_eq!(directory.projects_of("project", "3"), Some(vec!["acme".to_owned()]));
        assert_eq!(directory.projects_of("queue", "7"), Some(vec!["acme".to_owned(), "zeta".to_owned()]));
        assert_eq!(directory.projects_of("queue", "8"), None);
        assert!(directory.single_project("queue") && !directory.single_project("user"));
        let fields = directory.fields("contact");
        assert_eq!(fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>(), ["name", "shoe_size"]);
        assert!(fields[0].system && fields[1].hidden);
        assert!(directory.fields("deal").is_empty());
    }
}
