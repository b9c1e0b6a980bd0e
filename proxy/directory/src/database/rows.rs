//! The rows that a record is kept as.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::model::{Record, Sections, Security, folded};

/// A table: its key, what else it has, and which of these are numbers.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns of its key, then the others.
    pub(super) columns: &'static [&'static str],
    /// How many columns are its key.
    pub(super) key: usize,
    /// Where in `columns` the name as it is compared is.
    pub(super) folded: Option<usize>,
}

/// Columns that hold numbers; all others hold texts.
pub(super) const NUMBERS: [&str; 11] = [
    "one",
    "archived",
    "all_sections",
    "system",
    "hidden",
    "unique_values",
    "single_project",
    "gone",
    "position",
    "number",
    "at",
];

/// The tables of records, each after those it refers to, and then those of their lists. The order is that of [`At`].
pub(super) const TABLES: [Table; 22] = [
    table("projects", &["id", "name", "folded", "description", "archived"], 1, Some(2)),
    table("settings", &["one", "security", "default_project"], 1, None),
    table("roles", &["name", "folded", "all_sections"], 1, Some(1)),
    table("groups", &["id", "name", "folded"], 1, Some(2)),
    table("users", &["login", "folded", "name"], 1, Some(1)),
    table("tokens", &["hash", "login", "label"], 1, None),
    table("fields", &["kind", "key", "name", "folded", "system", "hidden", "unique_values"], 2, Some(3)),
    table("object_kinds", &["name", "single_project"], 1, None),
    table("objects", &["kind", "id", "name", "gone"], 2, None),
    table("project_aliases", &["alias", "project", "position"], 1, None),
    table("role_rights", &["role", "name"], 2, None),
    table("role_sections", &["role", "section", "all_sections"], 2, None),
    table("group_aliases", &["alias", "group_id", "position"], 1, None),
    table("group_projects", &["group_id", "project"], 2, None),
    table("user_aliases", &["alias", "login", "position"], 1, None),
    table("user_groups", &["login", "group_id", "position"], 2, None),
    table("user_roles", &["login", "role", "position"], 2, None),
    table("user_projects", &["login", "project"], 2, None),
    table("user_subjects", &["subject", "login", "position"], 1, None),
    table("field_projects", &["kind", "key", "project", "system"], 3, None),
    table("object_projects", &["kind", "id", "project", "single_project"], 3, None),
    table("change_records", &["number", "position", "kind", "kind_of", "id", "before", "after"], 2, None),
];

/// How many of [`TABLES`] hold records and not what is in their lists.
pub(super) const RECORDS: usize = 9;

const fn table(
    name: &'static str,
    columns: &'static [&'static str],
    key: usize,
    folded: Option<usize>,
) -> Table {
    Table { name, columns, key, folded }
}

/// Places in [`TABLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum At {
    Projects,
    Settings,
    Roles,
    Groups,
    Users,
    Tokens,
    Fields,
    ObjectKinds,
    Objects,
    ProjectAliases,
    RoleRights,
    RoleSections,
    GroupAliases,
    GroupProjects,
    UserAliases,
    UserGroups,
    UserRoles,
    UserProjects,
    UserSubjects,
    FieldProjects,
    ObjectProjects,
    ChangeRecords,
}

/// A row: a value for each of the table's columns.
pub(super) type Row = Vec<Value>;

/// The rows of a record, its own first. `single` says whether objects of a kind are in one project at the most.
pub(super) fn rows(record: &Record, single: impl Fn(&str) -> bool) -> Vec<(At, Row)> {
    let mut rows = Vec::with_capacity(2);
    match record {
        Record::Project(project) => {
            let (id, name, description) = (&project.id, &project.name, &project.description);
            let row =
                vec![json!(id), json!(name), json!(folded(name)), json!(description), flag(project.archived)];
            rows.push((At::Projects, row));
            ordered(&mut rows, At::ProjectAliases, id, &project.aliases, true);
        }
        Record::Settings(settings) => {
            let security = match settings.security {
                Security::Simplified => "simplified",
                Security::Enhanced => "enhanced",
            };
            rows.push((At::Settings, vec![json!(1), json!(security), json!(settings.default_project)]));
        }
        Record::Role(role) => {
            let name = &role.name;
            let all = flag(role.sections == Sections::All);
            rows.push((At::Roles, vec![json!(name), json!(folded(name)), all]));
            let rights = role.rights.names().map(|right| (At::RoleRights, vec![json!(name), json!(right)]));
            rows.extend(rights);
            if let Sections::These(sections) = &role.sections {
                let row = |section| (At::RoleSections, vec![json!(name), json!(section), json!(0)]);
                rows.extend(sections.iter().map(row));
            }
        }
        Record::Group(group) => {
            let (id, name) = (&group.id, &group.name);
            rows.push((At::Groups, vec![json!(id), json!(name), json!(folded(name))]));
            ordered(&mut rows, At::GroupAliases, id, &group.aliases, true);
            let row = |project| (At::GroupProjects, vec![json!(id), json!(project)]);
            rows.extend(group.projects.iter().map(row));
        }
        Record::User(user) => {
            let login = &user.login;
            rows.push((At::Users, vec![json!(login), json!(folded(login)), json!(user.name)]));
            ordered(&mut rows, At::UserAliases, login, &user.aliases, true);
            ordered(&mut rows, At::UserGroups, login, &user.groups, false);
            ordered(&mut rows, At::UserRoles, login, &user.roles, false);
            ordered(&mut rows, At::UserSubjects, login, &user.subjects, true);
            let row = |project| (At::UserProjects, vec![json!(login), json!(project)]);
            rows.extend(user.projects.iter().map(row));
        }
        Record::Token(token) => {
            let row = vec![json!(token.hash.to_string()), json!(token.user), json!(token.label)];
            rows.push((At::Tokens, row));
        }
        Record::Field(field) => {
            let (kind, key, name) = (&field.kind, &field.key, &field.name);
            let flags = [field.system, field.hidden, field.unique].map(flag);
            let texts = [json!(kind), json!(key), json!(name), json!(folded(name))];
            rows.push((At::Fields, texts.into_iter().chain(flags).collect()));
            let row = |project| {
                (At::FieldProjects, vec![json!(kind), json!(key), json!(project), flag(field.system)])
            };
            rows.extend(field.projects.iter().map(row));
        }
        Record::ObjectKind(kind) => {
            rows.push((At::ObjectKinds, vec![json!(kind.name), flag(kind.single_project)]));
        }
        Record::Object(object) => {
            let (kind, id) = (&object.kind, &object.id);
            rows.push((At::Objects, vec![json!(kind), json!(id), json!(object.name), flag(object.gone)]));
            let single = flag(single(kind));
            let row =
                |project| (At::ObjectProjects, vec![json!(kind), json!(id), json!(project), single.clone()]);
            rows.extend(object.projects.iter().map(row));
        }
    }
    rows
}

/// The entries of a list whose order is kept. Where an entry has one owner, it is the key and stands first.
fn ordered(rows: &mut Vec<(At, Row)>, at: At, owner: &Arc<str>, entries: &[Arc<str>], owned: bool) {
    for (position, entry) in entries.iter().enumerate() {
        let pair = if owned { [entry, owner] } else { [owner, entry] };
        rows.push((at, vec![json!(pair[0]), json!(pair[1]), json!(position)]));
    }
}

fn flag(flag: bool) -> Value {
    json!(u8::from(flag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Field, Group, Object, ObjectKind, Project, RecordKind, Role, Salt, Settings, Token, User,
    };

    /// A record of each kind, its lists filled.
    fn records() -> Vec<Record> {
        let list = || vec![Arc::from("a"), Arc::from("b")];
        let projects = || ["p", "q"].into_iter().collect::<crate::model::Projects>();
        vec![
            Record::Project(Project { aliases: list(), ..Project::new("p", "P") }),
            Record::Settings(Settings { security: Security::Enhanced, default_project: None }),
            Record::Role(Role {
                name: "r".into(),
                rights: crate::model::Rights::ALL,
                sections: Sections::these(vec!["s".into()]),
            }),
            Record::Group(Group { aliases: list(), projects: projects(), ..Group::new("g", "G") }),
            Record::User(User {
                aliases: list(),
                groups: list(),
                roles: list(),
                subjects: list(),
                projects: projects(),
                ..User::new("u", "U")
            }),
            Record::Token(Token::issue("u", None, &Salt([0; 16])).1),
            Record::Field(Field { projects: projects(), ..Field::new("f") }),
            Record::ObjectKind(ObjectKind { name: "k".into(), single_project: true }),
            Record::Object(Object { projects: projects(), ..Object::new("list", "1") }),
        ]
    }

    #[test]
    fn every_row_fits_its_table_and_every_table_is_filled() {
        let mut filled = std::collections::HashSet::new();
        for record in records() {
            for (at, row) in rows(&record, |_| false) {
                let table = &TABLES[at as usize];
                filled.insert(table.name);
                assert_eq!(row.len(), table.columns.len(), "{}", table.name);
                for (value, column) in row.iter().zip(table.columns) {
                    assert_eq!(value.is_number(), NUMBERS.contains(column), "{}.{column}", table.name);
                }
            }
        }
        assert_eq!(records().len(), RecordKind::ALL.len());
        assert_eq!(filled.len(), TABLES.len() - 1, "all but the log");
        assert_eq!(TABLES[At::ChangeRecords as usize].name, "change_records");
    }
}
