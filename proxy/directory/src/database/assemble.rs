//! Makes records of the rows that tables hold.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;

use super::fault::Fault;
use crate::model::{
    Field, Group, Object, Project, ProjectLists, Projects, Record, RecordKind, Rights, Role, Sections, Token,
    TokenHash, User,
};
use crate::state::State;

/// Some records of a kind: the rows of its own table and of its lists, each table as a JSON array.
pub(super) struct Page {
    pub(super) kind: RecordKind,
    /// The kind of field or of object; empty for others.
    pub(super) of: String,
    pub(super) texts: Vec<String>,
}

/// A directory that is being put together.
pub(super) struct Assembly {
    state: State,
    lists: ProjectLists,
}

type Text<'a> = Cow<'a, str>;

#[derive(Deserialize)]
struct ProjectRow<'a>(#[serde(borrow)] Text<'a>, String, Option<String>, u8);

/// Of roles.
#[derive(Deserialize)]
struct FlaggedRow<'a>(#[serde(borrow)] Text<'a>, u8);

/// Of groups and users.
#[derive(Deserialize)]
struct NamedRow<'a>(#[serde(borrow)] Text<'a>, String);

#[derive(Deserialize)]
struct TokenRow<'a>(#[serde(borrow)] Text<'a>, #[serde(borrow)] Text<'a>, Option<String>);

#[derive(Deserialize)]
struct FieldRow<'a>(#[serde(borrow)] Text<'a>, String, u8, u8, u8);

#[derive(Deserialize)]
struct ObjectRow<'a>(#[serde(borrow)] Text<'a>, Option<Box<str>>, u8);

/// An entry of a list: whose, what, and at which place.
#[derive(Deserialize)]
struct Entry<'a>(#[serde(borrow)] Text<'a>, #[serde(borrow)] Text<'a>, i64);

/// The entries of one table, by owner and place.
struct Lists<'a>(Vec<Entry<'a>>);

impl Assembly {
    /// Begins with what this directory has.
    pub(super) fn new(state: State) -> Assembly {
        Assembly { state, lists: ProjectLists::default() }
    }

    /// The directory with all pages.
    pub(super) fn finish(self) -> State {
        self.state
    }

    /// Puts the records of a page in.
    pub(super) fn add(&mut self, page: &Page) -> Result<(), Fault> {
        match page.kind {
            RecordKind::Project => self.projects(page),
            RecordKind::Role => self.roles(page),
            RecordKind::Group => self.groups(page),
            RecordKind::User => self.users(page),
            RecordKind::Token => self.tokens(page),
            RecordKind::Field => self.fields(page),
            RecordKind::Object => self.objects(page),
            RecordKind::Settings | RecordKind::ObjectKind => Ok(()),
        }
    }

    fn projects(&mut self, page: &Page) -> Result<(), Fault> {
        let aliases = page.lists(1)?;
        for ProjectRow(id, name, description, archived) in page.rows()? {
            let aliases = self.entries(&aliases, &id);
            let (id, archived) = (self.lists.id(&id), archived != 0);
            self.put(Record::Project(Project { id, name, description, aliases, archived }));
        }
        Ok(())
    }

    fn roles(&mut self, page: &Page) -> Result<(), Fault> {
        let (rights, sections) = (page.lists(1)?, page.lists(2)?);
        for FlaggedRow(name, all) in page.rows()? {
            if *name == *Role::admin().name {
                continue;
            }
            let mut held = Rights::default();
            for right in rights.of(&name) {
                held.grant(right).ok_or_else(|| {
                    Fault::damaged(format!("role `{name}` has the unknown right `{right}`"))
                })?;
            }
            let sections = match all {
                0 => Sections::these(sections.of(&name).map(str::to_owned).collect()),
                _ => Sections::All,
            };
            let name = self.lists.id(&name);
            self.put(Record::Role(Role { name, rights: held, sections }));
        }
        Ok(())
    }

    fn groups(&mut self, page: &Page) -> Result<(), Fault> {
        let (aliases, projects) = (page.lists(1)?, page.lists(2)?);
        for NamedRow(id, name) in page.rows()? {
            let (aliases, projects) = (self.entries(&aliases, &id), self.projects_in(&projects, &id));
            let id = self.lists.id(&id);
            self.put(Record::Group(Group { id, name, aliases, projects }));
        }
        Ok(())
    }

    fn users(&mut self, page: &Page) -> Result<(), Fault> {
        let [aliases, groups, roles, projects, subjects] =
            [page.lists(1)?, page.lists(2)?, page.lists(3)?, page.lists(4)?, page.lists(5)?];
        for NamedRow(login, name) in page.rows()? {
            let user = User {
                name,
                aliases: self.entries(&aliases, &login),
                groups: self.entries(&groups, &login),
                roles: self.entries(&roles, &login),
                projects: self.projects_in(&projects, &login),
                subjects: subjects.of(&login).map(Into::into).collect(),
                login: (&*login).into(),
            };
            self.put(Record::User(user));
        }
        Ok(())
    }

    fn tokens(&mut self, page: &Page) -> Result<(), Fault> {
        for TokenRow(hash, login, label) in page.rows()? {
            let hash = TokenHash::parse(&hash)
                .ok_or_else(|| Fault::damaged("the hash of a token is not 64 hexadecimal digits"))?;
            // As the user has it, so that the two share it.
            let user =
                self.state.user(&login).map_or_else(|| (&*login).into(), |user| Arc::clone(&user.login));
            self.put(Record::Token(Token { hash, user, label }));
        }
        Ok(())
    }

    fn fields(&mut self, page: &Page) -> Result<(), Fault> {
        let projects = page.lists(1)?;
        let kind = self.lists.id(&page.of);
        let mut rows: Vec<FieldRow<'_>> = page.rows()?;
        // A new field is quickest put behind the others of its kind.
        rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        for FieldRow(key, name, system, hidden, unique) in rows {
            let projects = self.projects_in(&projects, &key);
            let (kind, key) = (Arc::clone(&kind), (&*key).into());
            let [system, hidden, unique] = [system, hidden, unique].map(|flag| flag != 0);
            self.put(Record::Field(Field { kind, key, name, projects, system, hidden, unique }));
        }
        Ok(())
    }

    /// The many.
    fn objects(&mut self, page: &Page) -> Result<(), Fault> {
        let projects = page.lists(1)?;
        let kind = self.lists.id(&page.of);
        for ObjectRow(id, name, gone) in page.rows()? {
            let projects = self.projects_in(&projects, &id);
            let (kind, id) = (Arc::clone(&kind), (&*id).into());
            self.put(Record::Object(Object { kind, id, name, projects, gone: gone != 0 }));
        }
        Ok(())
    }

    fn put(&mut self, record: Record) {
        self.state.apply(&record.key(), Some(record));
    }

    fn entries(&mut self, lists: &Lists<'_>, owner: &str) -> Vec<Arc<str>> {
        lists.of(owner).map(|entry| self.lists.id(entry)).collect()
    }

    fn projects_in(&mut self, lists: &Lists<'_>, owner: &str) -> Projects {
        self.lists.intern(lists.of(owner))
    }
}

impl Page {
    /// The rows of the records' own table.
    fn rows<'a, R: Deserialize<'a>>(&'a self) -> Result<Vec<R>, Fault> {
        self.read(0)
    }

    /// The rows of a list's table.
    fn lists(&self, index: usize) -> Result<Lists<'_>, Fault> {
        let mut entries: Vec<Entry<'_>> = self.read(index)?;
        entries.sort_unstable_by(|one, other| (&one.0, one.2, &one.1).cmp(&(&other.0, other.2, &other.1)));
        Ok(Lists(entries))
    }

    fn read<'a, R: Deserialize<'a>>(&'a self, index: usize) -> Result<Vec<R>, Fault> {
        let text = self.texts.get(index).map_or("[]", |text| text);
        serde_json::from_str(text)
            .map_err(|error| Fault::damaged(format!("a table of {}s: {error}", self.kind.name())))
    }
}

impl Lists<'_> {
    /// An owner's entries, in their order.
    fn of(&self, owner: &str) -> impl Iterator<Item = &str> {
        let begin = self.0.partition_point(|entry| &*entry.0 < owner);
        self.0[begin..].iter().take_while(move |entry| entry.0 == owner).map(|entry| &*entry.1)
    }
}
