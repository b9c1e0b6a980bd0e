//! Scopes and owners agree with an oracle that looks everything up by walking the lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cordon_directory::{Projects, ScopeError, Snapshot};
use proptest::prelude::*;

const PROJECTS: usize = 6;
const KINDS: [&str; 4] = ["queue", "list", "phone", "form"];

/// A directory as plain lists of numbers.
#[derive(Debug, Clone)]
struct Plain {
    groups: Vec<BTreeSet<usize>>,
    /// Projects, groups, sees everything.
    users: Vec<(BTreeSet<usize>, BTreeSet<usize>, bool)>,
    /// Kind, projects.
    objects: Vec<(usize, BTreeSet<usize>)>,
    /// Projects, system.
    fields: Vec<(BTreeSet<usize>, bool)>,
}

fn plain() -> impl Strategy<Value = Plain> {
    let some = |limit: usize| prop::collection::btree_set(0..limit, 0..4);
    (
        prop::collection::vec(some(PROJECTS), 0..4),
        prop::collection::vec((some(PROJECTS), some(4), any::<bool>()), 1..8),
        prop::collection::vec((0..KINDS.len(), some(PROJECTS)), 0..20),
        prop::collection::vec((some(PROJECTS), any::<bool>()), 0..8),
    )
        .prop_map(|(groups, users, objects, fields)| Plain { groups, users, objects, fields })
}

impl Plain {
    fn text(&self) -> String {
        let mut text = String::new();
        for project in 0..PROJECTS {
            writeln!(
                text,
                "[[project]]\nid = \"p{project}\"\nname = \"P{project}\"\naliases = [\"{project}\"]"
            )
            .unwrap();
        }
        text += "[[role]]\nname = \"all\"\nrights = [\"see-everything\"]\n";
        for (index, projects) in self.groups.iter().enumerate() {
            writeln!(text, "[[group]]\nid = \"g{index}\"\nprojects = {}", list("p", projects)).unwrap();
        }
        for (index, (projects, _, everything)) in self.users.iter().enumerate() {
            let (groups, roles) =
                (list("g", &self.groups_of(index)), if *everything { "[\"all\"]" } else { "[]" });
            let projects = list("p", projects);
            writeln!(
                text,
                "[[user]]\nlogin = \"u{index}\"\nprojects = {projects}\ngroups = {groups}\nroles = {roles}"
            )
            .unwrap();
        }
        for (index, (kind, _)) in self.objects.iter().enumerate() {
            let projects = list("p", &self.projects_of(index));
            writeln!(
                text,
                "[[object]]\nkind = \"{}\"\nid = \"o{index}\"\nprojects = {projects}",
                KINDS[*kind]
            )
            .unwrap();
        }
        for (index, (projects, system)) in self.fields.iter().enumerate() {
            let projects = if *system { "[]".to_owned() } else { list("p", projects) };
            writeln!(text, "[[field]]\nname = \"f{index}\"\nsystem = {system}\nprojects = {projects}")
                .unwrap();
        }
        text
    }

    fn groups_of(&self, user: usize) -> BTreeSet<usize> {
        self.users[user].1.iter().copied().filter(|group| *group < self.groups.len()).collect()
    }

    fn members(&self, user: usize) -> BTreeSet<usize> {
        let by_group = self.groups_of(user).into_iter().flat_map(|group| self.groups[group].clone());
        self.users[user].0.iter().copied().chain(by_group).collect()
    }

    /// At most one for kinds that allow no more (D6).
    fn projects_of(&self, object: usize) -> BTreeSet<usize> {
        let (kind, projects) = &self.objects[object];
        let limit = if matches!(KINDS[*kind], "queue" | "form") { 1 } else { usize::MAX };
        projects.iter().copied().take(limit).collect()
    }
}

fn list(prefix: &str, numbers: &BTreeSet<usize>) -> String {
    format!("{:?}", names(prefix, numbers))
}

fn names(prefix: &str, numbers: &BTreeSet<usize>) -> Vec<String> {
    numbers.iter().map(|number| format!("{prefix}{number}")).collect()
}

fn ids(projects: &Projects) -> Vec<String> {
    projects.iter().map(|id| id.to_string()).collect()
}

proptest! {
    #[test]
    fn scopes_and_owners_agree_with_the_oracle(plain in plain()) {
        let snapshot = Snapshot::parse(&plain.text()).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
        for index in 0..plain.users.len() {
            let user = snapshot.user_by_login(&format!("u{index}")).unwrap();
            let scope = snapshot.scope(&user, None).unwrap();
            prop_assert_eq!(ids(&scope.projects), names("p", &plain.members(index)));
            prop_assert_eq!(scope.rights.see_everything, plain.users[index].2);
            prop_assert_eq!(&scope.chosen, &None);
            for project in 0..PROJECTS {
                let allowed = plain.users[index].2 || plain.members(index).contains(&project);
                for name in [format!("p{project}"), format!("{project}")] {
                    match snapshot.scope(&user, Some(&name)) {
                        Ok(chosen) => {
                            prop_assert!(allowed);
                            prop_assert_eq!(chosen.chosen.as_deref() == Some(&*format!("p{project}")), true);
                            prop_assert_eq!(&chosen.projects, &scope.projects);
                            prop_assert_eq!(chosen.rights, scope.rights);
                        }
                        Err(ScopeError::NoSuchProject) => prop_assert!(!allowed),
                    }
                }
            }
        }
        for (index, (kind, _)) in plain.objects.iter().enumerate() {
            for (other, name) in KINDS.iter().enumerate() {
                let expected = (other == *kind).then(|| names("p", &plain.projects_of(index)));
                prop_assert_eq!(snapshot.projects_of(name, &format!("o{index}")).map(|list| ids(&list)), expected);
            }
        }
        for (index, (projects, system)) in plain.fields.iter().enumerate() {
            let field = &snapshot.fields("contact")[index];
            let own = if *system { Vec::new() } else { names("p", projects) };
            prop_assert_eq!(ids(&field.projects), own.clone());
            prop_assert_eq!(field.is_unassigned(), own.is_empty() && !system);
            prop_assert_eq!(field.is_shared(), own.len() > 1);
        }
    }
}
