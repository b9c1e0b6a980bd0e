//! Roles (D10–D13).

use cordon_directory::{Key, Record, Rights, Role, Sections, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Noun, Resource, noun, part};
use crate::members::Members;
use crate::problem::Fault;
use crate::right::Right;
use crate::sight::Sight;
use crate::warning::Warning;

/// What some users may do and see.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleView {
    /// It never changes.
    #[schema(required = false)]
    pub name: String,
    /// The rights it grants: `see-everything`, `list-projects`, `manage-access`, `manage-projects`,
    /// `see-masked-fields`, `manage-fields`, `see-fields`.
    #[schema(required = false, value_type = Vec<String>)]
    pub rights: Vec<&'static str>,
    /// The sections it opens (D12).
    #[schema(required = false)]
    pub sections: SectionsView,
    /// Whether it is the role Admin, which is always there and stays as it is (D11).
    #[schema(required = false, read_only)]
    pub built_in: bool,
    /// What to know about what was just written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, read_only)]
    pub warnings: Vec<Warning>,
}

/// Sections: the word `all`, or the list of their names.
#[derive(Serialize, ToSchema)]
#[schema(as = Sections)]
#[serde(untagged)]
pub(crate) enum SectionsView {
    /// Every section, also those of tomorrow.
    Every(EverySection),
    /// Those named.
    These(Vec<String>),
}

/// The word that opens every section.
#[derive(Serialize, ToSchema)]
pub(crate) enum EverySection {
    /// Every section.
    #[serde(rename = "all")]
    All,
}

impl From<&Sections> for SectionsView {
    fn from(sections: &Sections) -> SectionsView {
        match sections {
            Sections::All => SectionsView::Every(EverySection::All),
            Sections::These(names) => SectionsView::These(names.clone()),
        }
    }
}

impl Resource for Role {
    type View = RoleView;

    const NOUN: Noun = noun!("role");
    const READ: &'static [Right] = &[Right::Administrator];
    const WRITE: &'static [Right] = &[Right::Administrator];

    fn find(state: &State, key: &Key) -> Option<Role> {
        state.role(&key.id).map(|role| Role::clone(role))
    }

    fn view(&self, _: &Sight) -> RoleView {
        RoleView {
            name: self.name.to_string(),
            rights: self.rights.names().collect(),
            sections: SectionsView::from(&self.sections),
            built_in: self.name == Role::admin().name,
            warnings: Vec::new(),
        }
    }

    fn read(body: &mut Members, key: Option<&Key>, _: Option<&Role>, _: &Sight) -> Role {
        let mut rights = Rights::default();
        for (index, name) in body.texts("rights").unwrap_or_default().iter().enumerate() {
            if rights.grant(name).is_none() {
                let fault = Fault::at(format!("/rights/{index}"), "unknown", "there is no such right");
                body.fault(fault.help(format!("rights are {}", Rights::NAMES.join(", "))));
            }
        }
        let sections = match body.any("sections") {
            None => Sections::default(),
            Some(Value::String(word)) if word == "all" => Sections::All,
            Some(Value::Array(entries)) => {
                let names = entries.iter().map(Value::as_str).collect::<Option<Vec<_>>>();
                let names = names.unwrap_or_else(|| wrong_sections(body));
                Sections::these(names.into_iter().map(str::to_owned).collect())
            }
            Some(_) => Sections::these(wrong_sections(body).into_iter().map(str::to_owned).collect()),
        };
        let name = body.identity("name", key.map(|key| &*key.id)).into();
        Role { name, rights, sections }
    }

    fn skip(body: &mut Members) {
        body.flag("built_in");
    }

    fn record(self) -> Record {
        Record::Role(self)
    }

    fn location(key: &Key) -> String {
        format!("/roles/{}", part(&key.id))
    }
}

fn wrong_sections<'a>(body: &mut Members) -> Vec<&'a str> {
    body.fault(Fault::at("/sections", "type", "the text `all` or a list of texts is expected"));
    Vec::new()
}
