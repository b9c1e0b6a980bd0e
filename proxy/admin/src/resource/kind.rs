//! Kinds of object (D4, D6).

use cordon_directory::{Key, ObjectKind, Record, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::right::Right;
use crate::sight::Sight;
use crate::warning::Warning;

/// A kind of object. It never changes.
#[derive(Serialize, ToSchema)]
#[schema(as = ObjectKind)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectKindView {
    /// `queue`, `script`…
    #[schema(required = false)]
    pub name: String,
    /// Whether an object of the kind is in one project at the most (D6).
    #[schema(required = false)]
    pub single_project: bool,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl Resource for ObjectKind {
    type View = ObjectKindView;

    const NOUN: Noun = noun!("object kind");
    const READ: &'static [Right] = &[Right::ManageProjects, Right::SeeEverything];
    const WRITE: &'static [Right] = &[Right::Administrator];

    fn find(state: &State, key: &Key) -> Option<ObjectKind> {
        state.object_kind(&key.id).map(|kind| ObjectKind::clone(kind))
    }

    fn view(&self, _: &Sight) -> ObjectKindView {
        let (name, single_project) = (self.name.to_string(), self.single_project);
        ObjectKindView { name, single_project, warnings: Vec::new() }
    }

    fn read(body: &mut Members, key: Option<&Key>, _: Option<&ObjectKind>, _: &Sight) -> ObjectKind {
        let name = body.identity("name", key.map(|key| &*key.id)).into();
        ObjectKind { name, single_project: body.flag("single_project") }
    }

    fn record(self) -> Record {
        Record::ObjectKind(self)
    }

    fn location(key: &Key) -> String {
        format!("/object-kinds/{}", part(&key.id))
    }
}
