//! Everything a directory says, in memory: maps that share what is equal with their earlier versions, so that a copy
//! costs nothing and a change costs its own size.

mod apply;
mod check;
mod resolve;
mod scope;
mod stamps;
mod versions;

use std::fmt;
use std::sync::{Arc, OnceLock};

use rpds::HashTrieMapSync;

use crate::model::{
    Field, Group, Key, OBJECT_KINDS, Object, ObjectKind, Project, Projects, Record, RecordKind, Role, Salt,
    Security, Settings, Token, TokenHash, User,
};

pub use check::{Rule, Violation};
pub use scope::{Scope, ScopeError};

pub(crate) use resolve::Member;
use scope::ScopeTable;
use stamps::Stamps;

type Map<K, V> = HashTrieMapSync<K, V>;

/// The records of a directory and what finds them. Cloning is cheap; a clone changes without the other.
#[derive(Clone)]
pub struct State {
    salt: Salt,
    settings: Arc<Settings>,
    projects: Map<Arc<str>, Arc<Project>>,
    roles: Map<Arc<str>, Arc<Role>>,
    groups: Map<Arc<str>, Arc<Group>>,
    users: Map<Arc<str>, Arc<Member>>,
    tokens: Map<TokenHash, Arc<Token>>,
    /// By kind of record, sorted by key.
    fields: Map<Arc<str>, Arc<Vec<Arc<Field>>>>,
    object_kinds: Map<Arc<str>, Arc<ObjectKind>>,
    /// By kind, then id.
    objects: Map<Arc<str>, Map<Arc<str>, Arc<Object>>>,
    /// Ids of all projects, sorted; made when first asked for.
    project_ids: OnceLock<Projects>,
    /// Names as they are compared, and the ids they are taken by.
    names: Map<Name, Arc<str>>,
    /// What the backend calls projects, groups and users, beside their ids.
    aliases: Map<(RecordKind, Arc<str>), Arc<str>>,
    /// Logins by the values of a JWT's claim.
    subjects: Map<Arc<str>, Arc<str>>,
    /// How many users have the role Admin.
    administrators: usize,
    /// When what users have by groups, roles and archived projects last changed for anybody.
    epoch: u64,
    /// When a record was last changed: by `project`, `role`, `group` or `user` and its id, login, name or alias, by
    /// `field` and its key, by its kind and its id if it is an object.
    stamps: Stamps,
    /// When a field of a kind of record was last changed, for kinds that ever had one.
    field_stamps: Map<Arc<str>, u64>,
    /// When there was last another project or one less.
    project_stamp: u64,
    /// When a kind of object was last changed.
    kind_stamp: u64,
    /// When the directory was begun.
    origin: u64,
    /// Scopes in use, by every version of this directory.
    scopes: Arc<ScopeTable>,
}

/// A name that is taken: the kind of record, for fields the kind of record they belong to, and the name folded.
type Name = (RecordKind, Arc<str>, Box<str>);

impl State {
    /// A directory in which nothing has been done yet: the built-in role (D11) and kinds of object (D4), and security
    /// as given.
    pub fn new(security: Security, salt: Salt) -> State {
        let admin = Role::admin();
        let origin = stamps::next();
        let mut state = State {
            salt,
            settings: Arc::new(Settings { security, default_project: None }),
            projects: Map::new_sync(),
            roles: Map::new_sync(),
            groups: Map::new_sync(),
            users: Map::new_sync(),
            tokens: Map::new_sync(),
            fields: Map::new_sync(),
            object_kinds: Map::new_sync(),
            objects: Map::new_sync(),
            project_ids: OnceLock::new(),
            names: Map::new_sync(),
            aliases: Map::new_sync(),
            subjects: Map::new_sync(),
            administrators: 0,
            epoch: origin,
            stamps: Stamps::new(),
            field_stamps: Map::new_sync(),
            project_stamp: origin,
            kind_stamp: origin,
            origin,
            scopes: Arc::default(),
        };
        state.apply(&Key::new(RecordKind::Role, Arc::clone(&admin.name)), Some(Record::Role(admin)));
        for (name, single_project) in OBJECT_KINDS {
            let kind = ObjectKind { name: name.into(), single_project };
            state.apply(&Key::new(RecordKind::ObjectKind, name), Some(Record::ObjectKind(kind)));
        }
        state
    }

    /// What the hashes of this directory's tokens are mixed with.
    pub fn salt(&self) -> &Salt {
        &self.salt
    }

    /// What holds for the whole directory.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The project of this id.
    pub fn project(&self, id: &str) -> Option<&Arc<Project>> {
        self.projects.get(id)
    }

    /// The role of this name.
    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(name)
    }

    /// The group of this id.
    pub fn group(&self, id: &str) -> Option<&Arc<Group>> {
        self.groups.get(id)
    }

    /// The user of this login.
    pub fn user(&self, login: &str) -> Option<&User> {
        self.users.get(login).map(|member| &member.user)
    }

    /// The token of this hash.
    pub fn token(&self, hash: &TokenHash) -> Option<&Arc<Token>> {
        self.tokens.get(hash)
    }

    /// The field of a kind of record with this key.
    pub fn field(&self, kind: &str, key: &str) -> Option<&Arc<Field>> {
        let fields = self.fields.get(kind)?;
        fields.binary_search_by(|field| (*field.key).cmp(key)).ok().map(|index| &fields[index])
    }

    /// The kind of object of this name.
    pub fn object_kind(&self, name: &str) -> Option<&Arc<ObjectKind>> {
        self.object_kinds.get(name)
    }

    /// The object of a kind with this id.
    pub fn object(&self, kind: &str, id: &str) -> Option<&Arc<Object>> {
        self.objects.get(kind)?.get(id)
    }

    /// The record of a key.
    pub fn get(&self, key: &Key) -> Option<Record> {
        let id = &*key.id;
        Some(match key.kind {
            RecordKind::Settings => Record::Settings(Settings::clone(&self.settings)),
            RecordKind::Project => Record::Project(Project::clone(self.project(id)?)),
            RecordKind::Role => Record::Role(Role::clone(self.role(id)?)),
            RecordKind::Group => Record::Group(Group::clone(self.group(id)?)),
            RecordKind::User => Record::User(self.user(id)?.clone()),
            RecordKind::Token => Record::Token(Token::clone(self.token(&TokenHash::parse(id)?)?)),
            RecordKind::Field => Record::Field(Field::clone(self.field(&key.of, id)?)),
            RecordKind::ObjectKind => Record::ObjectKind(ObjectKind::clone(self.object_kind(id)?)),
            RecordKind::Object => Record::Object(Object::clone(self.object(&key.of, id)?)),
        })
    }

    /// All projects, in no particular order.
    pub fn projects(&self) -> impl ExactSizeIterator<Item = &Arc<Project>> {
        self.projects.values()
    }

    /// All roles, the built-in one among them, in no particular order.
    pub fn roles(&self) -> impl ExactSizeIterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// All groups, in no particular order.
    pub fn groups(&self) -> impl ExactSizeIterator<Item = &Arc<Group>> {
        self.groups.values()
    }

    /// All users, in no particular order.
    pub fn users(&self) -> impl ExactSizeIterator<Item = &User> {
        self.users.values().map(|member| &member.user)
    }

    /// All tokens, in no particular order.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = &Arc<Token>> {
        self.tokens.values()
    }

    /// The kinds of record that have fields, and the fields of each, sorted by key.
    pub fn fields(&self) -> impl Iterator<Item = (&Arc<str>, &[Arc<Field>])> {
        self.fields.iter().map(|(kind, fields)| (kind, fields.as_slice()))
    }

    /// All kinds of object, the built-in ones among them, in no particular order.
    pub fn object_kinds(&self) -> impl ExactSizeIterator<Item = &Arc<ObjectKind>> {
        self.object_kinds.values()
    }

    /// All objects, in no particular order.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values().flat_map(|objects| objects.values())
    }

    /// The objects of a kind, in no particular order.
    pub fn objects_of(&self, kind: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.get(kind).into_iter().flat_map(|objects| objects.values())
    }

    /// Every record but those that are built in, a record after those that it refers to.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let built_in_role = Role::admin().name;
        let projects = self.projects().map(|project| Record::Project(Project::clone(project)));
        let settings = std::iter::once(Record::Settings(Settings::clone(&self.settings)));
        let roles = self.roles().filter(move |role| role.name != built_in_role);
        let roles = roles.map(|role| Record::Role(Role::clone(role)));
        let groups = self.groups().map(|group| Record::Group(Group::clone(group)));
        let users = self.users().map(|user| Record::User(user.clone()));
        let tokens = self.tokens().map(|token| Record::Token(Token::clone(token)));
        let fields = self.fields().flat_map(|(_, fields)| fields.iter());
        let fields = fields.map(|field| Record::Field(Field::clone(field)));
        let kinds = self.object_kinds().filter(|kind| !is_built_in(&kind.name));
        let kinds = kinds.map(|kind| Record::ObjectKind(ObjectKind::clone(kind)));
        let objects = self.objects().map(|object| Record::Object(Object::clone(object)));
        projects
            .chain(settings)
            .chain(roles)
            .chain(groups)
            .chain(users)
            .chain(tokens)
            .chain(fields)
            .chain(kinds)
            .chain(objects)
    }

    pub(crate) fn member(&self, login: &str) -> Option<Arc<Member>> {
        self.users.get(login).cloned()
    }

    pub(crate) fn member_by_subject(&self, subject: &str) -> Option<Arc<Member>> {
        self.member(self.subjects.get(subject)?)
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.users.values()
    }

    /// The fields of a kind of record, sorted by key. Empty for an unknown kind.
    pub fn fields_of(&self, kind: &str) -> &[Arc<Field>] {
        self.fields.get(kind).map_or(&[], |fields| fields)
    }

    /// Whether anybody has the built-in role Admin (D11).
    pub fn has_administrator(&self) -> bool {
        self.administrators > 0
    }
}

/// How much there is; a directory is too large to be told whole.
impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("State");
        shown.field("settings", &self.settings).field("projects", &self.projects.size());
        shown.field("users", &self.users.size()).finish_non_exhaustive()
    }
}

/// Whether a kind of object is there from the start (D4).
pub(crate) fn is_built_in(kind: &str) -> bool {
    OBJECT_KINDS.iter().any(|(name, _)| *name == kind)
}
