//! Reads the text of a `directory.toml`: what it declares and where, and every mistake of form at once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problem, Problems, Table, Text, note_syntax, quoted, texts_of};
use toml::de::DeTable;

use super::declared::{DeclaredSettings, Entry, Item, Receiver, Written};
use crate::model::{
    DEFAULT_FIELD_KIND, Field, Group, Key, Object, ObjectKind, Project, ProjectLists, Projects, Record,
    Rights, Role, Salt, Sections, Security, Token, TokenDigest, TokenHash, User,
};

/// What stands before a hash that is mixed with the file's `token_salt`.
pub(crate) const SALTED: &str = "salted:";

/// Hands over what the text declares, and gives back the mistakes in it, to which others can be added.
///
/// # Errors
/// The text is no TOML at all.
pub(crate) fn parse<'text>(
    text: &'text str,
    receiver: &mut dyn Receiver,
) -> Result<Problems<'text>, Vec<Problem>> {
    let mut problems = Problems::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            note_syntax(text, &error, &mut problems);
        }
        return Err(problems.finish());
    }
    let mut document = Table::document("", &document);
    let mut reader =
        Reader { problems, receiver, lists: ProjectLists::default(), spans: HashMap::new(), has_salt: false };
    reader.settings(&mut document);
    reader.document(&mut document);
    document.finish(&mut reader.problems);
    Ok(reader.problems)
}

struct Reader<'text, 'r> {
    problems: Problems<'text>,
    receiver: &'r mut dyn Receiver,
    lists: ProjectLists,
    /// Where each record is declared.
    spans: HashMap<Key, Range<usize>>,
    has_salt: bool,
}

impl Reader<'_, '_> {
    fn settings(&mut self, document: &mut Table<'_, '_>) {
        let security = document.text("security", &mut self.problems);
        let security = security.and_then(|text| match text.value.as_str() {
            "simplified" => Some(Security::Simplified),
            "enhanced" => Some(Security::Enhanced),
            other => {
                let message = format!("there is no security type `{other}`");
                self.problems.at(text.span, message).help("it is \"simplified\" or \"enhanced\" (D1)");
                None
            }
        });
        let default_project = document.text("default_project", &mut self.problems);
        let salt = document.text("token_salt", &mut self.problems).and_then(|text| {
            let salt = Salt::parse(&text.value);
            if salt.is_none() {
                let message = "`token_salt` is not 32 hexadecimal digits";
                let help = "`cordon directory export --with-tokens` writes it";
                self.problems.at(text.span, message).help(help);
            }
            salt
        });
        self.has_salt = salt.is_some();
        self.receiver.settings(DeclaredSettings { security, default_project, salt });
    }

    fn document(&mut self, document: &mut Table<'_, '_>) {
        for entry in document.tables("project", &mut self.problems) {
            self.project(entry);
        }
        for entry in document.tables("role", &mut self.problems) {
            self.role(entry);
        }
        for entry in document.tables("group", &mut self.problems) {
            self.group(entry);
        }
        for entry in document.tables("user", &mut self.problems) {
            self.user(entry);
        }
        for entry in document.tables("token", &mut self.problems) {
            self.token_of(entry);
        }
        for entry in document.tables("object_kind", &mut self.problems) {
            self.object_kind(entry);
        }
        for entry in document.tables("field", &mut self.problems) {
            self.field(entry);
        }
        for entry in document.tables("object", &mut self.problems) {
            self.object(entry);
        }
    }

    fn project(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let id = entry.required("id", &mut self.problems);
        let name = entry.required("name", &mut self.problems);
        let description = entry.paragraph("description", &mut self.problems);
        let aliases = self.names("aliases", &mut entry, &mut written);
        let archived = entry.flag("archived", &mut self.problems);
        entry.finish(&mut self.problems);
        let Some(id) = id else { return };
        written.note("name", name.as_slice());
        written.note("description", description.as_slice());
        let project = Project {
            name: name.map_or_else(|| id.value.clone(), |name| name.value),
            description: description.map(|description| description.value),
            aliases,
            archived,
            ..Project::new(&id.value, "")
        };
        self.put(Record::Project(project), id.span, written);
    }

    fn role(&mut self, mut entry: Table<'_, '_>) {
        let name = entry.required("name", &mut self.problems);
        let mut rights = Rights::default();
        for right in entry.texts("rights", &mut self.problems) {
            if rights.grant(&right.value).is_none() {
                let message = format!("there is no right `{}`", right.value);
                let help = format!("rights are {}", quoted(&Rights::NAMES));
                self.problems.at(right.span, message).help(help);
            }
        }
        let sections = sections(&mut entry, &mut self.problems);
        entry.finish(&mut self.problems);
        let Some(name) = name else { return };
        let role = Role { name: name.value.into(), rights, sections };
        self.put(Record::Role(role), name.span, Written::default());
    }

    fn group(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let id = entry.required("id", &mut self.problems);
        let name = entry.text("name", &mut self.problems);
        let aliases = self.names("aliases", &mut entry, &mut written);
        let projects = self.projects(&mut entry, &mut written);
        entry.finish(&mut self.problems);
        let Some(id) = id else { return };
        written.note("name", name.as_slice());
        let name = name.map_or_else(|| id.value.clone(), |name| name.value);
        let group = Group { id: id.value.into(), name, aliases, projects };
        self.put(Record::Group(group), id.span, written);
    }

    fn user(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let login = entry.required("login", &mut self.problems);
        let name = entry.text("name", &mut self.problems);
        let aliases = self.names("aliases", &mut entry, &mut written);
        let groups = self.names("groups", &mut entry, &mut written);
        let roles = self.names("roles", &mut entry, &mut written);
        let projects = self.projects(&mut entry, &mut written);
        let tokens = entry.secrets("tokens", TokenDigest::parse, &mut self.problems);
        let subjects = self.names("subjects", &mut entry, &mut written);
        entry.finish(&mut self.problems);
        let Some(login) = login else { return };
        written.note("name", name.as_slice());
        let name = name.map_or_else(|| login.value.clone(), |name| name.value);
        let id: Arc<str> = login.value.into();
        let user = User { login: Arc::clone(&id), name, aliases, groups, roles, projects, subjects };
        self.put(Record::User(user), login.span, written);
        for (position, (digest, span)) in tokens.into_iter().enumerate() {
            self.token(&id, position + 1, digest, span);
        }
    }

    fn token(&mut self, user: &Arc<str>, number: usize, digest: Option<TokenDigest>, span: Range<usize>) {
        let Some(digest) = digest else {
            let message = format!("token {number} of `{user}` is not `sha256:` and 64 hexadecimal digits");
            return self.problems.at(span, message).help(HASH_HELP);
        };
        let item = Item::Digest { digest, user: Arc::clone(user), number: Some(number), label: None };
        self.receiver.entry(Entry { item, span, written: Written::default() }, &mut self.problems);
    }

    /// A token in a table of its own, as an export writes it.
    fn token_of(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let user = entry.required("user", &mut self.problems);
        let label = entry.text("label", &mut self.problems);
        let span = entry.span();
        let hash = entry.secret("hash", Hash::parse, &mut self.problems);
        entry.finish(&mut self.problems);
        written.note("user", user.as_slice());
        written.note("label", label.as_slice());
        let hash = match hash {
            Some((Some(Hash::Salted(_)), place)) if !self.has_salt => {
                let message = "a `salted:` hash needs the file's `token_salt`";
                return self.problems.at(place, message).help("export with tokens writes both");
            }
            Some((Some(hash), _)) => hash,
            Some((None, place)) => {
                let message = "`hash` is neither `sha256:` nor `salted:` and 64 hexadecimal digits";
                return self.problems.at(place, message).help(HASH_HELP);
            }
            None => return,
        };
        let Some(user) = user else { return };
        let (user, label): (Arc<str>, _) = (user.value.into(), label.map(|label| label.value));
        match hash {
            Hash::Salted(hash) => self.put(Record::Token(Token { hash, user, label }), span, written),
            Hash::Digest(digest) => {
                let item = Item::Digest { digest, user, number: None, label };
                self.receiver.entry(Entry { item, span, written }, &mut self.problems);
            }
        }
    }

    fn object_kind(&mut self, mut entry: Table<'_, '_>) {
        let name = entry.required("name", &mut self.problems);
        let single_project = entry.flag("single_project", &mut self.problems);
        entry.finish(&mut self.problems);
        let Some(name) = name else { return };
        let kind = ObjectKind { name: name.value.into(), single_project };
        self.put(Record::ObjectKind(kind), name.span, Written::default());
    }

    fn field(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let name = entry.required("name", &mut self.problems);
        let key = entry.text("key", &mut self.problems);
        let kind = entry.text("kind", &mut self.problems);
        let projects = self.projects(&mut entry, &mut written);
        let system = entry.flag("system", &mut self.problems);
        let hidden = entry.flag("hidden", &mut self.problems);
        let unique = entry.flag("unique", &mut self.problems);
        entry.finish(&mut self.problems);
        let Some(name) = name else { return };
        written.note("name", std::slice::from_ref(&name));
        written.note("kind", kind.as_slice());
        let key = key.unwrap_or_else(|| name.clone());
        let kind = kind.map_or(DEFAULT_FIELD_KIND.into(), |kind| kind.value.into());
        let field = Field { kind, key: key.value.into(), name: name.value, projects, system, hidden, unique };
        self.put(Record::Field(field), key.span, written);
    }

    fn object(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let kind = entry.required("kind", &mut self.problems);
        let id = entry.required("id", &mut self.problems);
        let name = entry.text("name", &mut self.problems);
        let one = entry.text("project", &mut self.problems);
        let mut projects = entry.texts("projects", &mut self.problems);
        let gone = entry.flag("gone", &mut self.problems);
        entry.finish(&mut self.problems);
        if let (Some(one), false) = (&one, projects.is_empty()) {
            let message = "an object has either `project` or `projects`, not both";
            self.problems.at(one.span.clone(), message).help("take one of them out");
        }
        projects.extend(one);
        self.once(&projects);
        written.note("projects", &projects);
        written.note("kind", kind.as_slice());
        written.note("name", name.as_slice());
        let projects = self.lists.intern(projects.iter().map(|text| text.value.as_str()));
        let (Some(kind), Some(id)) = (kind, id) else { return };
        let kind = self.lists.id(&kind.value);
        let name = name.map(|name| name.value.into());
        let object = Object { kind, id: id.value.into(), name, projects, gone };
        self.put(Record::Object(object), id.span, written);
    }

    fn names(
        &mut self,
        property: &'static str,
        entry: &mut Table<'_, '_>,
        written: &mut Written,
    ) -> Vec<Arc<str>> {
        let texts = entry.texts(property, &mut self.problems);
        written.note(property, &texts);
        texts.into_iter().map(|text| text.value.into()).collect()
    }

    fn projects(&mut self, entry: &mut Table<'_, '_>, written: &mut Written) -> Projects {
        let texts = entry.texts("projects", &mut self.problems);
        self.once(&texts);
        written.note("projects", &texts);
        self.lists.intern(texts.iter().map(|text| text.value.as_str()))
    }

    /// A list of projects knows no order and no repetition, so that this is told here.
    fn once(&mut self, texts: &[Text]) {
        for (index, text) in texts.iter().enumerate() {
            if texts[..index].iter().any(|earlier| earlier.value == text.value) {
                let message = format!("the project `{}` is named twice", text.value);
                self.problems.at(text.span.clone(), message).help("take one out");
            }
        }
    }

    /// Notes a record, unless there was one of its key before.
    fn put(&mut self, record: Record, span: Range<usize>, written: Written) {
        let key = record.key();
        if let Some(first) = self.spans.get(&key) {
            let line = self.problems.line(first);
            let message = format!("there is a {key} already, on line {line}");
            return self.problems.at(span, message).help("take one of them out, or choose another id");
        }
        self.spans.insert(key, span.clone());
        self.receiver.entry(Entry { item: Item::Record(record), span, written }, &mut self.problems);
    }
}

/// A token's hash in a table of its own.
enum Hash {
    Digest(TokenDigest),
    Salted(TokenHash),
}

impl Hash {
    fn parse(text: &str) -> Option<Hash> {
        match text.strip_prefix(SALTED) {
            Some(digits) => TokenHash::parse(digits).map(Hash::Salted),
            None => TokenDigest::parse(text).map(Hash::Digest),
        }
    }
}

/// What to write for a token.
const HASH_HELP: &str = "write the hash, never the token: `printf %s TOKEN | sha256sum` gives the digits";

/// The setting `sections` of a role: `"all"`, a list of names, or nothing, which opens nothing.
fn sections(entry: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Sections {
    match entry.take("sections") {
        None => Sections::default(),
        Some(value) if value.get_ref().as_str() == Some("all") => Sections::All,
        Some(value) if value.get_ref().is_array() => {
            let names = texts_of(value, "sections", problems);
            Sections::these(names.into_iter().map(|name| name.value).collect())
        }
        Some(value) => {
            let message = "`sections` is neither \"all\" nor a list of names";
            problems
                .at(value.span(), message)
                .help("write `sections = \"all\"`, or a list such as [\"calls\"]");
            Sections::default()
        }
    }
}
