//! Contact fields (D14–D18).

use cordon_directory::{Draft, Field, Key, Record, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::object::{take_away, unassigned};
use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::problem::Problem;
use crate::right::{Right, missing};
use crate::sight::Sight;
use crate::warning::Warning;

/// A contact field. Only its name is required (D14).
#[derive(Serialize, ToSchema)]
#[schema(as = Field)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldView {
    /// The kind of record it belongs to; `contact`, if left out. It never changes.
    #[schema(required = false)]
    pub kind: String,
    /// What the backend's records call it; the name, if left out. It never changes.
    #[schema(required = false)]
    pub key: String,
    /// What people call it.
    pub name: String,
    /// The projects that use it, as far as the caller sees them.
    #[schema(required = false)]
    pub projects: Vec<String>,
    /// In every project, and so given to none (D16).
    #[schema(required = false)]
    pub system: bool,
    /// Masked for whoever lacks `see-masked-fields` (D18).
    #[schema(required = false)]
    pub hidden: bool,
    /// No two records share a value of it (D17).
    #[schema(required = false)]
    pub unique: bool,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

impl Resource for Field {
    type View = FieldView;

    const NOUN: Noun = noun!("field");
    const READ: &'static [Right] = &[Right::SeeFields, Right::ManageFields];
    const WRITE: &'static [Right] = &[Right::ManageFields];

    fn find(state: &State, key: &Key) -> Option<Field> {
        state.field(&key.of, &key.id).map(|field| Field::clone(field))
    }

    fn is_seen(&self, sight: &Sight) -> bool {
        self.system || sight.shows(&self.projects)
    }

    fn is_writable(&self, sight: &Sight) -> bool {
        // A system field is in every project, also in those of others.
        !self.system || sight.everything()
    }

    fn view(&self, sight: &Sight) -> FieldView {
        FieldView {
            kind: self.kind.to_string(),
            key: self.key.to_string(),
            name: self.name.clone(),
            projects: sight.seen(&self.projects),
            system: self.system,
            hidden: self.hidden,
            unique: self.unique,
            warnings: Vec::new(),
        }
    }

    fn read(body: &mut Members, key: Option<&Key>, before: Option<&Field>, sight: &Sight) -> Field {
        let name = body.required("name");
        let (kind, own) = match key {
            Some(key) => (body.identity("kind", Some(&key.of)), body.identity("key", Some(&key.id))),
            None => {
                let kind = body.text("kind").unwrap_or_else(|| Field::new("").kind.to_string());
                (kind, body.text("key").unwrap_or_else(|| name.clone()))
            }
        };
        let system = body.flag("system");
        if system && !sight.everything() {
            body.needs_everything("system");
        }
        // A system field lands in no project, because it is in every one (D16).
        let projects = match before {
            None if system => body.texts("projects").unwrap_or_default().into_iter().collect(),
            before => body.projects(before.map(|before| &*before.projects), sight),
        };
        Field {
            kind: kind.into(),
            key: own.into(),
            name,
            projects,
            system,
            hidden: body.flag("hidden"),
            unique: body.flag("unique"),
        }
    }

    fn record(self) -> Record {
        Record::Field(self)
    }

    fn check(before: Option<&Field>, after: Option<&Field>, sight: &Sight) -> Result<(), Problem> {
        // Taking the mask off shows the values to everybody: nobody does so who may not see them (D13, D18).
        let is_hidden = |field: Option<&Field>| field.is_some_and(|field| field.hidden);
        if is_hidden(before) && !is_hidden(after) && !sight.has(Right::SeeMaskedFields) {
            return Err(missing(&[Right::SeeMaskedFields]));
        }
        Ok(())
    }

    fn remove(&self, key: &Key, draft: &mut Draft, sight: &Sight) {
        take_away(key, &self.projects, draft, sight);
    }

    fn warnings(&self, sight: &Sight) -> Vec<Warning> {
        let seen = sight.seen(&self.projects);
        let mut warnings = Vec::new();
        if seen.len() > 1 && !self.system {
            let detail = format!(
                "The {} field `{}` is shared by {}: a change made through one is seen in all (D20).",
                self.kind,
                self.key,
                seen.join(", ")
            );
            warnings.push(Warning::new("shared-field", detail));
        }
        if !self.system {
            let what = format!("The {} field `{}`", self.kind, self.key);
            warnings.extend(unassigned(&what, &self.projects, sight));
        }
        warnings
    }

    fn location(key: &Key) -> String {
        format!("/fields/{}/{}", part(&key.of), part(&key.id))
    }
}
