//! Roles, groups and users.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lists::Projects;
use super::rights::{Rights, Sections};

/// Name of the role that is there without being declared (D11).
pub(crate) const ADMIN: &str = "Admin";

/// What some users may do and see (D11, D12). A user's roles add up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What users' `roles` call it. It never changes.
    pub name: Arc<str>,
    /// The rights it grants.
    #[serde(default)]
    pub rights: Rights,
    /// The sections it opens.
    #[serde(default)]
    pub sections: Sections,
}

impl Role {
    /// The built-in role: every right and every section (D11).
    pub fn admin() -> Role {
        Role { name: ADMIN.into(), rights: Rights::ALL, sections: Sections::All }
    }
}

/// A group of users, who are all in its projects (D4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What users' `groups` call it. It never changes.
    pub id: Arc<str>,
    /// What people call it.
    pub name: String,
    /// What the backend's records call it, beside its id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Arc<str>>,
    /// Its projects.
    #[serde(default)]
    pub projects: Projects,
}

/// Someone who may call, or whom the backend's records name (D5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Unique. It never changes.
    pub login: Arc<str>,
    /// What people call the user.
    pub name: String,
    /// What the backend's records call the user, beside the login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Arc<str>>,
    /// Ids of the groups the user is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Arc<str>>,
    /// Names of the user's roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Arc<str>>,
    /// The projects the user is in by name, beside those of the groups.
    #[serde(default)]
    pub projects: Projects,
    /// Values of the claim by which a JWT names the user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<Arc<str>>,
}

impl Group {
    /// A group of this id and name, in no project.
    pub fn new(id: &str, name: &str) -> Group {
        Group { id: id.into(), name: name.to_owned(), aliases: Vec::new(), projects: Projects::default() }
    }
}

impl User {
    /// A user of this login and name, in nothing.
    pub fn new(login: &str, name: &str) -> User {
        User {
            login: login.into(),
            name: name.to_owned(),
            aliases: Vec::new(),
            groups: Vec::new(),
            roles: Vec::new(),
            projects: Projects::default(),
            subjects: Vec::new(),
        }
    }

    /// Whether the user has the built-in role Admin (D11).
    pub fn is_administrator(&self) -> bool {
        self.roles.iter().any(|role| **role == *ADMIN)
    }
}
