//! The log as the feed by which a version is brought up to date.

use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::{AnyConnection, Row};

use super::fault::Fault;
use super::load;
use super::shared::{Head, Succession, Version};
use crate::log::ChainHash;
use crate::model::{Key, ProjectLists, Record, RecordKind};

/// Reads the head without locking it.
pub(super) async fn head(connection: &mut AnyConnection) -> Result<Head, Fault> {
    let row = sqlx::query("SELECT number, at, hash FROM head").fetch_optional(connection).await?;
    head_of(row)
}

/// Takes the head's row until the transaction ends, so that nobody else makes a change meanwhile.
pub(super) async fn lock_head(connection: &mut AnyConnection) -> Result<Head, Fault> {
    let sql = "UPDATE head SET number = number WHERE one = 1 RETURNING number, at, hash";
    let row = sqlx::query(sql).fetch_optional(connection).await?;
    head_of(row)
}

fn head_of(row: Option<sqlx::any::AnyRow>) -> Result<Head, Fault> {
    let row = row.ok_or_else(|| Fault::damaged("the head of the log is missing"))?;
    Ok(Head { number: number(row.try_get(0)?)?, time: row.try_get(1)?, hash: hash(row.try_get(2)?)? })
}

/// Brings a version up to date by the entries after its own, in their order. Where the log does not continue the one
/// that the version came from, because the database was brought back from a copy, everything is loaded anew.
pub(super) async fn catch_up(
    connection: &mut AnyConnection,
    mut version: Version,
    head: Head,
) -> Result<(Version, Succession), Fault> {
    if head == version.head {
        return Ok((version, Succession::ByLog));
    }
    if head.number > version.head.number && replay(connection, &mut version).await? {
        return Ok((version, Succession::ByLog));
    }
    Ok((load::load(connection).await?, Succession::Anew))
}

const AFTER: &str = "
    SELECT changes.number, changes.at, changes.previous, changes.hash,
        change_records.kind, change_records.kind_of, change_records.id, change_records.after
    FROM changes LEFT JOIN change_records ON change_records.number = changes.number
    WHERE changes.number > $1
    ORDER BY changes.number, change_records.position";

/// False if the log does not continue where the version stands.
async fn replay(connection: &mut AnyConnection, version: &mut Version) -> Result<bool, Fault> {
    let begin = bound(version.head.number);
    let mut rows = sqlx::query(AFTER).bind(begin).fetch(connection);
    let mut lists = ProjectLists::default();
    while let Some(row) = rows.try_next().await? {
        let entry = number(row.try_get(0)?)?;
        if entry != version.head.number {
            let continues = entry == version.head.number + 1 && hash(row.try_get(2)?)? == version.head.hash;
            if !continues {
                return Ok(false);
            }
            version.head = Head { number: entry, time: row.try_get(1)?, hash: hash(row.try_get(3)?)? };
        }
        let Some(kind) = row.try_get::<Option<&str>, _>(4)? else { continue };
        let key = key(kind, row.try_get(5)?, row.try_get(6)?)?;
        let after: Option<&str> = row.try_get(7)?;
        let after = after.map(|json| record(&key, json, &mut lists)).transpose()?;
        version.state.apply(&key, after);
    }
    Ok(true)
}

/// The key of a row of the log.
pub(super) fn key(kind: &str, of: &str, id: &str) -> Result<Key, Fault> {
    let known = RecordKind::from_name(kind)
        .ok_or_else(|| Fault::damaged(format!("the log has a record of the unknown kind `{kind}`")))?;
    Ok(Key { kind: known, of: of.into(), id: id.into() })
}

/// The record that a row of the log holds, its lists of projects shared with those of others.
pub(super) fn record(key: &Key, json: &str, lists: &mut ProjectLists) -> Result<Record, Fault> {
    let mut record = Record::from_json(key.kind, json)
        .map_err(|error| Fault::damaged(format!("the log holds no record for {key}: {error}")))?;
    if record.key() != *key {
        return Err(Fault::damaged(format!("the log holds {} in the place of {key}", record.key())));
    }
    let shared =
        |list: &crate::model::Projects, lists: &mut ProjectLists| lists.intern(list.iter().map(|id| &**id));
    match &mut record {
        Record::Object(object) => {
            object.kind = lists.id(&object.kind);
            object.projects = shared(&object.projects, lists);
        }
        Record::User(user) => {
            user.projects = shared(&user.projects, lists);
            user.groups.iter_mut().chain(&mut user.roles).for_each(|id: &mut Arc<str>| *id = lists.id(id));
        }
        Record::Group(group) => group.projects = shared(&group.projects, lists),
        Record::Field(field) => field.projects = shared(&field.projects, lists),
        Record::Settings(_)
        | Record::Project(_)
        | Record::Role(_)
        | Record::Token(_)
        | Record::ObjectKind(_) => {}
    }
    Ok(record)
}

/// A number as the database holds it.
pub(super) fn number(column: i64) -> Result<u64, Fault> {
    u64::try_from(column).map_err(|_| Fault::damaged(format!("the log has the number {column}")))
}

/// A number as the database is asked for it.
pub(super) fn bound(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn hash(column: &str) -> Result<ChainHash, Fault> {
    ChainHash::parse(column).ok_or_else(|| Fault::damaged("the log has a hash that is none"))
}
