//! Reads a `directory.toml` so that every mistake is told at once, with its place.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problem, Problems, Table, Text, line_of, note_syntax, quoted, texts_of};
use toml::de::DeTable;

use crate::model::{
    DEFAULT_FIELD_KIND, Field, Group, Key, Object, ObjectKind, Project, ProjectLists, Record, Rights, Role,
    Salt, Sections, Security, Token, TokenDigest, User,
};
use crate::state::{State, Violation};

/// Lines, from 1, on which records are declared.
pub(crate) type Places = HashMap<Key, usize>;

/// What a file says.
pub(crate) struct Read {
    pub(crate) state: State,
    pub(crate) places: Places,
}

/// Reads the text of a file, or tells everything that is wrong with it, in the order of the text. Hashes of tokens are
/// mixed with this salt.
pub(crate) fn read(text: &str, salt: Salt) -> Result<Read, Vec<Problem>> {
    let mut problems = Problems::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            note_syntax(text, &error, &mut problems);
        }
        return Err(problems.finish());
    }
    let mut document = Table::document("", &document);
    let security = security(&mut document, &mut problems);
    let mut reader = Reader {
        problems,
        state: State::new(security, salt),
        lists: ProjectLists::default(),
        declared: Vec::new(),
        spans: HashMap::new(),
    };
    reader.document(&mut document);
    document.finish(&mut reader.problems);
    let problems = reader.problems.finish();
    if problems.is_empty() {
        Ok(Read { places: places(text, reader.declared), state: reader.state })
    } else {
        Err(problems)
    }
}

/// The setting `security`; isolation is on unless the file says otherwise.
fn security(document: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Security {
    let Some(text) = document.text("security", problems) else {
        return Security::Enhanced;
    };
    match text.value.as_str() {
        "simplified" => Security::Simplified,
        "enhanced" => Security::Enhanced,
        other => {
            let message = format!("there is no security type `{other}`");
            problems.at(text.span, message).help("it is \"simplified\" or \"enhanced\" (D1)");
            Security::Enhanced
        }
    }
}

/// The lines of what was declared, counted in one walk.
fn places(text: &str, mut declared: Vec<(Key, usize)>) -> Places {
    declared.sort_by_key(|(_, offset)| *offset);
    let (mut line, mut walked) = (1, 0);
    let mut places = Places::with_capacity(declared.len());
    for (key, offset) in declared {
        line += line_of(&text[walked..], offset - walked);
        walked = offset;
        places.insert(key, line);
    }
    places
}

struct Reader<'text> {
    problems: Problems<'text>,
    state: State,
    lists: ProjectLists,
    /// Each record and where it is declared.
    declared: Vec<(Key, usize)>,
    spans: HashMap<Key, Range<usize>>,
}

/// Where a record's properties stand, for placing what is wrong with them.
#[derive(Default)]
struct Written(Vec<(&'static str, Text)>);

impl Written {
    fn note(&mut self, property: &'static str, texts: &[Text]) {
        self.0.extend(texts.iter().map(|text| (property, text.clone())));
    }

    /// The place of what is wrong: the entry, the property, or what the record is known by.
    fn place(&self, violation: &Violation, record: &Range<usize>) -> Range<usize> {
        let of_property = || self.0.iter().filter(|(property, _)| *property == violation.property);
        let entry = violation.entry.as_deref();
        // Of two that are equal the second one is too much.
        let found = of_property().rfind(|(_, text)| entry == Some(&text.value));
        found.or_else(|| of_property().next()).map_or_else(|| record.clone(), |(_, text)| text.span.clone())
    }
}

impl Reader<'_> {
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
        let description = entry.text("description", &mut self.problems);
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
        self.put(Record::Project(project), id.span, &written);
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
        self.put(Record::Role(role), name.span, &Written::default());
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
        self.put(Record::Group(group), id.span, &written);
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
        self.put(Record::User(user), login.span, &written);
        for (position, (digest, span)) in tokens.into_iter().enumerate() {
            self.token(&id, position + 1, digest, span);
        }
    }

    fn token(&mut self, user: &Arc<str>, number: usize, digest: Option<TokenDigest>, span: Range<usize>) {
        let Some(digest) = digest else {
            let message = format!("token {number} of `{user}` is not `sha256:` and 64 hexadecimal digits");
            return self.problems.at(span, message).help(HASH_HELP);
        };
        let hash = digest.salted(self.state.salt());
        if let Some(other) = self.state.token(&hash) {
            let message = format!("token {number} of `{user}` is a token of `{}` as well", other.user);
            let help = "a token tells who is calling: give each user one of their own";
            return self.problems.at(span, message).help(help);
        }
        let token = Record::Token(Token { hash, user: Arc::clone(user), label: None });
        // A user who is wrong has been told of.
        self.state.apply(&token.key(), Some(token));
    }

    fn object_kind(&mut self, mut entry: Table<'_, '_>) {
        let name = entry.required("name", &mut self.problems);
        let single_project = entry.flag("single_project", &mut self.problems);
        entry.finish(&mut self.problems);
        let Some(name) = name else { return };
        let kind = ObjectKind { name: name.value.into(), single_project };
        self.put(Record::ObjectKind(kind), name.span, &Written::default());
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
        self.put(Record::Field(field), key.span, &written);
    }

    fn object(&mut self, mut entry: Table<'_, '_>) {
        let mut written = Written::default();
        let kind = entry.required("kind", &mut self.problems);
        let id = entry.required("id", &mut self.problems);
        let name = entry.text("name", &mut self.problems);
        let one = entry.text("project", &mut self.problems);
        let mut projects = entry.texts("projects", &mut self.problems);
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
        let object = Object { kind, id: id.value.into(), name, projects, gone: false };
        self.put(Record::Object(object), id.span, &written);
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

    fn projects(&mut self, entry: &mut Table<'_, '_>, written: &mut Written) -> crate::model::Projects {
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

    /// Takes a record in, or tells what is wrong with it.
    fn put(&mut self, record: Record, span: Range<usize>, written: &Written) {
        let key = record.key();
        if let Some(first) = self.spans.get(&key) {
            let line = self.problems.line(first);
            let message = format!("there is a {key} already, on line {line}");
            return self.problems.at(span, message).help("take one of them out, or choose another id");
        }
        for violation in self.state.check(&record) {
            self.problems.at(written.place(&violation, &span), violation.message).help(violation.help);
        }
        self.spans.insert(key.clone(), span.clone());
        self.declared.push((key.clone(), span.start));
        self.state.apply(&key, Some(record));
    }
}

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
