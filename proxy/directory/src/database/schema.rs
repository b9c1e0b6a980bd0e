//! The form of the database, and how an older one is brought up to date.

use std::sync::LazyLock;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, SqlSafeStr};

use super::connect::Dialect;
use super::fault::Fault;

/// The steps to the newest form, for SQLite and for PostgreSQL. A step that was ever released stays as it is.
const STEPS: [(&str, [&str; 2]); 2] = [
    (
        "directory",
        [
            include_str!("../../migrations/sqlite/0001_directory.sql"),
            include_str!("../../migrations/postgres/0001_directory.sql"),
        ],
    ),
    (
        "once",
        [
            include_str!("../../migrations/sqlite/0002_once.sql"),
            include_str!("../../migrations/postgres/0002_once.sql"),
        ],
    ),
];

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator_of(0));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator_of(1));

fn migrator_of(dialect: usize) -> Migrator {
    let migration = |(version, (name, texts)): (i64, (&'static str, [&'static str; 2]))| {
        Migration::new(version, name.into(), MigrationType::Simple, texts[dialect].into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(STEPS).map(migration).collect())
}

/// The table in which the migrations note that they were done.
const DONE: &str = "_sqlx_migrations";

/// What form a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// No directory was made in it.
    None,
    /// This one or an older one.
    Known,
    /// One of a newer program: its number, and the newest that is known here.
    Newer { found: i64, known: i64 },
}

/// Finds out what form the database has. Changes nothing.
pub(super) async fn form(connection: &mut AnyConnection, dialect: Dialect) -> Result<Form, Fault> {
    if !dialect.has_table(connection, DONE).await? {
        return Ok(Form::None);
    }
    let done = connection.list_applied_migrations(DONE).await?;
    let known = migrator(dialect).iter().map(|migration| migration.version).max().unwrap_or_default();
    Ok(match done.iter().map(|migration| migration.version).max() {
        None => Form::None,
        Some(found) if found > known => Form::Newer { found, known },
        Some(_) if dialect.has_table(connection, "head").await? && has_head(connection).await? => Form::Known,
        Some(_) => Form::None,
    })
}

/// Brings the database up to the newest form. Several programs may do so at once.
pub(super) async fn migrate(connection: &mut AnyConnection, dialect: Dialect) -> Result<(), Fault> {
    let migrator = migrator(dialect);
    match migrator.run_direct(None, connection, false).await {
        // SQLite has no lock for this: another program may have been first.
        Err(MigrateError::ExecuteMigration(..) | MigrateError::Execute(_)) if dialect == Dialect::Sqlite => {
            Ok(migrator.run_direct(None, connection, false).await?)
        }
        done => Ok(done?),
    }
}

/// Whether a directory was made, and not only its tables.
async fn has_head(connection: &mut AnyConnection) -> Result<bool, Fault> {
    let found: Option<i64> = sqlx::query_scalar("SELECT number FROM head").fetch_optional(connection).await?;
    Ok(found.is_some())
}

fn migrator(dialect: Dialect) -> &'static Migrator {
    match dialect {
        Dialect::Sqlite => &SQLITE,
        Dialect::Postgres => &POSTGRES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_step() {
        for dialect in ["sqlite", "postgres"] {
            let folder = format!("{}/migrations/{dialect}", env!("CARGO_MANIFEST_DIR"));
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let named = (1..).zip(&STEPS).map(|(version, (name, _))| format!("{version:04}_{name}.sql"));
            assert_eq!(files, named.collect::<Vec<_>>());
        }
    }
}
