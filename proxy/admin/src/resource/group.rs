//! Groups of users (D4).

use cordon_directory::{Group, Key, Record, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::right::Right;
use crate::sight::Sight;
use crate::warning::Warning;

/// A group of users, who are all in its projects.
#[derive(Serialize, ToSchema)]
#[schema(as = Group)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupView {
    /// It never changes.
    #[schema(required = false)]
    pub id: String,
    /// What people call it. No two groups have the same.
    pub name: String,
    /// What the backend's records call it; shown to those who see everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub aliases: Option<Vec<String>>,
    /// Its projects, as far as the caller sees them.
    #[schema(required = false)]
    pub projects: Vec<String>,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl Resource for Group {
    type View = GroupView;

    const NOUN: Noun = noun!("group");
    const READ: &'static [Right] = &[Right::ManageAccess, Right::SeeEverything];
    const WRITE: &'static [Right] = &[Right::Administrator];

    fn find(state: &State, key: &Key) -> Option<Group> {
        state.group(&key.id).map(|group| Group::clone(group))
    }

    fn is_seen(&self, sight: &Sight) -> bool {
        sight.shows(&self.projects)
    }

    fn view(&self, sight: &Sight) -> GroupView {
        let aliases = || self.aliases.iter().map(ToString::to_string).collect();
        GroupView {
            id: self.id.to_string(),
            name: self.name.clone(),
            aliases: sight.everything().then(aliases),
            projects: sight.seen(&self.projects),
            warnings: Vec::new(),
        }
    }

    fn read(body: &mut Members, key: Option<&Key>, before: Option<&Group>, sight: &Sight) -> Group {
        Group {
            id: body.identity("id", key.map(|key| &*key.id)).into(),
            name: body.required("name"),
            aliases: body.texts("aliases").unwrap_or_default(),
            projects: body.projects(before.map(|before| &*before.projects), sight),
        }
    }

    fn record(self) -> Record {
        Record::Group(self)
    }

    fn location(key: &Key) -> String {
        format!("/groups/{}", part(&key.id))
    }
}
