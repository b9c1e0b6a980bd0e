//! Projects (D3).

use std::sync::Arc;

use cordon_directory::{Draft, Key, Project, Record, RecordKind, State};
use http::StatusCode;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::problem::Problem;
use crate::right::{Right, missing};
use crate::sight::Sight;
use crate::warning::Warning;

/// A project: to those who may list projects, its tile (D10).
#[derive(Serialize, ToSchema)]
#[schema(as = Project)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectView {
    /// It never changes. When a project is created without one, it is made of the name: compatibility composition
    /// (NFKC), lower case, letters and digits kept, whatever is between them one dash.
    #[schema(required = false)]
    pub id: String,
    /// What people call it. No two projects have the same.
    pub name: String,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// What the backend's records call it; shown to those who see everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub aliases: Option<Vec<String>>,
    /// Its work is over: nobody is in it any more for what they may see, and nothing is added to it.
    #[schema(required = false)]
    pub archived: bool,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl Resource for Project {
    type View = ProjectView;

    const NOUN: Noun = noun!("project");
    const READ: &'static [Right] =
        &[Right::ListProjects, Right::ManageProjects, Right::ManageAccess, Right::SeeEverything];
    const WRITE: &'static [Right] = &[Right::ManageProjects];

    fn find(state: &State, key: &Key) -> Option<Project> {
        state.project(&key.id).map(|project| Project::clone(project))
    }

    fn is_seen(&self, sight: &Sight) -> bool {
        sight.lists(&self.id)
    }

    fn is_writable(&self, sight: &Sight) -> bool {
        sight.reaches(&self.id)
    }

    fn view(&self, sight: &Sight) -> ProjectView {
        let aliases = || self.aliases.iter().map(ToString::to_string).collect();
        ProjectView {
            id: self.id.to_string(),
            name: self.name.clone(),
            description: self.description.clone(),
            aliases: sight.everything().then(aliases),
            archived: self.archived,
            warnings: Vec::new(),
        }
    }

    fn read(body: &mut Members, key: Option<&Key>, before: Option<&Project>, sight: &Sight) -> Project {
        let name = body.required("name");
        let id = match key {
            Some(key) => body.identity("id", Some(&key.id)),
            None => body.text("id").unwrap_or_else(|| id_of(&name)),
        };
        Project {
            id: id.into(),
            description: body.text("description"),
            // Whoever names a project of the backend sees its records: that is for those who see all of them.
            aliases: body.wiring("aliases", before.map(|before| &*before.aliases), sight),
            archived: body.flag("archived"),
            name,
        }
    }

    fn record(self) -> Record {
        Record::Project(self)
    }

    fn check(_: Option<&Project>, after: Option<&Project>, sight: &Sight) -> Result<(), Problem> {
        // D10 has projects created and edited. What takes things out of their projects wants to see them.
        if after.is_none() && !sight.everything() { Err(missing(&[Right::SeeEverything])) } else { Ok(()) }
    }

    fn created(&self, draft: &mut Draft, sight: &Sight) {
        // Whoever cannot see into it otherwise could do nothing with it.
        if !sight.everything() && draft.state().project(&self.id).is_some() && !self.archived {
            draft.join(&Key::new(RecordKind::User, sight.login()), &self.id);
        }
    }

    fn location(key: &Key) -> String {
        format!("/projects/{}", part(&key.id))
    }
}

/// The project of a path into which the caller may see, or an answer that does not tell it from none.
pub(crate) fn project_in_reach(sight: &Sight, id: &str) -> Result<Arc<Project>, Problem> {
    let project = sight.state().project(id).filter(|_| sight.lists(id)).ok_or_else(Problem::not_found)?;
    if sight.reaches(id) {
        return Ok(Arc::clone(project));
    }
    let detail = "You see that the project is there, but not into it: you are not in it, or it is archived. \
                  It needs the right `see-everything`.";
    Err(Problem::new(StatusCode::FORBIDDEN, "right-missing", detail))
}

/// The id of a project that is created without one.
fn id_of(name: &str) -> String {
    let mut id = String::new();
    for character in name.nfkc().flat_map(char::to_lowercase) {
        if id.len() >= 64 {
            break;
        }
        if character.is_alphanumeric() {
            id.push(character);
        } else if !id.ends_with('-') && !id.is_empty() {
            id.push('-');
        }
    }
    id.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_of_names() {
        for (name, id) in [
            ("Acme", "acme"),
            ("  Acme & Söhne, GmbH ", "acme-söhne-gmbh"),
            ("Займы по телефону", "займы-по-телефону"),
            ("И\u{306}од", "йод"),
            ("İşlem", "i\u{307}şlem"),
            ("№ 7", "no-7"),
            ("!!!", ""),
        ] {
            let made = id_of(name);
            // A dotted capital becomes two characters in lower case, of which the second is no letter.
            let id = id.replace('\u{307}', "-");
            assert_eq!(made, id, "{name}");
        }
        assert!(id_of(&"ä".repeat(1000)).len() <= 66);
    }
}
