//! Contact fields.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lists::Projects;

/// The kind of record whose fields these are unless something else is said.
pub(crate) const DEFAULT_FIELD_KIND: &str = "contact";

/// A contact field (D14).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The kind of record it belongs to, mostly `contact`. It never changes.
    #[serde(default = "usual_kind")]
    pub kind: Arc<str>,
    /// What the backend's records call it. Unique within the kind; it never changes.
    pub key: Arc<str>,
    /// What people call it.
    pub name: String,
    /// The projects that use it. Empty and not `system`: assigned to nobody yet (D21).
    #[serde(default)]
    pub projects: Projects,
    /// In every project (D16).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub system: bool,
    /// Masked for whoever lacks the right to see masked fields (D18).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// No two records may share a value of it (D17).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
}

fn usual_kind() -> Arc<str> {
    DEFAULT_FIELD_KIND.into()
}

impl Field {
    /// A field of contacts with this name, which is its key too (D14).
    pub fn new(name: &str) -> Field {
        Field {
            kind: usual_kind(),
            key: name.into(),
            name: name.to_owned(),
            projects: Projects::default(),
            system: false,
            hidden: false,
            unique: false,
        }
    }

    /// Whether no project uses the field and it is not in every one either (D21).
    pub fn is_unassigned(&self) -> bool {
        !self.system && self.projects.is_empty()
    }

    /// Whether several projects use the field (D20).
    pub fn is_shared(&self) -> bool {
        !self.system && self.projects.len() > 1
    }
}
