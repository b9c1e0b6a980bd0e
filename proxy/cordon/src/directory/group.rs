//! `cordon directory group`.

use std::collections::HashMap;

use clap::Subcommand;
use cordon_directory::{Group as Record, Key, Record as Any, RecordKind};
use serde_json::json;

use super::output::{Row, document_of, listed};
use super::session::{Session, edited, found, shown};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Group {
    /// All groups.
    List {
        /// Those in this project.
        #[arg(long, value_name = "ID")]
        project: Option<String>,
    },
    /// A group and its members.
    Show { id: String },
    /// Make a group.
    Create {
        id: String,
        /// What people call it.
        name: String,
        #[arg(long = "project", value_name = "ID")]
        projects: Vec<String>,
        /// What the backend's records call it.
        #[arg(long = "alias", value_name = "ALIAS")]
        aliases: Vec<String>,
    },
    /// Change a group.
    Edit {
        id: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long, value_name = "ID")]
        add_project: Vec<String>,
        #[arg(long, value_name = "ID")]
        remove_project: Vec<String>,
        #[arg(long, value_name = "ALIAS")]
        add_alias: Vec<String>,
        #[arg(long, value_name = "ALIAS")]
        remove_alias: Vec<String>,
        /// Put this user into it.
        #[arg(long, value_name = "LOGIN")]
        add_user: Vec<String>,
        /// Take this user out of it.
        #[arg(long, value_name = "LOGIN")]
        remove_user: Vec<String>,
    },
    /// Take a group away, and out of its users.
    Remove { id: String },
}

impl Group {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Group::List { project } => list(session, project.as_deref()),
            Group::Show { id } => show(session, &id),
            Group::Create { id, name, projects, aliases } => session.change("create group", |draft| {
                draft.create(Any::Group(Record {
                    aliases: aliases.into_iter().map(Into::into).collect(),
                    projects: projects.into_iter().collect(),
                    ..Record::new(&id, &name)
                }));
            }),
            Group::Edit {
                id,
                name,
                add_project,
                remove_project,
                add_alias,
                remove_alias,
                add_user,
                remove_user,
            } => session.change("edit group", |draft| {
                let key = key(&id);
                let Some(Any::Group(mut group)) = found(draft, &key) else { return };
                if let Some(name) = name {
                    group.name = name;
                }
                edited(&mut group.aliases, &add_alias, &remove_alias);
                draft.put(Any::Group(group));
                add_project.iter().for_each(|project| draft.join(&key, project));
                remove_project.iter().for_each(|project| draft.leave(&key, project));
                for login in add_user.iter().chain(&remove_user) {
                    let login_key = Key::new(RecordKind::User, login.as_str());
                    let Some(Any::User(mut user)) = found(draft, &login_key) else { continue };
                    let group = std::slice::from_ref(&id);
                    let is_added = add_user.contains(login);
                    edited(
                        &mut user.groups,
                        if is_added { group } else { &[] },
                        if is_added { &[] } else { group },
                    );
                    draft.put(Any::User(user));
                }
            }),
            Group::Remove { id } => session.change("remove group", |draft| draft.remove(&key(&id))),
        }
    }
}

fn list(session: &Session, project: Option<&str>) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    if let Some(project) = project {
        shown(state, &Key::new(RecordKind::Project, project))?;
    }
    let is_asked = |group: &&std::sync::Arc<Record>| project.is_none_or(|id| group.projects.has(id));
    let mut groups: Vec<_> = state.groups().filter(is_asked).cloned().collect();
    groups.sort_by(|one, other| one.id.cmp(&other.id));
    let mut members: HashMap<&str, usize> = HashMap::new();
    for group in state.users().flat_map(|user| &user.groups) {
        *members.entry(&**group).or_default() += 1;
    }
    let row = |group: &std::sync::Arc<Record>| {
        let members = members.get(&*group.id).copied().unwrap_or_default();
        let mut document = document_of(&Any::Group(Record::clone(group)));
        document["users"] = json!(members);
        let cells = vec![
            group.id.to_string(),
            group.name.clone(),
            members.to_string(),
            listed(group.projects.iter()),
        ];
        Row { cells, document }
    };
    session.output.list(&["id", "name", "users", "projects"], groups.iter().map(row).collect())
}

fn show(session: &Session, id: &str) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    let Any::Group(group) = shown(state, &key(id))? else { return Ok(()) };
    let mut members: Vec<&str> =
        state.users().filter(|user| user.groups.contains(&group.id)).map(|user| &*user.login).collect();
    members.sort_unstable();
    let lines = [
        ("id", group.id.to_string()),
        ("name", group.name.clone()),
        ("projects", listed(group.projects.iter())),
        ("aliases", listed(&group.aliases)),
        ("users", listed(&members)),
    ];
    let mut document = document_of(&Any::Group(group));
    document["users"] = json!(members);
    session.output.one(&lines, &document)
}

fn key(id: &str) -> Key {
    Key::new(RecordKind::Group, id)
}
