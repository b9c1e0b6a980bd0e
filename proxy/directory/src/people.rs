//! Roles, groups and users, and what a user's memberships come to.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use cordon_settings::{Problems, Table, Text, quoted, texts_of};

use crate::names::Names;
use crate::project::{Project, ProjectLists};
use crate::rights::{Rights, Sections};
use crate::scope::{Scope, ScopeIndex, ScopesBuilder};
use crate::token::TokenHash;

/// Name of the role that is there without being declared (D11).
pub(crate) const ADMIN: &str = "Admin";

/// What some users may do and see (D11, D12). A user's roles add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What users' `roles` call it.
    pub name: String,
    /// The rights it grants.
    pub rights: Rights,
    /// The sections it opens.
    pub sections: Sections,
}

/// A group of users, who are all in its projects (D4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What users' `groups` call it.
    pub id: String,
    /// What people call it; its id if the file gives none.
    pub name: String,
    /// What the backend's records call it, beside its id.
    pub aliases: Vec<String>,
    /// Ids of its projects, sorted.
    pub projects: Arc<[String]>,
}

/// Someone who may call, or whom the backend's records name (D5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Unique.
    pub login: String,
    /// What people call the user; the login if the file gives no name.
    pub name: String,
    /// What the backend's records call the user, beside the login.
    pub aliases: Vec<String>,
    /// Ids of the groups the user is in, as the file orders them.
    pub groups: Vec<String>,
    /// Names of the user's roles, as the file orders them.
    pub roles: Vec<String>,
    /// Ids of the projects the user is in by name, sorted.
    pub direct: Arc<[String]>,
    /// Ids of all projects the user is in, directly or by group, sorted.
    pub projects: Arc<[String]>,
    /// Whether the user can be told by a token or a claim at all.
    pub can_call: bool,
    pub(crate) scope: ScopeIndex,
}

/// A user of one snapshot. It means nothing to another snapshot, which refuses it by a panic rather than taking it
/// for another user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId {
    pub(crate) revision: u64,
    pub(crate) index: usize,
}

/// The people of a directory while it is read.
pub(crate) struct People {
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<Group>,
    pub(crate) users: Vec<User>,
    /// Where each user is declared, for advice.
    pub(crate) places: Vec<Range<usize>>,
    pub(crate) by_token: HashMap<TokenHash, usize>,
    pub(crate) by_subject: HashMap<String, usize>,
    pub(crate) scopes: ScopesBuilder,
    role_names: Names,
    group_names: Names,
    user_names: Names,
}

impl People {
    pub(crate) fn new() -> People {
        let mut role_names = Names::new("role");
        role_names.built_in(ADMIN, 0);
        People {
            roles: vec![Role { name: ADMIN.to_owned(), rights: Rights::ALL, sections: Sections::All }],
            groups: Vec::new(),
            users: Vec::new(),
            places: Vec::new(),
            by_token: HashMap::new(),
            by_subject: HashMap::new(),
            scopes: ScopesBuilder::default(),
            role_names,
            group_names: Names::new("group"),
            user_names: Names::new("user"),
        }
    }

    /// Reads a `[[role]]`.
    pub(crate) fn role(&mut self, mut entry: Table<'_, '_>, problems: &mut Problems<'_>) {
        let name = entry.required("name", problems);
        let mut rights = Rights::default();
        for right in entry.texts("rights", problems) {
            if rights.grant(&right.value).is_none() {
                let message = format!("there is no right `{}`", right.value);
                problems.at(right.span, message).help(format!("rights are {}", quoted(&Rights::NAMES)));
            }
        }
        let sections = sections(&mut entry, problems);
        entry.finish(problems);
        if let Some(name) = name {
            self.role_names.declare(&name, self.roles.len(), problems);
            self.roles.push(Role { name: name.value, rights, sections });
        }
    }

    /// Reads a `[[group]]`.
    pub(crate) fn group(
        &mut self,
        mut entry: Table<'_, '_>,
        projects: &mut Memberships<'_>,
        problems: &mut Problems<'_>,
    ) {
        let id = entry.required("id", problems);
        let name = entry.text("name", problems);
        let aliases = entry.texts("aliases", problems);
        let projects = projects.read(&mut entry, problems);
        entry.finish(problems);
        let Some(id) = id else { return };
        let index = self.groups.len();
        self.group_names.declare(&id, index, problems);
        for alias in &aliases {
            self.group_names.declare_alias(alias, index, problems);
        }
        self.groups.push(Group {
            name: name.map_or_else(|| id.value.clone(), |name| name.value),
            id: id.value,
            aliases: values(aliases),
            projects,
        });
    }

    /// Reads a `[[user]]`. Roles and groups have been read before.
    pub(crate) fn user(
        &mut self,
        mut entry: Table<'_, '_>,
        projects: &mut Memberships<'_>,
        problems: &mut Problems<'_>,
    ) {
        let login = entry.required("login", problems);
        let name = entry.text("name", problems);
        let aliases = entry.texts("aliases", problems);
        let groups = entry.texts("groups", problems);
        let roles = entry.texts("roles", problems);
        let direct = projects.read(&mut entry, problems);
        let index = self.users.len();
        let label =
            login.as_ref().map_or_else(|| "this user".to_owned(), |login| format!("`{}`", login.value));
        let tokens = self.tokens(&mut entry, &label, index, problems);
        let subjects = self.subjects(&mut entry, index, problems);
        let place = login.as_ref().map_or_else(|| entry.span(), |login| login.span.clone());
        entry.finish(problems);

        let groups = self.group_names.resolve_all(&groups, problems);
        let roles = self.role_names.resolve_all(&roles, problems);
        let all = groups.iter().flat_map(|group| self.groups[*group].projects.iter());
        let all = projects.lists.intern(direct.iter().chain(all).cloned().collect());
        let rights = roles.iter().fold(Rights::default(), |sum, role| sum.union(self.roles[*role].rights));
        let opened = Sections::These(Vec::new());
        let sections = roles.iter().fold(opened, |sum, role| sum.union(&self.roles[*role].sections));
        let scope = Scope { projects: Arc::clone(&all), rights, sections, chosen: None };
        let login = login.unwrap_or(Text { value: String::new(), span: place.clone() });
        if !login.value.is_empty() {
            self.user_names.declare(&login, index, problems);
        }
        for alias in &aliases {
            self.user_names.declare_alias(alias, index, problems);
        }
        self.places.push(place);
        self.users.push(User {
            name: name.map_or_else(|| login.value.clone(), |name| name.value),
            login: login.value,
            aliases: values(aliases),
            groups: groups.iter().map(|group| self.groups[*group].id.clone()).collect(),
            roles: roles.iter().map(|role| self.roles[*role].name.clone()).collect(),
            direct,
            projects: all,
            can_call: tokens + subjects > 0,
            scope: self.scopes.intern(scope),
        });
    }

    /// The scope of a user, without a chosen project.
    pub(crate) fn scope(&self, user: &User) -> &Scope {
        self.scopes.get(user.scope)
    }

    /// Reads a user's tokens and says how many there are.
    fn tokens(
        &mut self,
        entry: &mut Table<'_, '_>,
        label: &str,
        user: usize,
        problems: &mut Problems<'_>,
    ) -> usize {
        let tokens = entry.secrets("tokens", TokenHash::parse, problems);
        let count = tokens.len();
        for (position, (hash, span)) in tokens.into_iter().enumerate() {
            let number = position + 1;
            let Some(hash) = hash else {
                let message = format!("token {number} of {label} is not `sha256:` and 64 hexadecimal digits");
                problems.at(span, message).help(HASH_HELP);
                continue;
            };
            if let Some(other) = self.by_token.insert(hash, user) {
                let other =
                    self.users.get(other).map_or(label, |other| other.login.as_str()).trim_matches('`');
                let message = format!("token {number} of {label} is a token of `{other}` as well");
                problems
                    .at(span, message)
                    .help("a token tells who is calling: give each user one of their own");
            }
        }
        count
    }

    /// Reads a user's claim values and says how many there are.
    fn subjects(&mut self, entry: &mut Table<'_, '_>, user: usize, problems: &mut Problems<'_>) -> usize {
        let subjects = entry.texts("subjects", problems);
        let count = subjects.len();
        for subject in subjects {
            let message = format!("the subject `{}` is given twice", subject.value);
            if self.by_subject.insert(subject.value, user).is_some() {
                problems.at(subject.span, message).help("a subject tells who is calling: one user each");
            }
        }
        count
    }
}

const HASH_HELP: &str = "write the hash, never the token: `printf %s TOKEN | sha256sum` gives the digits";

/// Reads lists of projects.
pub(crate) struct Memberships<'names> {
    pub(crate) names: &'names Names,
    pub(crate) projects: &'names [Project],
    pub(crate) lists: &'names mut ProjectLists,
}

impl Memberships<'_> {
    /// The setting `projects` of a table.
    pub(crate) fn read(&mut self, entry: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Arc<[String]> {
        let texts = entry.texts("projects", problems);
        self.resolve(&texts, problems)
    }

    /// The list of the projects that some texts name.
    pub(crate) fn resolve(&mut self, texts: &[Text], problems: &mut Problems<'_>) -> Arc<[String]> {
        let indices = self.names.resolve_all(texts, problems);
        self.lists.intern(indices.into_iter().map(|index| self.projects[index].id.clone()).collect())
    }
}

/// The values of some texts.
pub(crate) fn values(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}

/// The setting `sections` of a role: `"all"`, a list of names, or nothing, which opens nothing.
fn sections(entry: &mut Table<'_, '_>, problems: &mut Problems<'_>) -> Sections {
    match entry.take("sections") {
        None => Sections::These(Vec::new()),
        Some(value) if value.get_ref().as_str() == Some("all") => Sections::All,
        Some(value) if value.get_ref().is_array() => {
            Sections::these(values(texts_of(value, "sections", problems)))
        }
        Some(value) => {
            let message = "`sections` is neither \"all\" nor a list of names";
            problems
                .at(value.span(), message)
                .help("write `sections = \"all\"`, or a list such as [\"calls\"]");
            Sections::These(Vec::new())
        }
    }
}
