//! Records and their keys: what changes, is logged and is found.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Field, Group, Object, ObjectKind, Project, Role, Settings, Token, User};

/// The kinds of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// [`Settings`]
    Settings,
    /// [`Project`]
    Project,
    /// [`Role`]
    Role,
    /// [`Group`]
    Group,
    /// [`User`]
    User,
    /// [`Token`]
    Token,
    /// [`Field`]
    Field,
    /// [`ObjectKind`]
    ObjectKind,
    /// [`Object`]
    Object,
}

impl RecordKind {
    /// All kinds, in an order in which a record comes after those it refers to.
    pub const ALL: [RecordKind; 9] = [
        RecordKind::Project,
        RecordKind::Settings,
        RecordKind::Role,
        RecordKind::Group,
        RecordKind::User,
        RecordKind::Token,
        RecordKind::Field,
        RecordKind::ObjectKind,
        RecordKind::Object,
    ];

    /// How the log and the API spell it.
    pub fn name(self) -> &'static str {
        match self {
            RecordKind::Settings => "settings",
            RecordKind::Project => "project",
            RecordKind::Role => "role",
            RecordKind::Group => "group",
            RecordKind::User => "user",
            RecordKind::Token => "token",
            RecordKind::Field => "field",
            RecordKind::ObjectKind => "object-kind",
            RecordKind::Object => "object",
        }
    }

    /// The kind that is spelt so.
    pub fn from_name(name: &str) -> Option<RecordKind> {
        RecordKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a record is found by. It never changes; another key is another record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The kind of record.
    pub kind: RecordKind,
    /// The kind of object, or the kind of record a field belongs to. Empty for all others.
    pub of: Arc<str>,
    /// Id, login, name or key; a token's hash in hexadecimal digits; empty for the settings.
    pub id: Arc<str>,
}

impl Key {
    /// The key of a record that is neither an object nor a field.
    pub fn new(kind: RecordKind, id: impl Into<Arc<str>>) -> Key {
        Key { kind, of: Arc::default(), id: id.into() }
    }

    /// The key of an object.
    pub fn object(kind: impl Into<Arc<str>>, id: impl Into<Arc<str>>) -> Key {
        Key { kind: RecordKind::Object, of: kind.into(), id: id.into() }
    }

    /// The key of a field.
    pub fn field(kind: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Key {
        Key { kind: RecordKind::Field, of: kind.into(), id: key.into() }
    }
}

/// For people: ``queue `7` ``, ``contact field `phone` ``, ``user `olga` ``. A token is told by the first digits of its
/// hash.
impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { kind, of, id } = self;
        match kind {
            RecordKind::Settings => formatter.write_str("the settings"),
            RecordKind::Field => write!(formatter, "{of} field `{id}`"),
            RecordKind::Object => write!(formatter, "{of} `{id}`"),
            RecordKind::ObjectKind => write!(formatter, "kind of object `{id}`"),
            RecordKind::Token => write!(formatter, "token `{}`", id.get(..12).unwrap_or(id)),
            kind => write!(formatter, "{} `{id}`", kind.name()),
        }
    }
}

/// One thing that a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant holds the type of its name")]
pub enum Record {
    Settings(Settings),
    Project(Project),
    Role(Role),
    Group(Group),
    User(User),
    Token(Token),
    Field(Field),
    ObjectKind(ObjectKind),
    Object(Object),
}

impl Record {
    /// What it is found by.
    pub fn key(&self) -> Key {
        match self {
            Record::Settings(_) => Key::new(RecordKind::Settings, ""),
            Record::Project(project) => Key::new(RecordKind::Project, Arc::clone(&project.id)),
            Record::Role(role) => Key::new(RecordKind::Role, Arc::clone(&role.name)),
            Record::Group(group) => Key::new(RecordKind::Group, Arc::clone(&group.id)),
            Record::User(user) => Key::new(RecordKind::User, Arc::clone(&user.login)),
            Record::Token(token) => Key::new(RecordKind::Token, token.hash.to_string()),
            Record::Field(field) => Key::field(Arc::clone(&field.kind), Arc::clone(&field.key)),
            Record::ObjectKind(kind) => Key::new(RecordKind::ObjectKind, Arc::clone(&kind.name)),
            Record::Object(object) => Key::object(Arc::clone(&object.kind), Arc::clone(&object.id)),
        }
    }

    /// The projects it is in, or the one it is; for the history of a project (D9).
    pub fn projects(&self) -> &[Arc<str>] {
        match self {
            Record::Project(project) => std::slice::from_ref(&project.id),
            Record::Group(group) => &group.projects,
            Record::User(user) => &user.projects,
            Record::Field(field) => &field.projects,
            Record::Object(object) => &object.projects,
            Record::Settings(_) | Record::Role(_) | Record::Token(_) | Record::ObjectKind(_) => &[],
        }
    }

    /// The record as the log keeps it: one JSON object on one line, its members in the order of the type's.
    pub fn to_json(&self) -> String {
        let json = match self {
            Record::Settings(settings) => serde_json::to_string(settings),
            Record::Project(project) => serde_json::to_string(project),
            Record::Role(role) => serde_json::to_string(role),
            Record::Group(group) => serde_json::to_string(group),
            Record::User(user) => serde_json::to_string(user),
            Record::Token(token) => serde_json::to_string(token),
            Record::Field(field) => serde_json::to_string(field),
            Record::ObjectKind(kind) => serde_json::to_string(kind),
            Record::Object(object) => serde_json::to_string(object),
        };
        json.expect("records hold texts, lists and flags, all of which JSON can write")
    }

    /// The record of a kind that [`Record::to_json`] wrote.
    ///
    /// # Errors
    /// What serde says of a text that is no such record.
    pub fn from_json(kind: RecordKind, json: &str) -> Result<Record, serde_json::Error> {
        Ok(match kind {
            RecordKind::Settings => Record::Settings(serde_json::from_str(json)?),
            RecordKind::Project => Record::Project(serde_json::from_str(json)?),
            RecordKind::Role => Record::Role(serde_json::from_str(json)?),
            RecordKind::Group => Record::Group(serde_json::from_str(json)?),
            RecordKind::User => Record::User(serde_json::from_str(json)?),
            RecordKind::Token => Record::Token(serde_json::from_str(json)?),
            RecordKind::Field => Record::Field(serde_json::from_str(json)?),
            RecordKind::ObjectKind => Record::ObjectKind(serde_json::from_str(json)?),
            RecordKind::Object => Record::Object(serde_json::from_str(json)?),
        })
    }
}
