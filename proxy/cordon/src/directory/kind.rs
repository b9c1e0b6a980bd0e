//! `cordon directory kind`.

use std::sync::Arc;

use clap::Subcommand;
use cordon_directory::{Key, ObjectKind, Record as Any, RecordKind};
use serde_json::json;

use super::output::{Row, document_of};
use super::session::Session;
use crate::Failure;

#[derive(Subcommand)]
pub(super) enum Kind {
    /// Kinds of object, those that are always there among them (D4).
    List,
    /// Make a kind of object. It never changes.
    Create {
        name: String,
        /// An object of the kind is in one project at the most (D6).
        #[arg(long)]
        single_project: bool,
    },
    /// Take a kind away of which there are no objects.
    Remove { name: String },
}

impl Kind {
    pub(super) fn run(self, session: &Session) -> Result<(), Failure> {
        match self {
            Kind::List => list(session),
            Kind::Create { name, single_project } => session.change("create kind of object", |draft| {
                draft.create(Any::ObjectKind(ObjectKind { name: name.into(), single_project }));
            }),
            Kind::Remove { name } => session.change("remove kind of object", |draft| {
                draft.remove(&Key::new(RecordKind::ObjectKind, name));
            }),
        }
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let snapshot = session.current();
    let state = snapshot.state();
    let mut kinds: Vec<&Arc<ObjectKind>> = state.object_kinds().collect();
    kinds.sort_by(|one, other| one.name.cmp(&other.name));
    let row = |kind: &&Arc<ObjectKind>| {
        let objects = state.objects_of(&kind.name).count();
        let mut document = document_of(&Any::ObjectKind(ObjectKind::clone(kind)));
        document["objects"] = json!(objects);
        let projects = if kind.single_project { "one at the most" } else { "any number" };
        Row { cells: vec![kind.name.to_string(), projects.to_owned(), objects.to_string()], document }
    };
    session.output.list(&["name", "projects", "objects"], kinds.iter().map(row).collect())
}
