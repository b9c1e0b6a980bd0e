//! What a policy may ask of the deployment, and how it is asked.

use crate::bindings::cordon::policy::directory as wit;

/// What the policy knows of the deployment: one immutable version of it.
///
/// The answers must be fixed for a revision, since what a policy made of them is kept under it.
pub trait Directory: Send + Sync {
    /// The version. Unique in this process: no two contents ever share one.
    fn revision(&self) -> u64;

    /// The contact fields of a kind of record, sorted by key. Empty for an unknown kind.
    fn fields(&self, kind: &str) -> Vec<Field>;

    /// Ids of the projects, sorted, of the object that the backend knows by this id. The kind `project` resolves what
    /// a record calls its project into the project's id. None: there is no such object.
    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>>;

    /// Whether an object of this kind is in one project at the most (D6).
    fn single_project(&self, kind: &str) -> bool;
}

/// A contact field (D14).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name by which the backend's records call it.
    pub key: String,
    /// Ids of the projects that use it, sorted. Empty and not `system`: assigned to nobody yet (D21).
    pub projects: Vec<String>,
    /// In every project (D16).
    pub system: bool,
    /// Masked for whoever lacks the right to see masked fields (D18).
    pub hidden: bool,
}

impl From<Field> for wit::Field {
    fn from(field: Field) -> wit::Field {
        let Field { key, projects, system, hidden } = field;
        wit::Field { key, projects, system, hidden }
    }
}
