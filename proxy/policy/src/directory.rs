//! What a policy may ask of the deployment, and how it is asked.

use crate::bindings::cordon::policy::directory as wit;

/// What the policy knows of the deployment: one immutable version of it.
///
/// The answers must be fixed for a revision, since what a policy made of them is kept.
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

    /// The version of what [`Directory::fields`] answers for a kind.
    ///
    /// This and the two below promise: where two directories of this process tell the same version of a look-up, they
    /// answer it alike. An answer of the policy is kept for as long as all that it read has the same versions. A
    /// version may change without the answer; the revision is one that always will do.
    fn fields_version(&self, _kind: &str) -> u64 {
        self.revision()
    }

    /// The version of what [`Directory::projects_of`] answers for an object, also where it answers None.
    fn projects_version(&self, _kind: &str, _id: &str) -> u64 {
        self.revision()
    }

    /// The version of what [`Directory::single_project`] answers for a kind.
    fn single_project_version(&self, _kind: &str) -> u64 {
        self.revision()
    }
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
