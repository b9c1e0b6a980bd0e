//! `cordon directory field`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use cordon_directory::{Draft, Field as Record, Key, Record as Any};

use super::output::{Row, document_of, listed};
use super::session::{Session, found};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Field {
    /// Contact fields (D21).
    List(List),
    /// Make a field (D14).
    Create(Create),
    /// Change what a field is called, or whether its values are unique.
    Edit {
        key: String,
        #[command(flatten)]
        of: Of,
        #[arg(long)]
        name: Option<String>,
        /// No two records may share a value (D17).
        #[arg(long, conflicts_with = "not_unique")]
        unique: bool,
        #[arg(long)]
        not_unique: bool,
    },
    /// Let projects use a field.
    Assign {
        key: String,
        #[arg(required = true, value_name = "PROJECT")]
        projects: Vec<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Take a field from projects.
    Unassign {
        key: String,
        #[arg(required = true, value_name = "PROJECT")]
        projects: Vec<String>,
        #[command(flatten)]
        of: Of,
    },
    /// Mask a field for whoever lacks the right to see masked ones (D18).
    Hide {
        key: String,
        #[command(flatten)]
        of: Of,
    },
    /// Mask a field no longer.
    Show {
        key: String,
        #[command(flatten)]
        of: Of,
    },
    /// Take a field away: nobody sees it any more.
    Remove {
        key: String,
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Args)]
pub(super) struct List {
    /// Those that no project uses, and so nobody in a project sees.
    #[arg(long)]
    unassigned: bool,
    /// Those of several projects (D20).
    #[arg(long)]
    shared: bool,
    /// Masked ones.
    #[arg(long)]
    hidden: bool,
    /// Those that people in this project see, system fields among them.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Those of this kind of record.
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
}

#[derive(Args)]
pub(super) struct Create {
    /// What people call it.
    name: String,
    /// What the backend's records call it; the name, if it is left out.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    of: Of,
    #[arg(long = "project", value_name = "ID")]
    projects: Vec<String>,
    /// In every project, and never changed (D16).
    #[arg(long, conflicts_with = "projects")]
    system: bool,
    /// Masked for whoever lacks the right to see masked ones (D18).
    #[arg(long)]
    hidden: bool,
    /// No two records may share a value (D17).
    #[arg(long)]
    unique: bool,
}

/// The kind of record that a field belongs to.
#[derive(Args)]
pub(super) struct Of {
    /// The kind of record that the field belongs to.
    #[arg(long, default_value = "contact", value_name = "KIND")]
    kind: String,
}

impl Of {
    fn key(&self, key: &str) -> Key {
        Key::field(self.kind.as_str(), key)
    }
}

impl Field {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Field::List(list) => list.run(session),
            Field::Create(create) => session.change("create field", |draft| {
                let key = create.key.unwrap_or_else(|| create.name.clone());
                draft.create(Any::Field(Record {
                    kind: create.of.kind.into(),
                    key: key.into(),
                    projects: create.projects.into_iter().collect(),
                    system: create.system,
                    hidden: create.hidden,
                    unique: create.unique,
                    ..Record::new(&create.name)
                }));
            }),
            Field::Edit { key, of, name, unique, not_unique } => {
                edit(session, "edit field", &of.key(&key), |field| {
                    if let Some(name) = name {
                        field.name = name;
                    }
                    field.unique = unique || (field.unique && !not_unique);
                })
            }
            Field::Assign { key, projects, of } => session.change("assign field", |draft| {
                projects.iter().for_each(|project| draft.join(&of.key(&key), project));
            }),
            Field::Unassign { key, projects, of } => session.change("unassign field", |draft| {
                projects.iter().for_each(|project| draft.leave(&of.key(&key), project));
            }),
            Field::Hide { key, of } => {
                edit(session, "hide field", &of.key(&key), |field| field.hidden = true)
            }
            Field::Show { key, of } => {
                edit(session, "show field", &of.key(&key), |field| field.hidden = false)
            }
            Field::Remove { key, of } => session.change("remove field", |draft| draft.remove(&of.key(&key))),
        }
    }
}

impl List {
    fn run(self, session: &Session) -> Result<(), Failure> {
        let snapshot = session.current();
        if let Some(project) = &self.project {
            super::session::shown(
                snapshot.state(),
                &Key::new(cordon_directory::RecordKind::Project, project.as_str()),
            )?;
        }
        let is_asked = |field: &&Arc<Record>| {
            (!self.unassigned || field.is_unassigned())
                && (!self.shared || field.is_shared())
                && (!self.hidden || field.hidden)
                && self.project.as_ref().is_none_or(|id| field.system || field.projects.has(id))
                && self.kind.as_ref().is_none_or(|kind| *field.kind == **kind)
        };
        let mut fields: Vec<Arc<Record>> = snapshot.all_fields().filter(is_asked).cloned().collect();
        fields.sort_by(|one, other| (&one.kind, &one.key).cmp(&(&other.kind, &other.key)));
        let row = |field: &Arc<Record>| {
            let flags = [("system", field.system), ("hidden", field.hidden), ("unique", field.unique)];
            let flags: Vec<&str> = flags.into_iter().filter(|(_, set)| *set).map(|(name, _)| name).collect();
            let projects = if field.system { "all".to_owned() } else { listed(field.projects.iter()) };
            Row {
                cells: vec![
                    field.kind.to_string(),
                    field.key.to_string(),
                    field.name.clone(),
                    projects,
                    flags.join(", "),
                ],
                document: document_of(&Any::Field(Record::clone(field))),
            }
        };
        session.output.list(&["kind", "key", "name", "projects", "is"], fields.iter().map(row).collect())
    }
}

fn edit(
    session: &Session,
    action: &str,
    key: &Key,
    edit: impl FnOnce(&mut Record) + Send,
) -> Result<(), Failure> {
    session.change(action, |draft: &mut Draft| {
        if let Some(Any::Field(mut field)) = found(draft, key) {
            edit(&mut field);
            draft.put(Any::Field(field));
        }
    })
}
