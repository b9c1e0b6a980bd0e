//! Objects as the backend lists them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::edit::Draft;
use crate::model::{Key, Object, Projects, Record};
use crate::state::Rule;

/// All objects of a kind that the backend has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// `queue`, `script`…
    pub kind: String,
    /// What was listed. The same twice is once: pages shift while they are read.
    pub objects: Vec<Listed>,
    /// Where new ones go that name no project.
    pub land: Landing,
    /// Whether it may be that there are none where there were some.
    pub allow_empty: bool,
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What the backend calls it.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// Its project, by id or alias.
    pub project: Option<String>,
}

/// Where new objects go that name no project (D27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Into the project that the switch to enhanced made (D1), where all who were there before see them.
    Default,
    /// Into none, so that nobody in a project sees them until somebody assigns them.
    Unassigned,
}

/// What an administrator should look at after a listing was taken in: an object that did not go where it was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The object.
    pub key: Key,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

impl Listing {
    /// Adds what is new, gives the names that are listed, marks as gone what is not listed any more, and brings back
    /// what is listed again. Nothing is taken away, and what is there keeps its projects: those are the directory's to
    /// say. What is against the rules is refused in the draft.
    pub fn apply(&self, draft: &mut Draft) -> Vec<Remark> {
        let mut remarks = Vec::new();
        let Some(listed) = self.by_id(draft) else { return remarks };
        let there: Vec<Arc<Object>> = draft.state().objects_of(&self.kind).map(Arc::clone).collect();
        let present = there.iter().filter(|object| !object.gone).count();
        if listed.is_empty() && present > 0 && !self.allow_empty {
            let key = Key::object(self.kind.as_str(), "");
            let message = format!("the list has none, where there are {present}");
            let help = "if they are really gone, say so with --allow-empty";
            draft.refuse(Rule::Missing, &key, "", message, help);
            return remarks;
        }
        for object in there.iter().filter(|object| !object.gone && !listed.contains_key(&*object.id)) {
            draft.put(Record::Object(Object { gone: true, ..Object::clone(object) }));
        }
        let mut sorted: Vec<&Listed> = listed.into_values().collect();
        sorted.sort_by(|one, other| one.id.cmp(&other.id));
        for listed in sorted {
            self.take_in(listed, draft, &mut remarks);
        }
        remarks
    }

    /// What is listed, by id. None if one id is listed as two things: which of them is right, nobody knows.
    fn by_id(&self, draft: &mut Draft) -> Option<HashMap<&str, &Listed>> {
        let mut listed: HashMap<&str, &Listed> = HashMap::with_capacity(self.objects.len());
        let mut clear = true;
        for object in &self.objects {
            match listed.insert(&object.id, object) {
                Some(earlier) if earlier != object => {
                    let key = Key::object(self.kind.as_str(), object.id.as_str());
                    let message = "it is listed twice, with another name or project";
                    draft.refuse(Rule::Twice, &key, "id", message, "ask again, or repair the backend's list");
                    clear = false;
                }
                _ => {}
            }
        }
        clear.then_some(listed)
    }

    fn take_in(&self, listed: &Listed, draft: &mut Draft, remarks: &mut Vec<Remark>) {
        let key = Key::object(self.kind.as_str(), listed.id.as_str());
        let there = draft.state().object(&self.kind, &listed.id).cloned();
        let is_new = there.is_none();
        let there = there.map_or_else(|| Object::new(&self.kind, &listed.id), |there| Object::clone(&there));
        let mut object = Object { gone: false, ..there };
        let mut remark = |message: String| remarks.push(Remark { key: key.clone(), message });
        if is_new {
            object.projects = self.landing(listed, draft, &mut remark);
        }
        if let Some(name) = listed.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            let named = Object { name: Some(name.into()), ..object.clone() };
            // People's names for things are sometimes no names; that is no reason to have no list.
            let violations = draft.state().check(&Record::Object(named.clone()));
            match violations.iter().find(|violation| violation.property == "name") {
                Some(violation) => remark(format!("its name is not taken: {}", violation.message)),
                None => object = named,
            }
        }
        if is_new || draft.state().object(&self.kind, &listed.id).is_none_or(|there| **there != object) {
            draft.put(Record::Object(object));
        }
    }

    /// The projects of a new object. Where it cannot go where it should, it goes where nobody sees it.
    fn landing(&self, listed: &Listed, draft: &Draft, remark: &mut dyn FnMut(String)) -> Projects {
        let state = draft.state();
        let open = |id: &str| state.project(id).is_some_and(|project| !project.archived);
        if let Some(named) = listed.project.as_deref() {
            let found = state.projects_of("project", named).unwrap_or_default();
            return match found.first() {
                Some(id) if open(id) => found,
                Some(id) => {
                    remark(format!("its project `{id}` is archived; it is in none"));
                    Projects::default()
                }
                None => {
                    remark(format!("no project is called `{}`; it is in none", named.escape_debug()));
                    Projects::default()
                }
            };
        }
        match (self.land, &state.settings().default_project) {
            (Landing::Unassigned, _) => Projects::default(),
            (Landing::Default, Some(id)) if open(id) => Projects::one(id),
            (Landing::Default, _) => {
                remark("there is no project Default; it is in none".to_owned());
                Projects::default()
            }
        }
    }
}
