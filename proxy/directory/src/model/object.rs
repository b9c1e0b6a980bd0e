//! Objects and their kinds.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lists::Projects;

/// Kinds of object that every deployment has (D4), and whether an object of the kind is in one project at the most
/// (D6).
pub(crate) const OBJECT_KINDS: [(&str, bool); 9] = [
    ("queue", true),
    ("schedule", false),
    ("sip-provider", false),
    ("script", true),
    ("autodialer", true),
    ("list", false),
    ("notification-template", false),
    ("form", true),
    ("phone", false),
];

/// A kind of object: one of [`OBJECT_KINDS`], or one of the deployment's own (D4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectKind {
    /// `queue`, `script`… It never changes.
    pub name: Arc<str>,
    /// Whether an object of the kind is in one project at the most (D6). It never changes.
    #[serde(default)]
    pub single_project: bool,
}

/// A queue, a script, an autodialer… (D4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// `queue`, `script`…
    pub kind: Arc<str>,
    /// What the backend calls it. Unique within the kind.
    pub id: Arc<str>,
    /// What people call it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<str>>,
    /// The projects it is in.
    #[serde(default)]
    pub projects: Projects,
    /// The backend's lists no longer have it. It keeps its projects, so that records that still name it stay where
    /// they were.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
}

impl Object {
    /// An object in no project.
    pub fn new(kind: &str, id: &str) -> Object {
        Object { kind: kind.into(), id: id.into(), name: None, projects: Projects::default(), gone: false }
    }
}
