//! What is not wrong in a directory, but worth knowing.

use std::sync::Arc;

use crate::edit::Change;
use crate::model::{Field, Key, Project, Record, RecordKind, Sections};
use crate::snapshot::Snapshot;
use crate::state::State;

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
            note(Topic::SharedField, key(), shared(field));
        }
    }
    let default = default_project(state);
    for (id, user) in snapshot.users() {
        let key = || Key::new(RecordKind::User, Arc::clone(&user.login));
        if let Some(message) = default.and_then(|default| still_in_default(state, default, &user.login)) {
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

impl Advice {
    /// What whoever made these changes should know of what came of them: fields that they shared (D20), and users whom
    /// they put into a project and who still see what is in Default (D2). `state` is the directory after them.
    pub fn of_changes(state: &State, changes: &[Change]) -> Vec<Advice> {
        let mut advice = Vec::new();
        let default = default_project(state);
        for Change { key, before, after } in changes {
            let before = before.as_ref().map(Record::projects).unwrap_or_default();
            let Some(after) = after else { continue };
            let mut gained = after.projects().iter().filter(|id| !before.contains(id)).peekable();
            if gained.peek().is_none() {
                continue;
            }
            let (topic, message) = match (after, default) {
                (Record::Field(field), _) if field.is_shared() => (Topic::SharedField, Some(shared(field))),
                (Record::User(user), Some(default)) if gained.any(|id| *id != default.id) => {
                    (Topic::StillInDefault, still_in_default(state, default, &user.login))
                }
                (Record::Group(group), Some(default)) if gained.any(|id| *id != default.id) => {
                    let members = state.users().filter(|user| user.groups.contains(&group.id));
                    let still = members.filter(|user| user.projects.has(&default.id)).count();
                    let message = format!(
                        "{still} member(s) of `{}` still see what is in {}; take them out of it when that is done",
                        group.id, default.name
                    );
                    (Topic::StillInDefault, (still > 0).then_some(message))
                }
                _ => continue,
            };
            advice.extend(message.map(|message| Advice { topic, key: key.clone(), message, line: None }));
        }
        advice
    }
}

/// The project that the switch to enhanced made, or that people made in its place.
fn default_project(state: &State) -> Option<&Arc<Project>> {
    let by_name = || state.projects().find(|project| project.name == "Default" || *project.id == *"default");
    state.settings().default_project.as_ref().and_then(|id| state.project(id)).or_else(by_name)
}

fn shared(field: &Field) -> String {
    format!(
        "the {} field `{}` is shared by {}; what is written in one is seen in all",
        field.kind,
        field.key,
        field.projects.join(", ")
    )
}

/// What to say of a user who is in Default and elsewhere.
fn still_in_default(state: &State, default: &Project, login: &str) -> Option<String> {
    let projects = state.projects_of_user(login).unwrap_or_default();
    if projects.len() < 2 || !projects.has(&default.id) {
        return None;
    }
    let others: Vec<&str> = projects.iter().map(|id| &**id).filter(|id| *id != &*default.id).collect();
    Some(format!(
        "`{login}` is in {} and still sees what is in {}; take them out of it when that is done",
        others.join(", "),
        default.name
    ))
}
