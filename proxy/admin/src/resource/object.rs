//! Objects (D4, D6).

use std::sync::Arc;

use cordon_directory::{Draft, Key, Object, Record, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::right::Right;
use crate::sight::Sight;
use crate::warning::Warning;

/// A queue, a script, an autodialer… as the backend knows it.
#[derive(Serialize, ToSchema)]
#[schema(as = Object)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectView {
    /// `queue`, `script`… one of `/object-kinds`. It never changes.
    #[schema(required = false)]
    pub kind: String,
    /// What the backend calls it. Unique within the kind; it never changes.
    #[schema(required = false)]
    pub id: String,
    /// What people call it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name: Option<String>,
    /// The projects it is in, as far as the caller sees them.
    #[schema(required = false)]
    pub projects: Vec<String>,
    /// The backend's lists no longer have it.
    #[schema(required = false)]
    pub gone: bool,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl Resource for Object {
    type View = ObjectView;

    const NOUN: Noun = noun!("object");
    const READ: &'static [Right] = &[Right::ManageProjects, Right::SeeEverything];
    const WRITE: &'static [Right] = &[Right::ManageProjects];

    fn find(state: &State, key: &Key) -> Option<Object> {
        state.object(&key.of, &key.id).map(|object| Object::clone(object))
    }

    fn is_seen(&self, sight: &Sight) -> bool {
        sight.shows(&self.projects)
    }

    fn view(&self, sight: &Sight) -> ObjectView {
        ObjectView {
            kind: self.kind.to_string(),
            id: self.id.to_string(),
            name: self.name.as_deref().map(str::to_owned),
            projects: sight.seen(&self.projects),
            gone: self.gone,
            warnings: Vec::new(),
        }
    }

    fn read(body: &mut Members, key: Option<&Key>, before: Option<&Object>, sight: &Sight) -> Object {
        Object {
            kind: body.identity("kind", key.map(|key| &*key.of)).into(),
            id: body.identity("id", key.map(|key| &*key.id)).into(),
            name: body.text("name").map(Into::into),
            projects: body.projects(before.map(|before| &*before.projects), sight),
            gone: body.flag("gone"),
        }
    }

    fn record(self) -> Record {
        Record::Object(self)
    }

    fn remove(&self, key: &Key, draft: &mut Draft, sight: &Sight) {
        take_away(key, &self.projects, draft, sight);
    }

    fn warnings(&self, sight: &Sight) -> Vec<Warning> {
        unassigned(&format!("The {} `{}`", self.kind, self.id), &self.projects, sight).into_iter().collect()
    }

    fn location(key: &Key) -> String {
        format!("/objects/{}/{}", part(&key.of), part(&key.id))
    }
}

/// Says of what is in no project that nobody in a project sees it (D21). Whoever does not see everything is told of
/// their own projects only, the same whether it is in others or not (D22).
pub(crate) fn unassigned(what: &str, projects: &[Arc<str>], sight: &Sight) -> Option<Warning> {
    let detail = if sight.everything() {
        projects.is_empty().then(|| format!("{what} is in no project: nobody in a project sees it (D21)."))
    } else {
        let is_theirs = !sight.seen(projects).is_empty();
        (!is_theirs).then(|| format!("{what} is in none of your projects: you do not see it any more."))
    };
    detail.map(|detail| Warning::new("unassigned", detail))
}

/// Takes something out of the projects that the caller sees, and away altogether if it is in no others. So removing
/// harms nobody else, and its answer does not tell whether there are others (D22).
pub(crate) fn take_away(key: &Key, projects: &[Arc<str>], draft: &mut Draft, sight: &Sight) {
    let (seen, others): (Vec<_>, Vec<_>) = projects.iter().partition(|id| sight.reaches(id));
    if others.is_empty() || sight.everything() {
        return draft.remove(key);
    }
    for id in seen {
        draft.leave(key, id);
    }
}
