//! Where a test has its directory.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cordon_directory::model::{Settings, User};
use cordon_directory::{
    By, ChangeError, ConnectOptions, DatabaseUrl, Done, Draft, Founding, Object, Project, Record, Security,
    Store,
};
use sqlx::{AnyPool, AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::server;

/// A place for one directory.
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    /// How `sqlx` is told of it, for what is written past the program.
    pub(crate) plain: String,
    /// Goes away with the place.
    _folder: TempDir,
}

impl Place {
    pub(crate) fn sqlite() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let plain = format!("sqlite://{}", folder.path().join("cordon.db").display());
        Place { url: url("sqlite:cordon.db", folder.path()), plain, _folder: folder }
    }

    /// None where PostgreSQL is not installed.
    pub(crate) async fn postgres() -> Option<Place> {
        Some(Place::on(&server::shared()?).await)
    }

    /// A database of its own on a server.
    pub(crate) async fn on(server: &str) -> Place {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let name = format!("place_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(server).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        let plain = format!("{}/{name}", server.strip_suffix("/postgres").unwrap());
        Place { url: url(&plain, Path::new("")), plain, _folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.file().is_some()
    }

    /// Makes the directory, with `anna` as its administrator.
    pub(crate) async fn found(&self) -> Store {
        self.found_with(&options()).await
    }

    pub(crate) async fn found_with(&self, options: &ConnectOptions) -> Store {
        Store::initialise(&self.url, &founding(), options).await.unwrap().0
    }

    pub(crate) async fn open(&self) -> Store {
        Store::connect(&self.url, &options()).await.unwrap()
    }

    /// For what is written past the program.
    pub(crate) async fn past(&self) -> AnyPool {
        sqlx::any::install_default_drivers();
        AnyPool::connect(&self.plain).await.unwrap()
    }

    /// Runs one statement past the program.
    pub(crate) async fn write_past(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let pool = self.past().await;
        let done = pool.execute(AssertSqlSafe(sql.to_owned())).await;
        pool.close().await;
        done.map(|done| done.rows_affected())
    }
}

pub(crate) fn url(text: &str, folder: &Path) -> DatabaseUrl {
    DatabaseUrl::parse(text, folder).unwrap()
}

pub(crate) fn options() -> ConnectOptions {
    // Machines that run tests are slow at times.
    ConnectOptions { patience: Duration::from_secs(30), ..ConnectOptions::default() }
}

pub(crate) fn founding() -> Founding {
    Founding {
        security: Security::Enhanced,
        login: "anna".to_owned(),
        name: "Anna Ivanova".to_owned(),
        actor: "test".to_owned(),
    }
}

pub(crate) fn by(actor: &str) -> By<'static> {
    By { actor: actor.to_owned(), action: "test", once: None }
}

/// Makes a change that answers nothing and is never declined.
pub(crate) async fn change(
    store: &Store,
    edit: impl FnOnce(&mut Draft) + Send,
) -> Result<Done<()>, ChangeError<()>> {
    store
        .change(&by("anna"), |draft| {
            edit(draft);
            Ok(())
        })
        .await
}

pub(crate) fn project(id: &str) -> Record {
    Record::Project(Project::new(id, &format!("Project {id}")))
}

pub(crate) fn user(login: &str) -> Record {
    Record::User(User::new(login, login))
}

pub(crate) fn object(kind: &str, id: &str, projects: &[&str]) -> Record {
    Record::Object(Object { projects: projects.iter().copied().collect(), ..Object::new(kind, id) })
}

pub(crate) fn settings(security: Security) -> Record {
    Record::Settings(Settings { security, default_project: None })
}

/// All records, in one order.
pub(crate) fn records(store: &Store) -> Vec<Record> {
    let snapshot = store.current();
    let mut records: Vec<Record> = snapshot.state().records().collect();
    records.sort_by_key(Record::key);
    records
}

/// Waits until it is so. A minute is not a measure of time but the end of hope.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
