//! Reads the log, the newest entries first.

use std::time::{Duration, SystemTime};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row};
use thiserror::Error;

use super::connect::Database;
use super::fault::Fault;
use super::feed::{self, bound, number};
use super::shared::Shared;
use crate::edit::Change;
use crate::log::Entry;
use crate::model::{Key, ProjectLists};

/// Which entries of the log, and how much of them. All conditions hold together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryFilter {
    /// By this actor.
    pub actor: Option<String>,
    /// That changed this project, or something that was or is in it.
    pub project: Option<String>,
    /// That changed this record. Of an entry only this record is told then.
    pub record: Option<Key>,
    /// Not before this time.
    pub since: Option<SystemTime>,
    /// Before this time.
    pub until: Option<SystemTime>,
    /// With a smaller number: the last one of the page before.
    pub before_number: Option<u64>,
    /// How many entries at the most.
    pub limit: u32,
    /// How many records of an entry at the most: one entry can change a million.
    pub record_limit: u32,
}

impl Default for HistoryFilter {
    fn default() -> HistoryFilter {
        HistoryFilter {
            actor: None,
            project: None,
            record: None,
            since: None,
            until: None,
            before_number: None,
            limit: 100,
            record_limit: 1_000,
        }
    }
}

/// Why the log cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The directory is a file, which has none.
    #[error("a directory in a file has no history: put it into a database")]
    NoLog,
    /// The database cannot be reached or read.
    #[error("{0}")]
    Unavailable(String),
}

impl Database {
    pub(crate) async fn history(&self, filter: &HistoryFilter) -> Result<Vec<Entry>, ReadError> {
        let shared = &*self.shared;
        let read = async {
            let mut transaction = shared.pool.begin_with(shared.way.dialect.begin_to_read()).await?;
            entries(&mut transaction, filter).await
        };
        match read.await {
            Ok(entries) => Ok(entries),
            Err(fault) => Err(ReadError::Unavailable(shared.unreadable(fault).await)),
        }
    }
}

impl Shared {
    /// What is told of a database that cannot be read.
    pub(super) async fn unreadable(&self, fault: Fault) -> String {
        let fault = self.way.reason(fault).await;
        format!("the directory's database {} cannot be read: {fault}", self.way.url)
    }
}

/// A condition's text, with the parameter that it is compared with.
enum Parameter<'f> {
    Text(&'f str),
    Number(i64),
}

async fn entries(connection: &mut AnyConnection, filter: &HistoryFilter) -> Result<Vec<Entry>, Fault> {
    let mut conditions = String::from("TRUE");
    let mut parameters = Vec::new();
    let mut add = |condition: &str, parameter| {
        parameters.push(parameter);
        conditions.push_str(" AND ");
        conditions.push_str(&condition.replace('?', &format!("${}", parameters.len())));
    };
    if let Some(actor) = &filter.actor {
        add("actor = ?", Parameter::Text(actor));
    }
    if let Some(project) = &filter.project {
        let condition = "number IN (SELECT change_projects.number FROM change_projects WHERE project = ?)";
        add(condition, Parameter::Text(project));
    }
    if let Some(key) = &filter.record {
        add(
            "number IN (SELECT change_records.number FROM change_records WHERE kind = ?",
            Parameter::Text(key.kind.name()),
        );
        add("kind_of = ?", Parameter::Text(&key.of));
        add("id = ?)", Parameter::Text(&key.id));
    }
    if let Some(since) = filter.since {
        add("at >= ?", Parameter::Number(milliseconds(since)));
    }
    if let Some(until) = filter.until {
        add("at < ?", Parameter::Number(milliseconds(until)));
    }
    if let Some(before) = filter.before_number {
        add("number < ?", Parameter::Number(bound(before)));
    }
    add("TRUE ORDER BY number DESC LIMIT ?", Parameter::Number(filter.limit.into()));
    let sql = format!(
        "SELECT number, at, actor, action, hash,
            (SELECT count(*) FROM change_records WHERE change_records.number = changes.number)
        FROM changes WHERE {conditions}"
    );
    let query = parameters.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, parameter| match parameter {
        Parameter::Text(text) => query.bind(*text),
        Parameter::Number(number) => query.bind(*number),
    });
    let rows = query.fetch_all(&mut *connection).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let mut entry = entry(&row)?;
        entry.changes = changes(connection, entry.number, filter).await?;
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(row: &AnyRow) -> Result<Entry, Fault> {
    Ok(Entry {
        number: number(row.try_get(0)?)?,
        time: time(row.try_get(1)?),
        actor: row.try_get(2)?,
        action: row.try_get(3)?,
        hash: feed::hash(row.try_get(4)?)?,
        records: number(row.try_get(5)?)?,
        changes: Vec::new(),
    })
}

async fn changes(
    connection: &mut AnyConnection,
    number: u64,
    filter: &HistoryFilter,
) -> Result<Vec<Change>, Fault> {
    const ALL: &str = "SELECT kind, kind_of, id, before, after FROM change_records WHERE number = $1 \
                       ORDER BY position LIMIT $2";
    const ONE: &str = "SELECT kind, kind_of, id, before, after FROM change_records WHERE number = $1 \
                       AND kind = $3 AND kind_of = $4 AND id = $5 LIMIT $2";
    let (number, limit) = (bound(number), i64::from(filter.record_limit));
    let query = match &filter.record {
        None => sqlx::query(ALL).bind(number).bind(limit),
        Some(key) => {
            sqlx::query(ONE).bind(number).bind(limit).bind(key.kind.name()).bind(&*key.of).bind(&*key.id)
        }
    };
    let rows = query.fetch_all(connection).await?;
    let mut lists = ProjectLists::default();
    rows.iter().map(|row| change(row, &mut lists)).collect()
}

fn change(row: &AnyRow, lists: &mut ProjectLists) -> Result<Change, Fault> {
    let key = feed::key(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)?;
    let mut record = |column| -> Result<_, Fault> {
        let json: Option<&str> = row.try_get(column)?;
        json.map(|json| feed::record(&key, json, lists)).transpose()
    };
    let (before, after) = (record(3)?, record(4)?);
    Ok(Change { key, before, after })
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn time(milliseconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}
