//! What is not wrong in a directory, but worth knowing.

use std::sync::Arc;

use crate::model::{Key, RecordKind, Sections};
use crate::snapshot::Snapshot;

/// What a piece of advice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Topic {
    /// A field that no project uses, so that nobody sees it but those who see everything (D21).
    UnassignedField,
    /// A field that several projects share: what is written through one is seen in all (D20).
    SharedField,
    /// A user who was added to a project and still sees Default's things (D2).
    StillInDefault,
    /// A user who can call, but whose roles open no section, so that they see nothing (D12).
    NoSection,
}

/// Something that the project administrator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What it is about.
    pub topic: Topic,
    /// The field or user.
    pub key: Key,
    /// One sentence.
    pub message: String,
    /// Where the file declares the field or user, from 1. None where there is no file.
    pub line: Option<usize>,
}

/// The advice about a directory, in the order of the file, or else of the keys.
pub(crate) fn advise(snapshot: &Snapshot) -> Vec<Advice> {
    let state = snapshot.state();
    let mut advice = Vec::new();
    let mut note = |topic, key: Key, message| {
        let line = snapshot.line_of(&key);
        advice.push(Advice { topic, key, message, line });
    };
    for field in state.fields().flat_map(|(_, fields)| fields) {
        let key = || Key::field(Arc::clone(&field.kind), Arc::clone(&field.key));
        if field.is_unassigned() {
            let message = format!(
                "the {} field `{}` is in no project; nobody in a project sees it",
                field.kind, field.key
            );
            note(Topic::UnassignedField, key(), message);
        }
        if field.is_shared() {
            let message = format!(
                "the {} field `{}` is shared by {}; what is written in one is seen in all",
                field.kind,
                field.key,
                field.projects.join(", ")
            );
            note(Topic::SharedField, key(), message);
        }
    }
    let by_name = || state.projects().find(|project| project.name == "Default" || *project.id == *"default");
    let default = state.settings().default_project.as_ref().and_then(|id| state.project(id)).or_else(by_name);
    for (id, user) in snapshot.users() {
        let key = || Key::new(RecordKind::User, Arc::clone(&user.login));
        let projects = state.projects_of_user(&user.login).unwrap_or_default();
        if let Some(default) = default
            && projects.len() > 1
            && projects.has(&default.id)
        {
            let others: Vec<&str> =
                projects.iter().map(|id| &**id).filter(|id| *id != &*default.id).collect();
            let message = format!(
                "`{}` is in {} and still sees what is in {}; take them out of it when that is done",
                user.login,
                others.join(", "),
                default.name
            );
            note(Topic::StillInDefault, key(), message);
        }
        let sections = snapshot.scope(&id, None).map(|scope| scope.sections.clone());
        if sections == Ok(Sections::default()) && snapshot.can_call(user) {
            let message = format!(
                "`{}` can call, but has no role that opens a section, and so sees nothing",
                user.login
            );
            note(Topic::NoSection, key(), message);
        }
    }
    advice.sort_by(|one, other| (one.line, &one.key, one.topic).cmp(&(other.line, &other.key, other.topic)));
    advice
}
