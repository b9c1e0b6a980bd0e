//! Reads the whole directory from its tables.
//!
//! A page at a time, and each page of a table as one JSON text: a million rows one by one would cost more on the way
//! than in the database. While the database makes a page, another thread puts the one before into the directory.

use sqlx::{AnyConnection, AssertSqlSafe, Row};
use tokio::sync::mpsc;

use super::assemble::{Assembly, Page};
use super::connect::Dialect;
use super::fault::Fault;
use super::feed;
use super::shared::Version;
use crate::model::{OBJECT_KINDS, ObjectKind, Record, RecordKind, Salt, Security, Settings};
use crate::state::{State, is_built_in};

/// Records of a page.
const PAGE: i64 = 4_000;

/// The directory as the tables have it. The connection's transaction must see one state of the database throughout.
pub(super) async fn load(connection: &mut AnyConnection) -> Result<Version, Fault> {
    let head = feed::head(connection).await?;
    let salt = salt(connection).await?;
    let mut state = State::new(Security::Simplified, salt);
    let mut kinds: Vec<String> = OBJECT_KINDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for record in [settings(connection).await?].into_iter().chain(object_kinds(connection).await?) {
        if let Record::ObjectKind(kind) = &record {
            kinds.push(kind.name.to_string());
        }
        state.apply(&record.key(), Some(record));
    }
    let (sender, mut receiver) = mpsc::channel::<Page>(1);
    let assembling = tokio::task::spawn_blocking(move || {
        let mut assembly = Assembly::new(state);
        while let Some(page) = receiver.blocking_recv() {
            assembly.add(&page)?;
        }
        Ok::<_, Fault>(assembly.finish())
    });
    let mut reader = Reader::new(connection, sender);
    reader.prepare().await?;
    reader.all(&kinds).await?;
    drop(reader);
    let assembled = assembling.await;
    let state = assembled.map_err(|error| Fault::damaged(format!("the directory's tables: {error}")))??;
    Ok(Version { head, state })
}

/// The salt that hashes of tokens are mixed with.
pub(super) async fn salt(connection: &mut AnyConnection) -> Result<Salt, Fault> {
    let salt: Vec<u8> = sqlx::query_scalar("SELECT salt FROM directory").fetch_one(connection).await?;
    let salt =
        salt.try_into().map_err(|_| Fault::damaged("the directory's salt has another length than 16"))?;
    Ok(Salt(salt))
}

async fn settings(connection: &mut AnyConnection) -> Result<Record, Fault> {
    let row = sqlx::query("SELECT security, default_project FROM settings").fetch_one(connection).await?;
    let security = match row.try_get(0)? {
        "enhanced" => Security::Enhanced,
        _ => Security::Simplified,
    };
    let default: Option<&str> = row.try_get(1)?;
    Ok(Record::Settings(Settings { security, default_project: default.map(Into::into) }))
}

/// The deployment's own. The built-in ones must be as they were made.
async fn object_kinds(connection: &mut AnyConnection) -> Result<Vec<Record>, Fault> {
    let rows = sqlx::query("SELECT name, single_project FROM object_kinds").fetch_all(connection).await?;
    let mut own = Vec::new();
    for row in &rows {
        let (name, single_project): (&str, bool) = (row.try_get(0)?, row.try_get::<i64, _>(1)? != 0);
        if !is_built_in(name) {
            own.push(Record::ObjectKind(ObjectKind { name: name.into(), single_project }));
        } else if !OBJECT_KINDS.contains(&(name, single_project)) {
            return Err(Fault::damaged(format!("the built-in kind `{name}` was altered")));
        }
    }
    if rows.len() != own.len() + OBJECT_KINDS.len() {
        return Err(Fault::damaged("a built-in kind of object is missing"));
    }
    Ok(own)
}

/// A table, the column by which its rows belong to a record, and what is read of them.
type Sheet = (&'static str, &'static str, &'static [&'static str]);

/// The tables of a kind of record, its own first. A list's rows are owner, entry and position.
fn sheets(kind: RecordKind) -> &'static [Sheet] {
    match kind {
        RecordKind::Project => &[
            ("projects", "id", &["id", "name", "description", "archived"]),
            ("project_aliases", "project", &["project", "alias", "position"]),
        ],
        RecordKind::Role => &[
            ("roles", "name", &["name", "all_sections"]),
            ("role_rights", "role", &["role", "name", "0"]),
            ("role_sections", "role", &["role", "section", "0"]),
        ],
        RecordKind::Group => &[
            ("groups", "id", &["id", "name"]),
            ("group_aliases", "group_id", &["group_id", "alias", "position"]),
            ("group_projects", "group_id", &["group_id", "project", "0"]),
        ],
        RecordKind::User => &[
            ("users", "login", &["login", "name"]),
            ("user_aliases", "login", &["login", "alias", "position"]),
            ("user_groups", "login", &["login", "group_id", "position"]),
            ("user_roles", "login", &["login", "role", "position"]),
            ("user_projects", "login", &["login", "project", "0"]),
            ("user_subjects", "login", &["login", "subject", "position"]),
        ],
        RecordKind::Token => &[("tokens", "hash", &["hash", "login", "label"])],
        RecordKind::Field => &[
            ("fields", "key", &["key", "name", "system", "hidden", "unique_values"]),
            ("field_projects", "key", &["key", "project", "0"]),
        ],
        RecordKind::Object => {
            &[("objects", "id", &["id", "name", "gone"]), ("object_projects", "id", &["id", "project", "0"])]
        }
        // There are few of them, which are read on their own.
        RecordKind::Settings | RecordKind::ObjectKind => &[],
    }
}

struct Reader<'c> {
    dialect: Dialect,
    connection: &'c mut AnyConnection,
    pages: mpsc::Sender<Page>,
}

impl Reader<'_> {
    fn new(connection: &mut AnyConnection, pages: mpsc::Sender<Page>) -> Reader<'_> {
        Reader { dialect: Dialect::of(connection), connection, pages }
    }

    /// Each page is a range of an index. PostgreSQL takes another way where it knows nothing of a table's contents yet,
    /// and would sort all of it for each page.
    async fn prepare(&mut self) -> Result<(), Fault> {
        if self.dialect == Dialect::Postgres {
            for way in ["sort", "seqscan", "bitmapscan"] {
                let sql = format!("SET LOCAL enable_{way} = off");
                sqlx::query(AssertSqlSafe(sql)).execute(&mut *self.connection).await?;
            }
        }
        Ok(())
    }

    async fn all(&mut self, object_kinds: &[String]) -> Result<(), Fault> {
        let plain =
            [RecordKind::Project, RecordKind::Role, RecordKind::Group, RecordKind::User, RecordKind::Token];
        for kind in plain {
            self.pages(kind, None).await?;
        }
        let field_kinds: Vec<String> =
            sqlx::query_scalar("SELECT DISTINCT kind FROM fields").fetch_all(&mut *self.connection).await?;
        for of in field_kinds {
            self.pages(RecordKind::Field, Some(&of)).await?;
        }
        for of in object_kinds {
            self.pages(RecordKind::Object, Some(of)).await?;
        }
        Ok(())
    }

    /// All records of a kind, `of` being the kind of field or of object. Nothing has an empty key.
    async fn pages(&mut self, kind: RecordKind, of: Option<&str>) -> Result<(), Fault> {
        let mut after = String::new();
        loop {
            let last = self.last(&sheets(kind)[0], of, &after).await?;
            let mut texts = Vec::new();
            for sheet in sheets(kind) {
                texts.push(self.text(sheet, of, &after, last.as_deref()).await?);
            }
            let page = Page { kind, of: of.unwrap_or_default().to_owned(), texts };
            // Nobody takes it where an earlier page was damaged, which the other thread tells.
            let taken = self.pages.send(page).await.is_ok();
            match last {
                Some(last) if taken => after = last,
                _ => return Ok(()),
            }
        }
    }

    /// Key of a page's last record; None if all that are left are one page.
    async fn last(
        &mut self,
        (table, key, _): &Sheet,
        of: Option<&str>,
        after: &str,
    ) -> Result<Option<String>, Fault> {
        let condition = condition(key, of, false);
        let sql =
            format!("SELECT {key} FROM {table} WHERE {condition} ORDER BY {key} LIMIT 1 OFFSET {}", PAGE - 1);
        let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(after.to_owned());
        let query = match of {
            Some(of) => query.bind(of.to_owned()),
            None => query,
        };
        Ok(query.fetch_optional(&mut *self.connection).await?)
    }

    /// What a table holds of a page: a JSON array of the rows, each an array of its columns.
    async fn text(
        &mut self,
        (table, key, columns): &Sheet,
        of: Option<&str>,
        after: &str,
        last: Option<&str>,
    ) -> Result<String, Fault> {
        let condition = condition(key, of, last.is_some());
        let rows = self.dialect.rows(&columns.join(", "));
        let sql = format!("SELECT {rows} FROM {table} WHERE {condition}");
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(after.to_owned());
        for value in of.into_iter().chain(last) {
            query = query.bind(value.to_owned());
        }
        Ok(query.fetch_one(&mut *self.connection).await?)
    }
}

/// Parameters are the key before the page, `of` if there is one, and the page's last key if there is one.
fn condition(key: &str, of: Option<&str>, has_last: bool) -> String {
    let mut condition = format!("{key} > $1");
    let mut parameters = 1;
    for (is_there, column) in [(of.is_some(), "kind ="), (has_last, &*format!("{key} <="))] {
        if is_there {
            parameters += 1;
            condition += &format!(" AND {column} ${parameters}");
        }
    }
    condition
}
