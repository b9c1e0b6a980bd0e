//! `cordon directory user`.

use clap::{Args, Subcommand};
use cordon_directory::{Key, Record as Any, RecordKind, State, User as Record};
use serde_json::json;

use super::output::{Row, document_of, listed};
use super::session::{Session, edited, found, shown};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum User {
    /// Users and all their projects, by themselves and by their groups.
    List {
        /// Members of this group.
        #[arg(long, value_name = "ID")]
        group: Option<String>,
        /// Whoever is in this project.
        #[arg(long, value_name = "ID")]
        project: Option<String>,
        /// Whose login or name has this text in it, in whatever case.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
    },
    /// A user and what they may do.
    Show { login: String },
    /// Make a user.
    Create(Create),
    /// Change a user.
    Edit(Edit),
    /// Take a user away, and their tokens.
    Remove { login: String },
}

#[derive(Args)]
pub(super) struct Create {
    login: String,
    /// The login, if it is left out.
    #[arg(long)]
    name: Option<String>,
    #[arg(long = "project", value_name = "ID")]
    projects: Vec<String>,
    #[arg(long = "group", value_name = "ID")]
    groups: Vec<String>,
    #[arg(long = "role", value_name = "NAME")]
    roles: Vec<String>,
    /// What the backend's records call the user.
    #[arg(long = "alias", value_name = "ALIAS")]
    aliases: Vec<String>,
    /// A value of the claim by which a JWT names the user.
    #[arg(long = "subject", value_name = "VALUE")]
    subjects: Vec<String>,
}

#[derive(Args)]
pub(super) struct Edit {
    login: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long, value_name = "ID")]
    add_project: Vec<String>,
    #[arg(long, value_name = "ID")]
    remove_project: Vec<String>,
    #[arg(long, value_name = "ID")]
    add_group: Vec<String>,
    #[arg(long, value_name = "ID")]
    remove_group: Vec<String>,
    #[arg(long, value_name = "NAME")]
    add_role: Vec<String>,
    #[arg(long, value_name = "NAME")]
    remove_role: Vec<String>,
    #[arg(long, value_name = "ALIAS")]
    add_alias: Vec<String>,
    #[arg(long, value_name = "ALIAS")]
    remove_alias: Vec<String>,
    #[arg(long, value_name = "VALUE")]
    add_subject: Vec<String>,
    #[arg(long, value_name = "VALUE")]
    remove_subject: Vec<String>,
}

impl User {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            User::List { group, project, search } => {
                list(session, group.as_deref(), project.as_deref(), search.as_deref())
            }
            User::Show { login } => show(session, &login),
            User::Create(create) => session.change("create user", |draft| {
                let arcs = |texts: Vec<String>| texts.into_iter().map(Into::into).collect();
                let name = create.name.unwrap_or_else(|| create.login.clone());
                draft.create(Any::User(Record {
                    aliases: arcs(create.aliases),
                    groups: arcs(create.groups),
                    roles: arcs(create.roles),
                    subjects: arcs(create.subjects),
                    projects: create.projects.into_iter().collect(),
                    ..Record::new(&create.login, &name)
                }));
            }),
            User::Edit(edit) => edit.run(session),
            User::Remove { login } => session.change("remove user", |draft| draft.remove(&key(&login))),
        }
    }
}

impl Edit {
    fn run(self, session: &Session) -> Result<(), Failure> {
        session.change("edit user", |draft| {
            let key = key(&self.login);
            let Some(Any::User(mut user)) = found(draft, &key) else { return };
            if let Some(name) = self.name {
                user.name = name;
            }
            edited(&mut user.groups, &self.add_group, &self.remove_group);
            edited(&mut user.roles, &self.add_role, &self.remove_role);
            edited(&mut user.aliases, &self.add_alias, &self.remove_alias);
            edited(&mut user.subjects, &self.add_subject, &self.remove_subject);
            draft.put(Any::User(user));
            self.add_project.iter().for_each(|project| draft.join(&key, project));
            self.remove_project.iter().for_each(|project| draft.leave(&key, project));
        })
    }
}

fn list(
    session: &Session,
    group: Option<&str>,
    project: Option<&str>,
    search: Option<&str>,
) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    if let Some(group) = group {
        shown(state, &Key::new(RecordKind::Group, group))?;
    }
    if let Some(project) = project {
        shown(state, &Key::new(RecordKind::Project, project))?;
    }
    let search = search.map(cordon_directory::model::folded);
    let is_asked = |user: &&Record| {
        let in_group = group.is_none_or(|group| user.groups.iter().any(|own| **own == *group));
        let in_project = project.is_none_or(|project| {
            state.projects_of_user(&user.login).is_some_and(|projects| projects.has(project))
        });
        let has_text = |text: &String| {
            [&*user.login, &*user.name]
                .iter()
                .any(|own| cordon_directory::model::folded(own).contains(&**text))
        };
        in_group && in_project && search.as_ref().is_none_or(has_text)
    };
    let mut users: Vec<&Record> = state.users().filter(is_asked).collect();
    users.sort_by(|one, other| one.login.cmp(&other.login));
    let row = |user: &&Record| Row {
        cells: vec![
            user.login.to_string(),
            user.name.clone(),
            listed(projects(state, user)),
            listed(&user.groups),
            listed(&user.roles),
        ],
        document: document(state, user),
    };
    session.output.list(&["login", "name", "projects", "groups", "roles"], users.iter().map(row).collect())
}

fn show(session: &Session, login: &str) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    let Any::User(user) = shown(state, &key(login))? else { return Ok(()) };
    let scope = snapshot.user_by_login(login).and_then(|user| snapshot.scope(&user, None).ok());
    let tokens = state.tokens().filter(|token| *token.user == *login).count();
    let rights = scope.as_ref().map(|scope| listed(scope.rights.names())).unwrap_or_default();
    let sections = scope.as_ref().map(|scope| match &scope.sections {
        cordon_directory::Sections::All => "all".to_owned(),
        cordon_directory::Sections::These(names) => listed(names),
    });
    let lines = [
        ("login", user.login.to_string()),
        ("name", user.name.clone()),
        ("projects", listed(projects(state, &user))),
        ("by name", listed(user.projects.iter())),
        ("groups", listed(&user.groups)),
        ("roles", listed(&user.roles)),
        ("rights", rights),
        ("sections", sections.unwrap_or_default()),
        ("aliases", listed(&user.aliases)),
        ("subjects", listed(&user.subjects)),
        ("tokens", tokens.to_string()),
    ];
    let mut document = document(state, &user);
    document["tokens"] = json!(tokens);
    session.output.one(&lines, &document)
}

fn projects(state: &State, user: &Record) -> Vec<String> {
    let projects = state.projects_of_user(&user.login).unwrap_or_default();
    projects.iter().map(ToString::to_string).collect()
}

/// The record, and all projects beside those by name.
fn document(state: &State, user: &Record) -> serde_json::Value {
    let mut document = document_of(&Any::User(user.clone()));
    document["all_projects"] = json!(projects(state, user));
    document
}

fn key(login: &str) -> Key {
    Key::new(RecordKind::User, login)
}
