//! What callers share who may see the same.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::bindings::cordon::policy::types as wit;

/// The whole of what a policy knows of a caller. It names nobody, and callers with the same scope share its caches.
#[derive(Clone, Debug)]
pub struct Scope {
    /// In the shape in which it goes into the sandbox, made once and not per call.
    wit: wit::Scope,
    rights: Rights,
    id: ScopeId,
    circle: CircleId,
}

/// SHA-256 over a scope without the project chosen: what its callers cannot choose. Callers who differ in no more than
/// their choice have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CircleId([u8; 32]);

/// Rights over projects and fields (D10, D12, D13).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "rights are independent of each other; the contract has them as flags"
)]
pub struct Rights {
    /// Sees the records of every project.
    pub see_everything: bool,
    /// Sees that projects exist, their names and descriptions.
    pub list_projects: bool,
    /// Adds users to projects and takes them out.
    pub manage_access: bool,
    /// Creates and edits projects, adds objects and takes them out.
    pub manage_projects: bool,
    /// Sees the values of hidden fields (D18).
    pub see_masked_fields: bool,
    /// Creates and edits contact fields.
    pub manage_fields: bool,
    /// Sees the list of contact fields.
    pub see_fields: bool,
}

/// Which sections, that is kinds of record, a role opens (D12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sections {
    /// Every section.
    All,
    /// The sections named.
    These(Vec<String>),
}

/// SHA-256 over a scope's canonical form: equal for two scopes exactly when they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId([u8; 32]);

impl Scope {
    /// Makes a scope. Projects and sections are sorted and freed of duplicates.
    ///
    /// `chosen` is the project the caller asked for (D24): one of `projects`, unless the caller sees everything.
    pub fn new(
        mut projects: Vec<String>,
        rights: Rights,
        sections: Sections,
        chosen: Option<String>,
    ) -> Scope {
        canonical(&mut projects);
        let sections = match sections {
            Sections::All => wit::Sections::All,
            Sections::These(mut names) => {
                canonical(&mut names);
                wit::Sections::These(names)
            }
        };
        let mut wit = wit::Scope { projects, rights: rights.into(), sections, chosen: None };
        let circle = CircleId(ScopeId::of(&wit, rights).0);
        wit.chosen = chosen;
        let id = ScopeId::of(&wit, rights);
        Scope { wit, rights, id, circle }
    }

    /// What the scope is known by in caches.
    pub fn id(&self) -> ScopeId {
        self.id
    }

    /// Ids of the projects the caller belongs to, sorted.
    pub fn projects(&self) -> &[String] {
        &self.wit.projects
    }

    /// The same with other rights. `None`: the project chosen is only open to who sees everything.
    #[must_use]
    pub fn with_rights(&self, rights: Rights) -> Option<Scope> {
        let mut wit = wit::Scope { rights: rights.into(), chosen: None, ..self.wit.clone() };
        let chosen = self.wit.chosen.clone();
        if chosen.as_ref().is_some_and(|chosen| !rights.see_everything && !wit.projects.contains(chosen)) {
            return None;
        }
        let circle = CircleId(ScopeId::of(&wit, rights).0);
        wit.chosen = chosen;
        let id = ScopeId::of(&wit, rights);
        Some(Scope { wit, rights, id, circle })
    }

    /// The caller's rights.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// The project the caller asked for (D24).
    pub fn chosen(&self) -> Option<&str> {
        self.wit.chosen.as_deref()
    }

    /// Whose failures are counted together.
    pub(crate) fn circle(&self) -> CircleId {
        self.circle
    }

    pub(crate) fn wit(&self) -> &wit::Scope {
        &self.wit
    }
}

impl ScopeId {
    /// The id's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Every list is preceded by its length and every text by its own, so that no two scopes share an encoding.
    fn of(scope: &wit::Scope, rights: Rights) -> ScopeId {
        let mut hasher = Sha256::new();
        hasher.update(b"cordon scope 1\0");
        texts(&mut hasher, &scope.projects);
        hasher.update(rights.bits().to_be_bytes());
        match &scope.sections {
            wit::Sections::All => hasher.update([0]),
            wit::Sections::These(names) => {
                hasher.update([1]);
                texts(&mut hasher, names);
            }
        }
        texts(&mut hasher, scope.chosen.as_slice());
        ScopeId(hasher.finalize().into())
    }
}

impl From<[u8; 32]> for CircleId {
    fn from(bytes: [u8; 32]) -> CircleId {
        CircleId(bytes)
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeId({self})")
    }
}

impl Rights {
    fn bits(self) -> u16 {
        [
            self.see_everything,
            self.list_projects,
            self.manage_access,
            self.manage_projects,
            self.see_masked_fields,
            self.manage_fields,
            self.see_fields,
        ]
        .into_iter()
        .rev()
        .fold(0, |bits, right| bits << 1 | u16::from(right))
    }
}

impl From<Rights> for wit::Rights {
    fn from(rights: Rights) -> wit::Rights {
        [
            (rights.see_everything, wit::Rights::SEE_EVERYTHING),
            (rights.list_projects, wit::Rights::LIST_PROJECTS),
            (rights.manage_access, wit::Rights::MANAGE_ACCESS),
            (rights.manage_projects, wit::Rights::MANAGE_PROJECTS),
            (rights.see_masked_fields, wit::Rights::SEE_MASKED_FIELDS),
            (rights.manage_fields, wit::Rights::MANAGE_FIELDS),
            (rights.see_fields, wit::Rights::SEE_FIELDS),
        ]
        .into_iter()
        .filter(|(granted, _)| *granted)
        .fold(wit::Rights::empty(), |all, (_, flag)| all | flag)
    }
}

fn canonical(names: &mut Vec<String>) {
    names.sort_unstable();
    names.dedup();
}

fn texts(hasher: &mut Sha256, texts: &[String]) {
    hasher.update((texts.len() as u64).to_be_bytes());
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(projects: &[&str], rights: Rights, sections: Sections, chosen: Option<&str>) -> Scope {
        let projects = projects.iter().map(|&project| project.to_owned()).collect();
        Scope::new(projects, rights, sections, chosen.map(str::to_owned))
    }

    #[test]
    fn order_and_repetition_do_not_matter() {
        let one = scope(&["b", "a", "b"], Rights::default(), Sections::All, None);
        let other = scope(&["a", "b"], Rights::default(), Sections::All, None);
        assert_eq!(one.id(), other.id());
        assert_eq!(one.projects(), ["a", "b"]);
    }

    #[test]
    fn other_rights_make_the_scope_of_who_has_them() {
        let all = Rights { see_everything: true, ..Rights::default() };
        let with = scope(&["a"], all, Sections::All, Some("a"));
        let without = scope(&["a"], Rights::default(), Sections::All, Some("a"));
        assert_eq!(with.with_rights(Rights::default()).map(|scope| scope.id()), Some(without.id()));
        let elsewhere = scope(&["a"], all, Sections::All, Some("b"));
        assert!(elsewhere.with_rights(Rights::default()).is_none());
    }

    #[test]
    fn a_circle_is_not_chosen() {
        let scopes = [None, Some("a"), Some("b")]
            .map(|chosen| scope(&["a", "b"], Rights::default(), Sections::All, chosen));
        assert!(scopes.iter().all(|scope| scope.circle() == scopes[0].circle()));
        assert_ne!(scopes[0].circle(), scope(&["a"], Rights::default(), Sections::All, None).circle());
    }

    #[test]
    fn whatever_differs_makes_another_scope() {
        let all = Rights { see_everything: true, ..Rights::default() };
        let fields = Rights { see_fields: true, ..Rights::default() };
        let ids = [
            scope(&["a", "b"], Rights::default(), Sections::All, None),
            scope(&["ab"], Rights::default(), Sections::All, None),
            scope(&[], Rights::default(), Sections::All, None),
            scope(&[], all, Sections::All, None),
            scope(&[], fields, Sections::All, None),
            scope(&[], all, Sections::These(vec![]), None),
            scope(&[], all, Sections::These(vec!["a".into()]), None),
            scope(&[], all, Sections::All, Some("a")),
            scope(&[], all, Sections::All, Some("")),
        ]
        .map(|scope| scope.id());
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id), "scope {index} shares its id");
        }
    }
}
