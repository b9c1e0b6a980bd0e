//! What is wrong with a change, before it is made: everything at once.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use cordon_settings::{nearest, quoted};

use super::{State, is_built_in};
use crate::model::{ADMIN, Field, Group, Key, Object, Project, Record, RecordKind, Role, User};

/// Why a change is refused. It names what the administrator named, and what that stands against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What rule it is against.
    pub rule: Rule,
    /// The record that would have been changed.
    pub key: Key,
    /// The property that is wrong, as JSON spells it; empty if it is the record as a whole.
    pub property: &'static str,
    /// The entry that is wrong, where the property is a list.
    pub entry: Option<Arc<str>>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, in the same form.
    pub help: String,
}

/// The rules that a directory keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// There is a record of this key already, or the name, alias or subject is another one's.
    Taken,
    /// There is no record of this key.
    Missing,
    /// What is referred to does not exist.
    Unknown,
    /// The text is empty, too long or has characters that no name has.
    Text,
    /// Something is named twice in one list.
    Twice,
    /// An object of this kind is in one project at the most (D6).
    SingleProject,
    /// A system field is in every project (D16).
    SystemField,
    /// The built-in role and kinds of object cannot be changed, nor can what never changes.
    Fixed,
    /// What others refer to cannot be taken away.
    InUse,
    /// Somebody has to keep the role Admin.
    LastAdministrator,
    /// Nothing is added to an archived project.
    Archived,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} ({})", self.key, self.message, self.help)
    }
}

/// Bytes that a name, id, alias or login may have.
const TEXT: usize = 200;

/// Bytes that a description may have.
const DESCRIPTION: usize = 4000;

/// Entries that a list of aliases, subjects, groups or roles may have. Of projects there may be any number.
const ENTRIES: usize = 1000;

impl State {
    /// What is wrong with putting a record in.
    pub fn check(&self, record: &Record) -> Vec<Violation> {
        let mut checker = Checker { state: self, key: record.key(), violations: Vec::new() };
        match record {
            Record::Settings(settings) => {
                let default = settings.default_project.as_ref();
                checker.known_projects("default_project", default.into_iter(), &[]);
            }
            Record::Project(project) => checker.project(project),
            Record::Role(role) => checker.role(role),
            Record::Group(group) => checker.group(group),
            Record::User(user) => checker.user(user),
            Record::Token(token) => {
                checker.known("user", RecordKind::User, &token.user);
                checker.optional("label", token.label.as_deref(), TEXT);
            }
            Record::Field(field) => checker.field(field),
            Record::ObjectKind(kind) => {
                checker.text("name", &kind.name, TEXT);
                let own_table = ["project", "user", "group", "field"].contains(&&*kind.name);
                let differs = self.object_kind(&kind.name).is_some_and(|other| **other != *kind);
                if own_table || differs {
                    let help = "kinds of object never change; declare another one";
                    checker.note(
                        Rule::Fixed,
                        "name",
                        format!("the kind `{}` is there already", kind.name),
                        help,
                    );
                }
            }
            Record::Object(object) => checker.object(object),
        }
        checker.violations
    }

    /// What is wrong with taking a record away.
    pub fn check_removal(&self, key: &Key) -> Vec<Violation> {
        let mut checker = Checker { state: self, key: key.clone(), violations: Vec::new() };
        if self.get(key).is_none() {
            checker.note(Rule::Missing, "", format!("there is no {key}"), "look at the list of them");
            return checker.violations;
        }
        match key.kind {
            RecordKind::Settings => {
                checker.note(Rule::Fixed, "", "the settings are always there", "change them");
            }
            RecordKind::Role if *key.id == *ADMIN => checker.built_in(),
            RecordKind::ObjectKind if is_built_in(&key.id) => checker.built_in(),
            RecordKind::Role => {
                let has_it = |user: &&User| user.roles.contains(&key.id);
                checker.unused(
                    self.users().filter(has_it).map(|user| &*user.login),
                    "user",
                    "take the role from them",
                );
            }
            RecordKind::ObjectKind => {
                checker.unused(
                    self.objects_of(&key.id).map(|object| &*object.id),
                    "object",
                    "take those away first",
                );
            }
            RecordKind::Project if self.settings().default_project.as_ref() == Some(&key.id) => {
                let help = "archive it instead";
                checker.note(Rule::InUse, "", "the project is the one for what has no other (D1)", help);
            }
            _ => {}
        }
        checker.violations
    }
}

struct Checker<'a> {
    state: &'a State,
    key: Key,
    violations: Vec<Violation>,
}

impl Checker<'_> {
    fn project(&mut self, project: &Project) {
        self.text("id", &project.id, TEXT);
        self.text("name", &project.name, TEXT);
        self.optional("description", project.description.as_deref(), DESCRIPTION);
        self.free_name("name", "", &project.name);
        self.aliases(&project.aliases);
    }

    fn role(&mut self, role: &Role) {
        self.text("name", &role.name, TEXT);
        if *role.name == *ADMIN {
            return self.built_in();
        }
        self.free_name("name", "", &role.name);
        if let crate::model::Sections::These(names) = &role.sections {
            names.iter().for_each(|name| self.text("sections", name, TEXT));
        }
    }

    fn group(&mut self, group: &Group) {
        self.text("id", &group.id, TEXT);
        self.text("name", &group.name, TEXT);
        self.free_name("name", "", &group.name);
        self.aliases(&group.aliases);
        let earlier = self.state.group(&group.id).map(|group| &*group.projects);
        self.known_projects("projects", group.projects.iter(), earlier.unwrap_or_default());
    }

    fn user(&mut self, user: &User) {
        self.text("login", &user.login, TEXT);
        self.text("name", &user.name, TEXT);
        self.free_name("login", "", &user.login);
        self.aliases(&user.aliases);
        let earlier = self.state.user(&user.login).map(|user| &*user.projects);
        self.known_projects("projects", user.projects.iter(), earlier.unwrap_or_default());
        self.once("groups", &user.groups);
        self.once("roles", &user.roles);
        self.once("subjects", &user.subjects);
        self.each(&user.groups, |checker, group| checker.known("groups", RecordKind::Group, group));
        self.each(&user.roles, |checker, role| checker.known("roles", RecordKind::Role, role));
        self.each(&user.subjects, |checker, subject| {
            checker.text("subjects", subject, TEXT);
            if checker.state.subjects.get(subject).is_some_and(|other| *other != user.login) {
                let help = "a subject tells who is calling: one user each";
                checker.note(
                    Rule::Taken,
                    "subjects",
                    format!("the subject `{subject}` is another user's"),
                    help,
                );
            }
        });
    }

    fn field(&mut self, field: &Field) {
        self.text("kind", &field.kind, TEXT);
        self.text("key", &field.key, TEXT);
        self.text("name", &field.name, TEXT);
        self.free_name("name", &Arc::clone(&field.kind), &field.name);
        let earlier = self.state.field(&field.kind, &field.key);
        let projects = earlier.map(|field| &*field.projects).unwrap_or_default();
        self.known_projects("projects", field.projects.iter(), projects);
        if field.system && !field.projects.is_empty() {
            let help = "leave out the projects, or `system`";
            self.note(
                Rule::SystemField,
                "projects",
                "a system field is in every project, and so given to none (D16)",
                help,
            );
        }
        if earlier.is_some_and(|earlier| earlier.system && **earlier != *field) {
            let help = "system fields are the backend's own; they stay as they are";
            self.note(Rule::SystemField, "", "a system field cannot be changed (D16)", help);
        }
    }

    fn object(&mut self, object: &Object) {
        self.text("id", &object.id, TEXT);
        self.optional("name", object.name.as_deref(), TEXT);
        let earlier = self.state.object(&object.kind, &object.id).map(|object| &*object.projects);
        self.known_projects("projects", object.projects.iter(), earlier.unwrap_or_default());
        let Some(kind) = self.state.object_kind(&object.kind) else {
            let near = nearest(&object.kind, self.state.object_kinds().map(|kind| &*kind.name));
            let help = near.map_or_else(
                || "declare the kind first".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            return self.note(Rule::Unknown, "kind", format!("`{}` is no kind of object", object.kind), help);
        };
        if kind.single_project && object.projects.len() > 1 {
            let names: Vec<&str> = object.projects.iter().map(|id| &**id).collect();
            let message = format!(
                "the {} `{}` is given {} projects: {}",
                kind.name,
                object.id,
                names.len(),
                quoted(&names)
            );
            let help =
                format!("a {} is in one project at the most (D6): take it out of the other first", kind.name);
            self.note(Rule::SingleProject, "projects", message, help);
        }
    }

    /// A text that people and programs can tell from others.
    fn text(&mut self, property: &'static str, text: &str, most: usize) {
        let blank = text.trim().is_empty();
        let (message, help) = if blank {
            (format!("`{property}` is empty"), "give it a text".to_owned())
        } else if text.len() > most {
            (format!("`{property}` is {} bytes long", text.len()), format!("{most} are allowed"))
        } else if text.trim() != text {
            (format!("`{property}` begins or ends with a blank"), "take the blank out".to_owned())
        } else if text.chars().any(is_invisible) {
            (format!("`{property}` has a character that cannot be seen"), "take it out".to_owned())
        } else {
            return;
        };
        self.note(Rule::Text, property, message, help);
    }

    fn optional(&mut self, property: &'static str, text: Option<&str>, most: usize) {
        let Some(text) = text else { return };
        // Lines are fine where there may be several.
        let one_line = if most == DESCRIPTION { text.replace(['\n', '\t'], " ") } else { text.to_owned() };
        self.text(property, &one_line, most);
    }

    /// The name is nobody else's, however it is written.
    fn free_name(&mut self, property: &'static str, of: &str, name: &str) {
        let kind = self.key.kind;
        if let Some(other) = self.state.taken_by(kind, of, name)
            && *other != self.key.id
        {
            let message = format!(
                "the name `{name}` is taken by {}",
                Key { id: Arc::clone(other), ..self.key.clone() }
            );
            let help = "names differ by more than case and form of their letters";
            self.note(Rule::Taken, property, message, help);
        }
    }

    /// Aliases name one thing each, and the key of none.
    fn aliases(&mut self, aliases: &[Arc<str>]) {
        let (kind, id) = (self.key.kind, Arc::clone(&self.key.id));
        self.once("aliases", aliases);
        self.each(aliases, |checker, alias| {
            checker.text("aliases", alias, TEXT);
            if let Some(other) = checker.state.proper(kind, alias)
                && *other != id
            {
                let message = format!("`{alias}` is {} already", Key::new(kind, Arc::clone(other)));
                checker.note(Rule::Taken, "aliases", message, "an alias of the backend names one thing");
            } else if *alias == id {
                let message = format!("`{alias}` is what it is called anyway");
                checker.note(Rule::Twice, "aliases", message, "leave the alias out");
            }
        });
        if let Some(other) = self.state.alias(kind, &id)
            && *other != id
        {
            let message = format!("`{id}` is an alias of {}", Key::new(kind, Arc::clone(other)));
            self.note(Rule::Taken, "id", message, "take that alias out, or choose another id");
        }
    }

    /// What is in a list comes once, and the list has an end.
    fn once(&mut self, property: &'static str, list: &[Arc<str>]) {
        let mut seen = HashSet::new();
        for entry in list {
            if !seen.insert(entry) {
                let noted = self.violations.len();
                self.note(Rule::Twice, property, format!("`{entry}` is named twice"), "take one out");
                self.about(noted, entry);
            }
        }
        if list.len() > ENTRIES {
            let message = format!("`{property}` has {} entries", list.len());
            self.note(Rule::Text, property, message, format!("{ENTRIES} are allowed"));
        }
    }

    /// The projects exist, and are not archived unless they were there before.
    fn known_projects<'p>(
        &mut self,
        property: &'static str,
        ids: impl Iterator<Item = &'p Arc<str>>,
        earlier: &[Arc<str>],
    ) {
        self.each(ids, |checker, id| match checker.state.project(id) {
            None => checker.known(property, RecordKind::Project, id),
            Some(project) if project.archived && !earlier.contains(id) => {
                let message = format!("the project `{id}` is archived");
                checker.note(Rule::Archived, property, message, "choose another, or bring it back first");
            }
            Some(_) => {}
        });
    }

    fn known(&mut self, property: &'static str, kind: RecordKind, id: &Arc<str>) {
        let key = Key::new(kind, Arc::clone(id));
        if self.state.get(&key).is_some() {
            return;
        }
        let state = self.state;
        if let Some(proper) = state.alias(kind, id) {
            let message = format!("`{id}` is an alias of {}", Key::new(kind, Arc::clone(proper)));
            return self.note(Rule::Unknown, property, message, "aliases are the backend's; write its id");
        }
        let near = match kind {
            RecordKind::Project => nearest(id, state.projects().map(|project| &*project.id)),
            RecordKind::Group => nearest(id, state.groups().map(|group| &*group.id)),
            RecordKind::Role => nearest(id, state.roles().map(|role| &*role.name)),
            _ => None,
        };
        let help = near.map_or_else(
            || format!("create the {} first", kind.name()),
            |near| format!("did you mean `{near}`?"),
        );
        self.note(Rule::Unknown, property, format!("there is no {key}"), help);
    }

    fn unused<'n>(&mut self, mut users: impl Iterator<Item = &'n str>, what: &str, help: &str) {
        let first: Vec<&str> = users.by_ref().take(5).collect();
        let more = users.count();
        if first.is_empty() {
            return;
        }
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!("it is in use by the {what}s {}{more}", quoted(&first));
        self.note(Rule::InUse, "", message, help);
    }

    fn built_in(&mut self) {
        let message = format!("{} is built in", self.key);
        self.note(Rule::Fixed, "", message, "make one of your own");
    }

    fn note(
        &mut self,
        rule: Rule,
        property: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let key = self.key.clone();
        let (message, help) = (message.into(), help.into());
        self.violations.push(Violation { rule, key, property, entry: None, message, help });
    }

    /// Says of what was just noted, if it was, which entry of a list it is about.
    fn about(&mut self, noted: usize, entry: &Arc<str>) {
        for violation in &mut self.violations[noted..] {
            violation.entry = Some(Arc::clone(entry));
        }
    }

    /// Checks each entry of a list.
    fn each<'e>(
        &mut self,
        list: impl IntoIterator<Item = &'e Arc<str>>,
        check: impl Fn(&mut Self, &Arc<str>),
    ) {
        for entry in list {
            let noted = self.violations.len();
            check(self, entry);
            self.about(noted, entry);
        }
    }
}

/// Characters that would make two names look alike: controls, and those that only steer how others are shown.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}')
}
