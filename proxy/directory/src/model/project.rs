//! Projects.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One client's work (D3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// What the directory, rules and tokens call it. It never changes.
    pub id: Arc<str>,
    /// What people call it. No two projects have the same name.
    pub name: String,
    /// For people; often absent (D3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the backend's records call it, beside its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Arc<str>>,
    /// Its work is over: nobody is in it any more for what they may see, and nothing is added to it. What is in it
    /// stays in it, for those who see everything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

impl Project {
    /// A project of this id and name.
    pub fn new(id: &str, name: &str) -> Project {
        Project {
            id: id.into(),
            name: name.to_owned(),
            description: None,
            aliases: Vec::new(),
            archived: false,
        }
    }
}
