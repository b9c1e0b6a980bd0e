//! The directory that is measured.

use std::sync::Arc;

use cordon_directory::model::{ProjectLists, Salt};
use cordon_directory::{
    Field, Group, Object, Project, Record, Rights, Role, Sections, Security, State, User,
};

const PROJECTS: usize = 10_000;
const USERS: usize = 100_000;
const FIELDS: usize = 10_000;
const OBJECTS: usize = 1_000_000;
const GROUPS: usize = 1_000;

/// How much of everything there is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) projects: usize,
    pub(crate) users: usize,
    pub(crate) fields: usize,
    pub(crate) objects: usize,
    pub(crate) groups: usize,
}

impl Size {
    pub(crate) fn of(percent: usize) -> Size {
        let of = |all: usize| (all * percent / 100).max(10);
        Size {
            projects: of(PROJECTS),
            users: of(USERS),
            fields: of(FIELDS),
            objects: of(OBJECTS),
            groups: GROUPS,
        }
    }

    pub(crate) fn records(self) -> usize {
        self.projects + self.users + self.fields + self.objects + self.groups
    }
}

/// A directory of this size, in which every object is in a project.
pub(crate) fn build(size: Size, security: Security) -> State {
    let Size { projects, users, fields, objects, groups } = size;
    let mut state = State::new(security, Salt::random());
    let mut lists = ProjectLists::default();
    let mut put = |record: Record| state.apply(&record.key(), Some(record));
    for number in 0..projects {
        let aliases = vec![Arc::from(number.to_string())];
        put(Record::Project(Project {
            aliases,
            ..Project::new(&format!("p{number}"), &format!("Project {number}"))
        }));
    }
    let operator = Role {
        name: "Operator".into(),
        rights: Rights::default(),
        sections: Sections::these(vec!["calls".to_owned(), "contacts".to_owned()]),
    };
    put(Record::Role(operator));
    for number in 0..groups {
        let group = Group::new(&format!("g{number}"), &format!("Group {number}"));
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        put(Record::Group(Group { projects: list, ..group }));
    }
    for number in 0..users {
        let login = format!("user{number}");
        let list = lists.intern([
            format!("p{}", number % projects).as_str(),
            format!("p{}", number / 7 % projects).as_str(),
        ]);
        put(Record::User(User {
            groups: vec![format!("g{}", number % groups).into()],
            roles: vec!["Operator".into()],
            subjects: vec![format!("{login}@example.com").into()],
            projects: list,
            ..User::new(&login, &format!("User {number}"))
        }));
    }
    for number in 0..fields {
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        put(Record::Field(Field { projects: list, ..Field::new(&format!("field{number}")) }));
    }
    let kind = lists.id("list");
    for number in 0..objects {
        let list = lists.intern([format!("p{}", number % projects).as_str()]);
        let object = Object::new("list", &number.to_string());
        let name = Some(format!("List {number}").into());
        put(Record::Object(Object { kind: Arc::clone(&kind), name, projects: list, ..object }));
    }
    state
}
