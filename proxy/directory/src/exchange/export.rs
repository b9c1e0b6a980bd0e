//! Writing a directory.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Format, Sheet, json, sheet};
use crate::file::SALTED;
use crate::model::{Key, Record, RecordKind, Rights, Sections, Security};
use crate::state::State;

/// Whether an export holds what callers are known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Without tokens.
    Without,
    /// With the salted hashes of tokens, and the salt.
    WithTokens,
}

/// Writes a directory, or the part of it that a sheet holds. Equal directories give equal texts: records stand in the
/// order of their kinds and keys.
pub fn export(state: &State, format: Format, secrets: Secrets) -> String {
    match format {
        Format::Toml => toml(state, secrets),
        Format::Json => json::write(state, secrets),
        Format::Csv(Sheet::Users) => sheet::users(&sorted(state, RecordKind::User)),
        Format::Csv(Sheet::Fields) => sheet::fields(&sorted(state, RecordKind::Field)),
        Format::Csv(Sheet::Objects) => sheet::objects(&sorted(state, RecordKind::Object)),
    }
}

/// The records of a kind, but those that are built in, in the order of their keys.
pub(super) fn sorted(state: &State, kind: RecordKind) -> Vec<Record> {
    let mut records: Vec<(Key, Record)> = state
        .records()
        .filter(|record| kind_of(record) == kind)
        .map(|record| (record.key(), record))
        .collect();
    records.sort_by(|(one, _), (other, _)| one.cmp(other));
    records.into_iter().map(|(_, record)| record).collect()
}

fn kind_of(record: &Record) -> RecordKind {
    match record {
        Record::Settings(_) => RecordKind::Settings,
        Record::Project(_) => RecordKind::Project,
        Record::Role(_) => RecordKind::Role,
        Record::Group(_) => RecordKind::Group,
        Record::User(_) => RecordKind::User,
        Record::Token(_) => RecordKind::Token,
        Record::Field(_) => RecordKind::Field,
        Record::ObjectKind(_) => RecordKind::ObjectKind,
        Record::Object(_) => RecordKind::Object,
    }
}

fn toml(state: &State, secrets: Secrets) -> String {
    let mut text = Toml(String::new());
    let settings = state.settings();
    text.text(
        "security",
        match settings.security {
            Security::Simplified => "simplified",
            Security::Enhanced => "enhanced",
        },
    );
    text.optional("default_project", settings.default_project.as_deref());
    if secrets == Secrets::WithTokens {
        text.text("token_salt", &state.salt().digits());
    }
    for kind in RecordKind::ALL {
        if kind == RecordKind::Token && secrets == Secrets::Without {
            continue;
        }
        for record in sorted(state, kind) {
            text.record(&record);
        }
    }
    text.0
}

/// A TOML document in the making.
struct Toml(String);

impl Toml {
    fn record(&mut self, record: &Record) {
        match record {
            // They stand at the top.
            Record::Settings(_) => {}
            Record::Project(project) => {
                self.table("project");
                self.text("id", &project.id);
                self.text("name", &project.name);
                self.optional("description", project.description.as_deref());
                self.list("aliases", &project.aliases);
                self.flag("archived", project.archived);
            }
            Record::Role(role) => {
                self.table("role");
                self.text("name", &role.name);
                if role.rights != Rights::default() {
                    let names: Vec<&str> = role.rights.names().collect();
                    self.list("rights", &names);
                }
                match &role.sections {
                    Sections::All => self.text("sections", "all"),
                    Sections::These(names) => self.list("sections", names),
                }
            }
            Record::Group(group) => {
                self.table("group");
                self.text("id", &group.id);
                self.text("name", &group.name);
                self.list("aliases", &group.aliases);
                self.list("projects", &group.projects);
            }
            Record::User(user) => {
                self.table("user");
                self.text("login", &user.login);
                self.text("name", &user.name);
                self.list("aliases", &user.aliases);
                self.list("groups", &user.groups);
                self.list("roles", &user.roles);
                self.list("projects", &user.projects);
                self.list("subjects", &user.subjects);
            }
            Record::Token(token) => {
                self.table("token");
                self.text("user", &token.user);
                self.text("hash", &format!("{SALTED}{}", token.hash));
                self.optional("label", token.label.as_deref());
            }
            Record::Field(field) => {
                self.table("field");
                self.text("kind", &field.kind);
                self.text("key", &field.key);
                self.text("name", &field.name);
                self.list("projects", &field.projects);
                self.flag("system", field.system);
                self.flag("hidden", field.hidden);
                self.flag("unique", field.unique);
            }
            Record::ObjectKind(kind) => {
                self.table("object_kind");
                self.text("name", &kind.name);
                self.flag("single_project", kind.single_project);
            }
            Record::Object(object) => {
                self.table("object");
                self.text("kind", &object.kind);
                self.text("id", &object.id);
                self.optional("name", object.name.as_deref());
                self.list("projects", &object.projects);
                self.flag("gone", object.gone);
            }
        }
    }

    fn table(&mut self, name: &str) {
        self.line(format_args!("\n[[{name}]]"));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.line(format_args!("{key} = {}", Quoted(text)));
    }

    fn optional(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn list<T: AsRef<str>>(&mut self, key: &str, texts: &[T]) {
        if !texts.is_empty() {
            let texts: Vec<String> = texts.iter().map(|text| Quoted(text.as_ref()).to_string()).collect();
            self.line(format_args!("{key} = [{}]", texts.join(", ")));
        }
    }

    fn flag(&mut self, key: &str, flag: bool) {
        if flag {
            self.line(format_args!("{key} = true"));
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a text does not fail.
        _ = writeln!(self.0, "{line}");
    }
}

/// A basic string of TOML 1.0 on one line.
struct Quoted<'t>(&'t str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(formatter, "\\{character}")?,
                '\n' => formatter.write_str("\\n")?,
                '\t' => formatter.write_str("\\t")?,
                control if control.is_control() => write!(formatter, "\\u{:04X}", u32::from(control))?,
                character => formatter.write_char(character)?,
            }
        }
        formatter.write_char('"')
    }
}

/// A list's entries as plain texts.
pub(super) fn plain(list: &[Arc<str>]) -> impl Iterator<Item = &str> {
    list.iter().map(|entry| &**entry)
}
