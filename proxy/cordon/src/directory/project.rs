//! `cordon directory project`.

use clap::Subcommand;
use cordon_directory::{Draft, Key, Project as Record, Record as Any, RecordKind};
use serde_json::{Value, json};

use super::output::{Row, document_of, listed};
use super::session::{Session, edited, found, shown};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Project {
    /// All projects.
    List {
        /// Archived ones only.
        #[arg(long)]
        archived: bool,
    },
    /// A project and how much is in it.
    Show { id: String },
    /// Make a project.
    Create {
        /// What the directory, rules and callers call it. It never changes.
        id: String,
        /// What people call it.
        name: String,
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// What the backend's records call it.
        #[arg(long = "alias", value_name = "ALIAS")]
        aliases: Vec<String>,
    },
    /// Change what a project is called.
    Edit {
        id: String,
        #[arg(long)]
        name: Option<String>,
        /// An empty text takes it away.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        #[arg(long, value_name = "ALIAS")]
        add_alias: Vec<String>,
        #[arg(long, value_name = "ALIAS")]
        remove_alias: Vec<String>,
    },
    /// Its work is over: nobody is in it any more for what they may see, and nothing is added to it.
    Archive { id: String },
    /// Bring an archived project back.
    Restore { id: String },
    /// Take a project away, and out of everything that is in it.
    Remove { id: String },
}

impl Project {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Project::List { archived } => list(session, archived),
            Project::Show { id } => show(session, &id),
            Project::Create { id, name, description, aliases } => session.change("create project", |draft| {
                draft.create(Any::Project(Record {
                    description,
                    aliases: aliases.into_iter().map(Into::into).collect(),
                    ..Record::new(&id, &name)
                }));
            }),
            Project::Edit { id, name, description, add_alias, remove_alias } => {
                edit(session, "edit project", &id, |project| {
                    if let Some(name) = name {
                        project.name = name;
                    }
                    if let Some(description) = description {
                        project.description = Some(description).filter(|text| !text.is_empty());
                    }
                    edited(&mut project.aliases, &add_alias, &remove_alias);
                })
            }
            Project::Archive { id } => {
                edit(session, "archive project", &id, |project| project.archived = true)
            }
            Project::Restore { id } => {
                edit(session, "restore project", &id, |project| project.archived = false)
            }
            Project::Remove { id } => session.change("remove project", |draft| draft.remove(&key(&id))),
        }
    }
}

fn edit(
    session: &Session,
    action: &str,
    id: &str,
    edit: impl FnOnce(&mut Record) + Send,
) -> Result<(), Failure> {
    session.change(action, |draft: &mut Draft| {
        if let Some(Any::Project(mut project)) = found(draft, &key(id)) {
            edit(&mut project);
            draft.put(Any::Project(project));
        }
    })
}

fn list(session: &Session, archived: bool) -> Result<(), Failure> {
    let snapshot = session.current();
    let mut projects: Vec<_> =
        snapshot.projects().filter(|project| project.archived || !archived).cloned().collect();
    projects.sort_by(|one, other| one.id.cmp(&other.id));
    let row = |project: &std::sync::Arc<Record>| Row {
        cells: vec![
            project.id.to_string(),
            project.name.clone(),
            listed(&project.aliases),
            if project.archived { "archived" } else { "" }.to_owned(),
            project.description.clone().unwrap_or_default().replace(['\n', '\t'], " "),
        ],
        document: document_of(&Any::Project(Record::clone(project))),
    };
    session
        .output
        .list(&["id", "name", "aliases", "state", "description"], projects.iter().map(row).collect())
}

fn show(session: &Session, id: &str) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    let Any::Project(project) = shown(state, &key(id))? else { return Ok(()) };
    let users: Vec<&str> = state
        .users()
        .filter(|user| state.projects_of_user(&user.login).is_some_and(|projects| projects.has(id)))
        .map(|user| &*user.login)
        .collect();
    let groups: Vec<&str> =
        state.groups().filter(|group| group.projects.has(id)).map(|group| &*group.id).collect();
    let fields = snapshot.all_fields().filter(|field| field.projects.has(id)).count();
    let mut objects: Vec<(String, usize)> = state
        .object_kinds()
        .map(|kind| {
            (
                kind.name.to_string(),
                state.objects_of(&kind.name).filter(|object| object.projects.has(id)).count(),
            )
        })
        .filter(|(_, count)| *count > 0)
        .collect();
    objects.sort();
    let lines = [
        ("id", project.id.to_string()),
        ("name", project.name.clone()),
        ("description", project.description.clone().unwrap_or_else(|| "–".to_owned())),
        ("aliases", listed(&project.aliases)),
        ("archived", if project.archived { "yes" } else { "no" }.to_owned()),
        ("users", users.len().to_string()),
        ("groups", listed(&groups)),
        ("fields", fields.to_string()),
        ("objects", listed(objects.iter().map(|(kind, count)| format!("{count} {kind}")))),
    ];
    let mut document = document_of(&Any::Project(project));
    let by_kind: serde_json::Map<String, Value> =
        objects.into_iter().map(|(kind, count)| (kind, count.into())).collect();
    document["holds"] =
        json!({ "users": users.len(), "groups": groups, "fields": fields, "objects": by_kind });
    session.output.one(&lines, &document)
}

fn key(id: &str) -> Key {
    Key::new(RecordKind::Project, id)
}
