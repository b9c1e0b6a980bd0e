//! Writes what a change does: the rows of its records, its entry in the log, the new head.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::{Value, json};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::connect::Dialect;
use super::fault::Fault;
use super::feed::bound;
use super::rows::{At, NUMBERS, RECORDS, Row, TABLES, Table, rows};
use super::shared::Head;
use crate::edit::Change;
use crate::log::Link;
use crate::model::Record;
use crate::state::State;

/// Rows that are sent at once.
const BATCH: usize = 5_000;

/// Who makes a change, what they call it, and when.
pub(super) struct Author<'a> {
    pub(super) actor: &'a str,
    pub(super) action: &'a str,
    /// When, in milliseconds since 1970.
    pub(super) time: i64,
}

/// Writes a change that follows the head, and tells the head that it makes. The head's row must be locked.
pub(super) async fn write(
    connection: &mut AnyConnection,
    dialect: Dialect,
    head: Head,
    author: &Author<'_>,
    changes: &[Change],
    states: [&State; 2],
) -> Result<Head, Fault> {
    let mut writer = Writer { connection, dialect };
    writer.records(changes, states).await?;
    writer.log(head, author, changes).await
}

struct Writer<'c> {
    connection: &'c mut AnyConnection,
    dialect: Dialect,
}

/// Rows of a table as they are sent: JSON arrays of [`BATCH`] of them at the most. A million rows of values would take
/// many times the memory.
#[derive(Default)]
struct Sheet {
    rows: usize,
    /// Each without its closing bracket.
    batches: Vec<String>,
}

/// Rows for each of the tables.
type Sheets = [Sheet; TABLES.len()];

impl Sheet {
    fn push(&mut self, row: &[Value]) -> Result<(), Fault> {
        let row = serde_json::to_string(row).map_err(|error| Fault::damaged(error.to_string()))?;
        match self.batches.last_mut() {
            Some(batch) if !self.rows.is_multiple_of(BATCH) => {
                batch.push(',');
                batch.push_str(&row);
            }
            _ => self.batches.push(format!("[{row}")),
        }
        self.rows += 1;
        Ok(())
    }
}

impl Writer<'_> {
    /// Brings the rows of the changed records from the one state to the other. What a unique name or a list's entry
    /// leaves is free before another takes it, and nothing refers to what is not there at any moment.
    async fn records(&mut self, changes: &[Change], [before, after]: [&State; 2]) -> Result<(), Fault> {
        let mut gone: Sheets = Default::default();
        let mut parked: Sheets = Default::default();
        let mut put: Sheets = Default::default();
        // In the order of the tables' keys, so that neighbours are written together.
        let mut sorted: Vec<&Change> = changes.iter().collect();
        sorted.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        for change in sorted {
            let old = change.before.as_ref().map(|record| rows_in(record, before)).unwrap_or_default();
            let new = change.after.as_ref().map(|record| rows_in(record, after)).unwrap_or_default();
            let kept: HashMap<_, _> = new.iter().map(|(at, row)| (key_of(*at, row), row)).collect();
            let was: HashSet<_> = old.iter().collect();
            for (at, row) in &old {
                let table = &TABLES[*at as usize];
                let kept = kept.get(&key_of(*at, row));
                if kept.is_none() {
                    gone[*at as usize].push(&row[..table.key])?;
                }
                if let Some(folded) = table.folded
                    && kept.is_none_or(|kept| kept[folded] != row[folded])
                {
                    parked[*at as usize].push(&park(row, folded))?;
                }
            }
            for row in new.iter().filter(|row| !was.contains(row)) {
                put[row.0 as usize].push(&row.1)?;
            }
        }
        for at in RECORDS..TABLES.len() {
            self.delete(&TABLES[at], std::mem::take(&mut gone[at])).await?;
        }
        for sheets in [parked, put] {
            for (table, sheet) in TABLES.iter().zip(sheets) {
                self.put(table, sheet).await?;
            }
        }
        for at in (0..RECORDS).rev() {
            self.delete(&TABLES[at], std::mem::take(&mut gone[at])).await?;
        }
        Ok(())
    }

    async fn log(&mut self, head: Head, author: &Author<'_>, changes: &[Change]) -> Result<Head, Fault> {
        let (number, time) = (head.number + 1, author.time);
        let mut link = Link::new(head.hash, number, time, author.actor, author.action);
        let mut projects: BTreeSet<&str> = BTreeSet::new();
        let sql =
            "INSERT INTO changes (number, at, actor, action, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)";
        // The hash is known when the records are written; until then nobody sees the row.
        sqlx::query(sql)
            .bind(bound(number))
            .bind(time)
            .bind(author.actor)
            .bind(author.action)
            .bind(head.hash.to_string())
            .bind("0".repeat(64))
            .execute(&mut *self.connection)
            .await?;
        for (first, batch) in changes.chunks(BATCH).enumerate() {
            let mut sheet = Sheet::default();
            for (offset, change) in batch.iter().enumerate() {
                let json = [&change.before, &change.after].map(|record| record.as_ref().map(Record::to_json));
                let [old, new] = &json;
                let key = [change.key.kind.name(), &change.key.of, &change.key.id];
                link.record(key, old.as_deref(), new.as_deref());
                let records = [&change.before, &change.after].into_iter().flatten();
                projects.extend(records.flat_map(|record| record.projects()).map(|id| &**id));
                let [kind, of, id] = key;
                let position = first * BATCH + offset;
                sheet.push(&[
                    json!(number),
                    json!(position),
                    json!(kind),
                    json!(of),
                    json!(id),
                    json!(old),
                    json!(new),
                ])?;
            }
            self.put(&TABLES[At::ChangeRecords as usize], sheet).await?;
        }
        let hash = link.finish();
        let batch = self.dialect.batch();
        let sql = format!("INSERT INTO change_projects (project, number) SELECT value->>0, $2 FROM {batch}");
        let projects: Vec<[&str; 1]> = projects.into_iter().map(|id| [id]).collect();
        let projects = json!(projects).to_string();
        sqlx::query(AssertSqlSafe(sql))
            .bind(projects)
            .bind(bound(number))
            .execute(&mut *self.connection)
            .await?;
        sqlx::query("UPDATE changes SET hash = $1 WHERE number = $2")
            .bind(hash.to_string())
            .bind(bound(number))
            .execute(&mut *self.connection)
            .await?;
        sqlx::query("UPDATE head SET number = $1, at = $2, hash = $3 WHERE one = 1")
            .bind(bound(number))
            .bind(time)
            .bind(hash.to_string())
            .execute(&mut *self.connection)
            .await?;
        Ok(Head { number, time, hash })
    }

    /// Puts rows in, in the place of those of the same key.
    async fn put(&mut self, table: &Table, sheet: Sheet) -> Result<(), Fault> {
        let columns = table.columns.join(", ");
        let (key, others) = table.columns.split_at(table.key);
        let key = key.join(", ");
        let others: Vec<String> = others.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        let conflict = match others.is_empty() {
            true => "NOTHING".to_owned(),
            false => format!("UPDATE SET {}", others.join(", ")),
        };
        let values = values(table.columns);
        let (name, batch) = (table.name, self.dialect.batch());
        // `WHERE TRUE` tells the database that `ON CONFLICT` is no condition of a join.
        let sql = format!(
            "INSERT INTO {name} ({columns}) SELECT {values} FROM {batch} WHERE TRUE ON CONFLICT ({key}) DO {conflict}"
        );
        self.each_batch(&sql, sheet).await
    }

    /// Takes the rows of these keys away.
    async fn delete(&mut self, table: &Table, keys: Sheet) -> Result<(), Fault> {
        let key = &table.columns[..table.key];
        let values = values(key);
        let (name, key, batch) = (table.name, key.join(", "), self.dialect.batch());
        let sql = format!("DELETE FROM {name} WHERE ({key}) IN (SELECT {values} FROM {batch})");
        self.each_batch(&sql, keys).await
    }

    async fn each_batch(&mut self, sql: &str, sheet: Sheet) -> Result<(), Fault> {
        for batch in sheet.batches {
            let query = sqlx::query(AssertSqlSafe(sql.to_owned())).bind(batch + "]");
            query.execute(&mut *self.connection).await?;
        }
        Ok(())
    }
}

/// The columns out of a row of a batch.
fn values(columns: &[&str]) -> String {
    let value = |(index, name): (usize, &&str)| match NUMBERS.contains(name) {
        true => format!("CAST(value->>{index} AS BIGINT)"),
        false => format!("value->>{index}"),
    };
    columns.iter().enumerate().map(value).collect::<Vec<_>>().join(", ")
}

/// A row whose name is out of the way: no name is folded to a text with a control character.
fn park(row: &Row, folded: usize) -> Row {
    let mut row = row.clone();
    row[folded] = Value::String(format!("\u{1}{}", row[folded].as_str().unwrap_or_default()));
    row
}

fn key_of(at: At, row: &Row) -> (At, &[Value]) {
    (at, &row[..TABLES[at as usize].key])
}

fn rows_in(record: &Record, state: &State) -> Vec<(At, Row)> {
    rows(record, |kind| state.object_kind(kind).is_some_and(|kind| kind.single_project))
}
