//! A directory as it is in force: immutable, with a revision, and quick to ask.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cordon_settings::Problem;

use crate::advice::{Advice, advise};
use crate::file::{self, Places};
use crate::model::{Field, Group, Key, Object, Project, Projects, Role, Salt, Security, TokenDigest, User};
use crate::state::{Member, Scope, ScopeError, State};

/// Everything a directory says, at one revision. Look-ups are hash look-ups.
pub struct Snapshot {
    revision: u64,
    /// Number of the last change that is in it; 0 where changes have no numbers.
    change: u64,
    state: State,
    /// Where the file declares what; empty where there is no file.
    places: Places,
    /// Logins that a token belongs to; made when first asked for.
    with_token: OnceLock<HashSet<Arc<str>>>,
}

/// A user of one snapshot.
#[derive(Clone)]
pub struct UserId(Arc<Member>);

/// Counts the snapshots of this process, so that no two have the same revision.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

impl Snapshot {
    /// Builds a snapshot from the text of a `directory.toml`, or tells everything that is wrong with it, in the order
    /// of the text. The form is described in `DIRECTORY.md`.
    pub fn parse(text: &str) -> Result<Snapshot, Vec<Problem>> {
        let read = file::read(text, Salt::random())?;
        Ok(Snapshot { places: read.places, ..Snapshot::new(read.state) })
    }

    /// A snapshot of this version of a directory.
    pub fn new(state: State) -> Snapshot {
        Snapshot::numbered(state, 0)
    }

    /// A snapshot of the version of a directory that a change of its log left.
    pub(crate) fn numbered(state: State, change: u64) -> Snapshot {
        Snapshot {
            revision: REVISIONS.fetch_add(1, Ordering::Relaxed),
            change,
            state,
            places: HashMap::new(),
            with_token: OnceLock::new(),
        }
    }

    /// A number that no other snapshot of this process has.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Number of the last change that it has; 0 where there is no log.
    pub fn change(&self) -> u64 {
        self.change
    }

    /// The records.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether isolation is on (D1).
    pub fn security(&self) -> Security {
        self.state.settings().security
    }

    /// The user to whom this token belongs. Only salted hashes are compared.
    pub fn user_by_token(&self, token: &str) -> Option<UserId> {
        let hash = TokenDigest::of(token).salted(self.state.salt());
        self.user_by_login(&self.state.token(&hash)?.user)
    }

    /// The user for whom a JWT's claim has this value.
    pub fn user_by_subject(&self, subject: &str) -> Option<UserId> {
        self.state.member_by_subject(subject).map(UserId)
    }

    /// The user of this login.
    pub fn user_by_login(&self, login: &str) -> Option<UserId> {
        self.state.member(login).map(UserId)
    }

    /// What a user may see, all their projects together or, with `chosen` (an id or alias), as one of them (D24).
    /// Someone who sees everything may choose any project. An unknown project and one of others are the same error
    /// (H36).
    pub fn scope(&self, user: &UserId, chosen: Option<&str>) -> Result<Arc<Scope>, ScopeError> {
        self.state.scope(&user.0, chosen)
    }

    /// The fields of a kind of record, sorted by key. Empty for an unknown kind.
    pub fn fields(&self, kind: &str) -> &[Arc<Field>] {
        self.state.fields_of(kind)
    }

    /// Ids of the projects, sorted, of the object that the backend knows by this id. Beside the kinds of object,
    /// `project` resolves an id or alias to the project's id, `user` and `group` take a login, an id or an alias, and
    /// `field` a field's key. None: there is no such object.
    pub fn projects_of(&self, kind: &str, id: &str) -> Option<Projects> {
        self.state.projects_of(kind, id)
    }

    /// Whether an object of this kind is in one project at the most (D6).
    pub fn single_project(&self, kind: &str) -> bool {
        self.state.object_kind(kind).is_some_and(|kind| kind.single_project)
    }

    /// Version of what [`Snapshot::fields`] answers for this kind of record. Where two snapshots of this process tell
    /// the same version, they answer alike, wherever they come from; so it is with the other versions. A version may
    /// change although the answer does not. Versions are asked for in constant time.
    pub fn fields_version(&self, kind: &str) -> u64 {
        self.state.fields_version(kind)
    }

    /// Version of what [`Snapshot::projects_of`] answers for this kind and id, also where there is no such object.
    pub fn projects_version(&self, kind: &str, id: &str) -> u64 {
        self.state.projects_version(kind, id)
    }

    /// Version of what [`Snapshot::single_project`] answers, for all kinds of object together.
    pub fn kinds_version(&self) -> u64 {
        self.state.kinds_version()
    }

    /// All projects, in no particular order.
    pub fn projects(&self) -> impl ExactSizeIterator<Item = &Arc<Project>> {
        self.state.projects()
    }

    /// All roles, the built-in Admin among them (D11), in no particular order.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &Arc<Role>> {
        self.state.roles()
    }

    /// All groups, in no particular order.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Arc<Group>> {
        self.state.groups()
    }

    /// All users, in no particular order.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.state.members().map(|member| (UserId(Arc::clone(member)), &member.user))
    }

    /// All objects, in no particular order. Projects, users, groups and fields are not among them.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.state.objects()
    }

    /// The contact fields of every kind of record.
    pub fn all_fields(&self) -> impl Iterator<Item = &Arc<Field>> {
        self.state.fields().flat_map(|(_, fields)| fields)
    }

    /// Whether a user can be told by a token or a claim at all.
    pub fn can_call(&self, user: &User) -> bool {
        let with_token = self
            .with_token
            .get_or_init(|| self.state.tokens().map(|token| Arc::clone(&token.user)).collect());
        !user.subjects.is_empty() || with_token.contains(&user.login)
    }

    /// What is not wrong, but worth knowing (D2, D20, D21), in the order of the file.
    pub fn advice(&self) -> Vec<Advice> {
        advise(self)
    }

    /// Where the file declares a record, from 1. None where there is no file.
    pub fn line_of(&self, key: &Key) -> Option<usize> {
        self.places.get(key).copied()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Snapshot").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl UserId {
    /// What the directory says of the user.
    pub fn user(&self) -> &User {
        &self.0.user
    }
}

impl PartialEq for UserId {
    fn eq(&self, other: &UserId) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for UserId {}

impl fmt::Debug for UserId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "UserId({})", self.0.user.login)
    }
}
