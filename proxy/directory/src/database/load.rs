//! Reads the whole directory from its tables.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::fault::Fault;
use super::feed;
use super::shared::Version;
use crate::model::{
    Field, Group, OBJECT_KINDS, Object, ObjectKind, Project, ProjectLists, Projects, Record, Rights, Role,
    Salt, Sections, Security, Settings, Token, TokenHash, User,
};
use crate::state::State;

/// The directory as the tables have it. The connection's transaction must see one state of the database throughout.
pub(super) async fn load(connection: &mut AnyConnection) -> Result<Version, Fault> {
    let head = feed::head(connection).await?;
    let mut loader = Loader { connection, lists: ProjectLists::default() };
    let salt = loader.salt().await?;
    let mut state = State::new(Security::Simplified, salt);
    loader.projects(&mut state).await?;
    loader.settings(&mut state).await?;
    loader.roles(&mut state).await?;
    loader.groups(&mut state).await?;
    loader.users(&mut state).await?;
    loader.tokens(&mut state).await?;
    loader.fields(&mut state).await?;
    loader.object_kinds(&mut state).await?;
    loader.objects(&mut state).await?;
    Ok(Version { head, state })
}

/// The salt that hashes of tokens are mixed with.
pub(super) async fn salt(connection: &mut AnyConnection) -> Result<Salt, Fault> {
    Loader { connection, lists: ProjectLists::default() }.salt().await
}

struct Loader<'c> {
    connection: &'c mut AnyConnection,
    lists: ProjectLists,
}

/// Entries of lists by what they belong to.
type Lists<K> = HashMap<K, Vec<Arc<str>>>;

impl Loader<'_> {
    async fn salt(&mut self) -> Result<Salt, Fault> {
        let salt: Vec<u8> =
            sqlx::query_scalar("SELECT salt FROM directory").fetch_one(&mut *self.connection).await?;
        let salt =
            salt.try_into().map_err(|_| Fault::damaged("the directory's salt has another length than 16"))?;
        Ok(Salt(salt))
    }

    async fn projects(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "SELECT project, alias FROM project_aliases ORDER BY project, position";
        let mut aliases = self.lists(sql, one).await?;
        let mut rows =
            sqlx::query("SELECT id, name, description, archived FROM projects").fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let id = self.lists.id(row.try_get(0)?);
            let aliases = aliases.remove(&id).unwrap_or_default();
            let (name, description, archived) = (row.try_get(1)?, row.try_get(2)?, flag(&row, 3)?);
            put(state, Record::Project(Project { id, name, description, aliases, archived }));
        }
        Ok(())
    }

    async fn settings(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "SELECT security, default_project FROM settings";
        let row = sqlx::query(sql).fetch_one(&mut *self.connection).await?;
        let security = match row.try_get(0)? {
            "enhanced" => Security::Enhanced,
            _ => Security::Simplified,
        };
        let default: Option<&str> = row.try_get(1)?;
        let default_project = default.map(|id| self.lists.id(id));
        put(state, Record::Settings(Settings { security, default_project }));
        Ok(())
    }

    async fn roles(&mut self, state: &mut State) -> Result<(), Fault> {
        let mut rights = self.lists("SELECT role, name FROM role_rights", one).await?;
        let mut sections = self.lists("SELECT role, section FROM role_sections", one).await?;
        let mut rows = sqlx::query("SELECT name, all_sections FROM roles").fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let name = self.lists.id(row.try_get(0)?);
            if name == Role::admin().name {
                continue;
            }
            let mut held = Rights::default();
            for right in rights.remove(&name).unwrap_or_default() {
                held.grant(&right).ok_or_else(|| {
                    Fault::damaged(format!("role `{name}` has the unknown right `{right}`"))
                })?;
            }
            let named = sections.remove(&name).unwrap_or_default();
            let sections = match flag(&row, 1)? {
                true => Sections::All,
                false => Sections::these(named.iter().map(ToString::to_string).collect()),
            };
            put(state, Record::Role(Role { name, rights: held, sections }));
        }
        Ok(())
    }

    async fn groups(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "SELECT group_id, alias FROM group_aliases ORDER BY group_id, position";
        let mut aliases = self.lists(sql, one).await?;
        let mut projects = self.lists("SELECT group_id, project FROM group_projects", one).await?;
        let mut rows = sqlx::query("SELECT id, name FROM groups").fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let id = self.lists.id(row.try_get(0)?);
            let aliases = aliases.remove(&id).unwrap_or_default();
            let projects = intern(&mut self.lists, projects.remove(&id).as_deref());
            put(state, Record::Group(Group { id, name: row.try_get(1)?, aliases, projects }));
        }
        Ok(())
    }

    async fn users(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "SELECT login, alias FROM user_aliases ORDER BY login, position";
        let mut aliases = self.lists(sql, one).await?;
        let sql = "SELECT login, group_id FROM user_groups ORDER BY login, position";
        let mut groups = self.lists(sql, one).await?;
        let sql = "SELECT login, role FROM user_roles ORDER BY login, position";
        let mut roles = self.lists(sql, one).await?;
        let sql = "SELECT login, subject FROM user_subjects ORDER BY login, position";
        let mut subjects = self.lists(sql, one).await?;
        let mut projects = self.lists("SELECT login, project FROM user_projects", one).await?;
        let mut rows = sqlx::query("SELECT login, name FROM users").fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let login = self.lists.id(row.try_get(0)?);
            let user = User {
                name: row.try_get(1)?,
                aliases: aliases.remove(&login).unwrap_or_default(),
                groups: groups.remove(&login).unwrap_or_default(),
                roles: roles.remove(&login).unwrap_or_default(),
                projects: intern(&mut self.lists, projects.remove(&login).as_deref()),
                subjects: subjects.remove(&login).unwrap_or_default(),
                login,
            };
            put(state, Record::User(user));
        }
        Ok(())
    }

    async fn tokens(&mut self, state: &mut State) -> Result<(), Fault> {
        let mut rows = sqlx::query("SELECT hash, login, label FROM tokens").fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let hash = TokenHash::parse(row.try_get(0)?)
                .ok_or_else(|| Fault::damaged("the hash of a token is not 64 hexadecimal digits"))?;
            let user = self.lists.id(row.try_get(1)?);
            put(state, Record::Token(Token { hash, user, label: row.try_get(2)? }));
        }
        Ok(())
    }

    async fn fields(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "SELECT kind, key, project FROM field_projects";
        let mut projects = self.lists(sql, two).await?;
        // A new field is quickest put behind the others of its kind.
        let sql = "SELECT kind, key, name, system, hidden, unique_values FROM fields ORDER BY kind, key";
        let mut rows = sqlx::query(sql).fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let key = two(&row, &mut self.lists)?;
            let field = Field {
                projects: intern(&mut self.lists, projects.remove(&key).as_deref()),
                kind: key.0,
                key: key.1,
                name: row.try_get(2)?,
                system: flag(&row, 3)?,
                hidden: flag(&row, 4)?,
                unique: flag(&row, 5)?,
            };
            put(state, Record::Field(field));
        }
        Ok(())
    }

    async fn object_kinds(&mut self, state: &mut State) -> Result<(), Fault> {
        let mut rows =
            sqlx::query("SELECT name, single_project FROM object_kinds").fetch(&mut *self.connection);
        let mut built_in = 0;
        while let Some(row) = rows.try_next().await? {
            let kind = ObjectKind { name: self.lists.id(row.try_get(0)?), single_project: flag(&row, 1)? };
            match state.object_kind(&kind.name) {
                None => put(state, Record::ObjectKind(kind)),
                Some(known) if **known == kind => built_in += 1,
                Some(_) => {
                    return Err(Fault::damaged(format!("the built-in kind `{}` was altered", kind.name)));
                }
            }
        }
        if built_in != OBJECT_KINDS.len() {
            return Err(Fault::damaged("a built-in kind of object is missing"));
        }
        Ok(())
    }

    /// The many. An object has a row for each project that it is in, or one without.
    async fn objects(&mut self, state: &mut State) -> Result<(), Fault> {
        let sql = "
            SELECT objects.kind, objects.id, objects.name, objects.gone, object_projects.project
            FROM objects LEFT JOIN object_projects
                ON object_projects.kind = objects.kind AND object_projects.id = objects.id
            ORDER BY objects.kind, objects.id";
        let mut rows = sqlx::query(sql).fetch(&mut *self.connection);
        let mut projects: Vec<Arc<str>> = Vec::new();
        let mut last: Option<Object> = None;
        while let Some(row) = rows.try_next().await? {
            let (kind, id): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            if last.as_ref().is_none_or(|last| *last.id != *id || *last.kind != *kind) {
                finish(state, &mut self.lists, last.take(), &mut projects);
                let name: Option<&str> = row.try_get(2)?;
                last = Some(Object {
                    kind: self.lists.id(kind),
                    id: id.into(),
                    name: name.map(Into::into),
                    projects: Projects::default(),
                    gone: flag(&row, 3)?,
                });
            }
            if let Some(project) = row.try_get::<Option<&str>, _>(4)? {
                projects.push(self.lists.id(project));
            }
        }
        finish(state, &mut self.lists, last, &mut projects);
        Ok(())
    }

    /// Lists of entries, which are the column behind the key.
    async fn lists<K: std::hash::Hash + Eq>(
        &mut self,
        sql: &'static str,
        key: fn(&AnyRow, &mut ProjectLists) -> Result<K, Fault>,
    ) -> Result<Lists<K>, Fault> {
        let mut lists: Lists<K> = HashMap::new();
        let mut rows = sqlx::query(sql).fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let owner = key(&row, &mut self.lists)?;
            let entry = self.lists.id(row.try_get(row.len() - 1)?);
            lists.entry(owner).or_default().push(entry);
        }
        Ok(lists)
    }
}

fn finish(state: &mut State, lists: &mut ProjectLists, object: Option<Object>, projects: &mut Vec<Arc<str>>) {
    if let Some(mut object) = object {
        object.projects = lists.intern(projects.iter().map(|id| &**id));
        put(state, Record::Object(object));
    }
    projects.clear();
}

fn put(state: &mut State, record: Record) {
    state.apply(&record.key(), Some(record));
}

fn intern(lists: &mut ProjectLists, entries: Option<&[Arc<str>]>) -> Projects {
    lists.intern(entries.unwrap_or_default().iter().map(|id| &**id))
}

fn one(row: &AnyRow, lists: &mut ProjectLists) -> Result<Arc<str>, Fault> {
    Ok(lists.id(row.try_get(0)?))
}

fn two(row: &AnyRow, lists: &mut ProjectLists) -> Result<(Arc<str>, Arc<str>), Fault> {
    Ok((lists.id(row.try_get(0)?), lists.id(row.try_get(1)?)))
}

fn flag(row: &AnyRow, column: usize) -> Result<bool, Fault> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}
