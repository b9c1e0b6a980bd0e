//! A directory as it is in force: immutable, with a revision, and quick to ask.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_settings::{Problem, Problems, Table, note_syntax};
use toml::de::DeTable;

use crate::advice::{Advice, advise};
use crate::names::Names;
use crate::people::{Group, Memberships, People, Role, User, UserId, values};
use crate::project::{Project, ProjectLists};
use crate::scope::{Scope, ScopeError, Scopes};
use crate::things::{Field, Object, Owned, Things};
use crate::token::TokenHash;

/// Whether the deployment restricts anybody (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nobody is restricted: the gateway only observes what enforcement would do.
    Simplified,
    /// Isolation by project.
    Enhanced,
}

/// Everything a directory says, at one revision. Look-ups are hash look-ups and allocate nothing.
pub struct Snapshot {
    revision: u64,
    security: Security,
    projects: Vec<Project>,
    /// Ids of all projects, sorted.
    project_ids: Arc<[String]>,
    roles: Vec<Role>,
    groups: Vec<Group>,
    users: Vec<User>,
    by_login: HashMap<String, usize>,
    by_token: HashMap<TokenHash, usize>,
    by_subject: HashMap<String, usize>,
    scopes: Scopes,
    /// By kind, sorted by key.
    fields: HashMap<String, Vec<Field>>,
    /// By kind, then id. Beside the kinds of object: `project`, `user`, `group` and `field`.
    owners: HashMap<String, HashMap<String, Owned>>,
    single_project: HashSet<String>,
    advice: Vec<Advice>,
}

/// Counts the snapshots of this process, so that no two have the same revision.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

impl Snapshot {
    /// Builds a snapshot from the text of a `directory.toml`, or tells everything that is wrong with it, in the order
    /// of the text. The form is described in `DIRECTORY.md`.
    pub fn parse(text: &str) -> Result<Snapshot, Vec<Problem>> {
        let mut problems = Problems::new(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            for error in errors {
                note_syntax(text, &error, &mut problems);
            }
            return Err(problems.finish());
        }
        let snapshot = read(text, Table::document("", &document), &mut problems);
        if problems.is_empty() { Ok(snapshot) } else { Err(problems.finish()) }
    }

    /// A number that no other snapshot of this process has.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether isolation is on (D1).
    pub fn security(&self) -> Security {
        self.security
    }

    /// The user to whom this token belongs. Only the token's SHA-256 is compared.
    pub fn user_by_token(&self, token: &str) -> Option<UserId> {
        self.by_token.get(&TokenHash::of(token)).map(|index| self.user_id(*index))
    }

    /// The user for whom a JWT's claim has this value.
    pub fn user_by_subject(&self, subject: &str) -> Option<UserId> {
        self.by_subject.get(subject).map(|index| self.user_id(*index))
    }

    /// The user of this login.
    pub fn user_by_login(&self, login: &str) -> Option<UserId> {
        self.by_login.get(login).map(|index| self.user_id(*index))
    }

    /// What the directory says of a user.
    ///
    /// # Panics
    /// If the id comes from another snapshot.
    pub fn user(&self, user: UserId) -> &User {
        assert_eq!(user.revision, self.revision, "a user id of one snapshot was used with another");
        &self.users[user.index]
    }

    /// What a user may see, all their projects together or, with `chosen` (an id or alias), as one of them (D24).
    /// Someone who sees everything may choose any project. An unknown project and one of others are the same error
    /// (H36).
    ///
    /// # Panics
    /// If the id comes from another snapshot.
    pub fn scope(&self, user: UserId, chosen: Option<&str>) -> Result<Arc<Scope>, ScopeError> {
        let index = self.user(user).scope;
        let Some(chosen) = chosen else {
            return Ok(Arc::clone(self.scopes.get(index)));
        };
        match self.projects_of("project", chosen) {
            Some([project]) => self.scopes.choose(index, project, &self.project_ids),
            _ => Err(ScopeError::NoSuchProject),
        }
    }

    /// The fields of a kind of record, sorted by key. Empty for an unknown kind.
    pub fn fields(&self, kind: &str) -> &[Field] {
        self.fields.get(kind).map_or(&[], Vec::as_slice)
    }

    /// Ids of the projects, sorted, of the object that the backend knows by this id. Beside the kinds of object,
    /// `project` resolves an id or alias to the project's id, `user` and `group` take a login, an id or an alias, and
    /// `field` a field's key. None: there is no such object.
    pub fn projects_of(&self, kind: &str, id: &str) -> Option<&[String]> {
        self.owners.get(kind)?.get(id).map(|owned| &*owned.projects)
    }

    /// Whether an object of this kind is in one project at the most (D6).
    pub fn single_project(&self, kind: &str) -> bool {
        self.single_project.contains(kind)
    }

    /// All projects, in the order of the file.
    pub fn projects(&self) -> &[Project] {
        &self.projects
    }

    /// All roles, the built-in Admin first (D11).
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// All groups, in the order of the file.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// All users, in the order of the file.
    pub fn users(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users.iter().enumerate().map(|(index, user)| (self.user_id(index), user))
    }

    /// All objects, in no particular order. Projects, users, groups and fields are not among them.
    pub fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        let kinds = self.owners.iter().filter(|(kind, _)| !NOT_OBJECTS.contains(&kind.as_str()));
        kinds.flat_map(|(kind, objects)| {
            objects.iter().map(move |(id, owned)| Object {
                kind,
                id,
                name: owned.name.as_deref(),
                projects: &owned.projects,
            })
        })
    }

    /// The contact fields of every kind of record.
    pub fn all_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().flatten()
    }

    /// Fields that no project uses (D21).
    pub fn unassigned_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().flatten().filter(|field| field.is_unassigned())
    }

    /// Fields that several projects share (D20).
    pub fn shared_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.values().flatten().filter(|field| field.is_shared())
    }

    /// What is not wrong, but worth knowing (D2, D20, D21), in the order of the file.
    pub fn advice(&self) -> &[Advice] {
        &self.advice
    }

    fn user_id(&self, index: usize) -> UserId {
        UserId { revision: self.revision, index }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Snapshot").field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// Kinds that `projects_of` knows and that are no objects.
const NOT_OBJECTS: [&str; 4] = ["project", "user", "group", "field"];

/// Builds what the document says. What it makes of a document with problems is not used.
fn read(text: &str, mut document: Table<'_, '_>, problems: &mut Problems<'_>) -> Snapshot {
    let security = security(&mut document, problems);
    let (projects, names) = read_projects(&mut document, problems);
    let mut lists = ProjectLists::default();
    let mut memberships = Memberships { names: &names, projects: &projects, lists: &mut lists };
    let mut people = People::new();
    for entry in document.tables("role", problems) {
        people.role(entry, problems);
    }
    for entry in document.tables("group", problems) {
        people.group(entry, &mut memberships, problems);
    }
    for entry in document.tables("user", problems) {
        people.user(entry, &mut memberships, problems);
    }
    let mut things = Things::new();
    for entry in document.tables("object_kind", problems) {
        things.object_kind(entry, problems);
    }
    for entry in document.tables("field", problems) {
        things.field(entry, &mut memberships, problems);
    }
    for entry in document.tables("object", problems) {
        things.object(entry, &mut memberships, problems);
    }
    document.finish(problems);

    let advice = advise(text, &projects, &people, things.fields.values().flatten());
    let project_ids = lists.intern(projects.iter().map(|project| project.id.clone()).collect());
    let owners = owners(&projects, &people, &mut things, &project_ids, &mut lists);
    Snapshot {
        revision: REVISIONS.fetch_add(1, Ordering::Relaxed),
        security,
        projects,
        project_ids,
        roles: people.roles,
        groups: people.groups,
        by_login: people.users.iter().enumerate().map(|(index, user)| (user.login.clone(), index)).collect(),
        users: people.users,
        by_token: people.by_token,
        by_subject: people.by_subject,
        scopes: people.scopes.finish(),
        fields: things.fields.into_iter().map(|(kind, fields)| (kind, sorted(fields))).collect(),
        owners,
        single_project: things.single_project,
        advice,
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

/// Reads every `[[project]]`.
fn read_projects(document: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> (Vec<Project>, Names) {
    let mut names = Names::new("project");
    let mut projects = Vec::new();
    let mut aliases_of = Vec::new();
    for mut entry in document.tables("project", problems) {
        let id = entry.required("id", problems);
        let name = entry.required("name", problems);
        let description = entry.text("description", problems);
        let aliases = entry.texts("aliases", problems);
        entry.finish(problems);
        let Some(id) = id else { continue };
        names.declare(&id, projects.len(), problems);
        projects.push(Project {
            name: name.map_or_else(|| id.value.clone(), |name| name.value),
            id: id.value,
            description: description.map(|description| description.value),
            aliases: Vec::new(),
        });
        aliases_of.push(aliases);
    }
    // Ids first: a later project's id is no alias of an earlier one by standing below it.
    for (index, aliases) in aliases_of.into_iter().enumerate() {
        for alias in &aliases {
            names.declare_alias(alias, index, problems);
        }
        projects[index].aliases = values(aliases);
    }
    (projects, names)
}

/// All that `projects_of` knows.
fn owners(
    projects: &[Project],
    people: &People,
    things: &mut Things,
    all: &Arc<[String]>,
    lists: &mut ProjectLists,
) -> HashMap<String, HashMap<String, Owned>> {
    let mut owners = std::mem::take(&mut things.objects);
    let mut add = |kind: &str, id: &str, projects: &Arc<[String]>| {
        let owned = Owned { name: None, projects: Arc::clone(projects) };
        owners.entry(kind.to_owned()).or_default().insert(id.to_owned(), owned)
    };
    for project in projects {
        let own = lists.intern(vec![project.id.clone()]);
        for id in std::iter::once(&project.id).chain(&project.aliases) {
            add("project", id, &own);
        }
    }
    for user in &people.users {
        for id in std::iter::once(&user.login).chain(&user.aliases) {
            add("user", id, &user.projects);
        }
    }
    for group in &people.groups {
        for id in std::iter::once(&group.id).chain(&group.aliases) {
            add("group", id, &group.projects);
        }
    }
    let mut ambiguous = HashSet::new();
    for (field, _) in things.fields.values().flatten() {
        let projects = if field.system { all } else { &field.projects };
        if let Some(earlier) = add("field", &field.key, projects)
            && earlier.projects != *projects
        {
            ambiguous.insert(field.key.clone());
        }
    }
    // Two kinds of record have fields of this key in different projects: the key alone tells nothing.
    if let Some(fields) = owners.get_mut("field") {
        fields.retain(|key, _| !ambiguous.contains(key));
    }
    owners
}

fn sorted(fields: Vec<(Field, std::ops::Range<usize>)>) -> Vec<Field> {
    let mut fields: Vec<Field> = fields.into_iter().map(|(field, _)| field).collect();
    fields.sort_by(|left, right| left.key.cmp(&right.key));
    fields
}
