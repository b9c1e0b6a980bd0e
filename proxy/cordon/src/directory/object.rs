//! `cordon directory object`.

use std::sync::Arc;

use clap::{Args, Subcommand};
use cordon_directory::{Key, Object as Record, Record as Any, RecordKind};

use super::output::{Row, document_of, listed};
use super::session::{Session, found, shown};
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Object {
    /// Objects.
    List(List),
    /// Make an object known.
    Add {
        /// Its type: `queue`, `script`…
        #[arg(value_name = "TYPE")]
        kind: String,
        /// What the backend calls it.
        id: String,
        /// What people call it.
        #[arg(long)]
        name: Option<String>,
        #[arg(long = "project", value_name = "ID")]
        projects: Vec<String>,
    },
    /// Give an object another name.
    Rename {
        #[arg(value_name = "TYPE")]
        kind: String,
        id: String,
        name: String,
    },
    /// Put an object into projects. Queues, scripts, autodialers and forms are in one at the most (D6).
    Assign {
        #[arg(value_name = "TYPE")]
        kind: String,
        id: String,
        #[arg(required = true, value_name = "PROJECT")]
        projects: Vec<String>,
    },
    /// Take an object out of projects.
    Unassign {
        #[arg(value_name = "TYPE")]
        kind: String,
        id: String,
        #[arg(required = true, value_name = "PROJECT")]
        projects: Vec<String>,
    },
    /// Forget an object. Records that still name it are nobody's then.
    Remove {
        #[arg(value_name = "TYPE")]
        kind: String,
        id: String,
    },
}

#[derive(Args)]
pub(super) struct List {
    /// Those of this type.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Those in this project.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// Those in no project.
    #[arg(long)]
    unassigned: bool,
    /// Those that the backend's lists no longer have.
    #[arg(long)]
    gone: bool,
}

impl Object {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Object::List(list) => list.run(session),
            Object::Add { kind, id, name, projects } => session.change("add object", |draft| {
                let name = name.map(Into::into);
                let projects = projects.into_iter().collect();
                draft.create(Any::Object(Record { name, projects, ..Record::new(&kind, &id) }));
            }),
            Object::Rename { kind, id, name } => session.change("rename object", |draft| {
                if let Some(Any::Object(object)) = found(draft, &key(&kind, &id)) {
                    draft.put(Any::Object(Record { name: Some(name.into()), ..object }));
                }
            }),
            Object::Assign { kind, id, projects } => session.change("assign object", |draft| {
                projects.iter().for_each(|project| draft.join(&key(&kind, &id), project));
            }),
            Object::Unassign { kind, id, projects } => session.change("unassign object", |draft| {
                projects.iter().for_each(|project| draft.leave(&key(&kind, &id), project));
            }),
            Object::Remove { kind, id } => {
                session.change("remove object", |draft| draft.remove(&key(&kind, &id)))
            }
        }
    }
}

impl List {
    fn run(self, session: &Session) -> Result<(), Failure> {
        let snapshot = session.current();
        let state = snapshot.state();
        if let Some(kind) = &self.kind {
            shown(state, &Key::new(RecordKind::ObjectKind, kind.as_str()))?;
        }
        if let Some(project) = &self.project {
            shown(state, &Key::new(RecordKind::Project, project.as_str()))?;
        }
        let is_asked = |object: &&Arc<Record>| {
            self.kind.as_ref().is_none_or(|kind| *object.kind == **kind)
                && self.project.as_ref().is_none_or(|id| object.projects.has(id))
                && (!self.unassigned || object.projects.is_empty())
                && (!self.gone || object.gone)
        };
        let mut objects: Vec<&Arc<Record>> = state.objects().filter(is_asked).collect();
        objects.sort_by(|one, other| (&one.kind, &one.id).cmp(&(&other.kind, &other.id)));
        let row = |object: &&Arc<Record>| Row {
            cells: vec![
                object.kind.to_string(),
                object.id.to_string(),
                object.name.as_deref().unwrap_or("–").to_owned(),
                listed(object.projects.iter()),
                if object.gone { "gone" } else { "" }.to_owned(),
            ],
            document: document_of(&Any::Object(Record::clone(object))),
        };
        session.output.list(&["type", "id", "name", "projects", "is"], objects.iter().map(row).collect())
    }
}

fn key(kind: &str, id: &str) -> Key {
    Key::object(kind, id)
}
