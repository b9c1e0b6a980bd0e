//! Connections to a database, and what differs between SQLite and PostgreSQL.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions as _, Connection, Executor};
use tokio::time::timeout;

use super::address::{DatabaseUrl, Place};
use super::fault::Fault;
use super::follow::Follower;
use super::load;
use super::schema::{self, Form};
use super::shared::Shared;
use crate::snapshot::Snapshot;
use crate::store::{OpenError, Standing};

/// How a database is used.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// How long a connection, an answer to a small question, or somebody else's lock is waited for.
    pub patience: Duration,
    /// Whether changes of others are followed. A command that makes one change and ends need not.
    pub follow: bool,
    /// What tells the time of changes.
    pub clock: Clock,
}

impl Default for ConnectOptions {
    fn default() -> ConnectOptions {
        ConnectOptions { patience: Duration::from_secs(10), follow: true, clock: Clock::default() }
    }
}

/// Tells the time: the system's unless a test has one of its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// A clock that is told by this function.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// Milliseconds since 1970.
    pub(super) fn milliseconds(&self) -> i64 {
        let since = (self.0)().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

/// What a database of this kind is asked in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A directory in a database.
pub(crate) struct Database {
    pub(super) shared: Arc<Shared>,
    /// Stops following when the store goes away.
    _follower: Option<Follower>,
}

impl Database {
    pub(crate) async fn connect(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Database, OpenError> {
        let named = || url.to_string();
        let failed = |fault: Fault| OpenError::Database { url: named(), message: fault.to_string() };
        let way = Way::new(url, options, false).map_err(failed)?;
        let mut connection = way.connect().await.map_err(failed)?;
        match schema::form(&mut connection, way.dialect).await.map_err(failed)? {
            Form::Known => {}
            Form::None => return Err(OpenError::NotInitialised { url: named() }),
            Form::Newer { found, known } => return Err(OpenError::Newer { url: named(), found, known }),
        }
        schema::migrate(&mut connection, way.dialect).await.map_err(failed)?;
        Database::load(options, way, connection).await.map_err(failed)
    }

    /// Loads a directory that is there, and begins to follow it.
    pub(super) async fn load(
        options: &ConnectOptions,
        way: Way,
        mut connection: AnyConnection,
    ) -> Result<Database, Fault> {
        let mut transaction = connection.begin_with(way.dialect.begin_to_read()).await?;
        let version = load::load(&mut transaction).await?;
        transaction.rollback().await?;
        let shared = Arc::new(Shared::new(options.clone(), way, version));
        let follower = options.follow.then(|| Follower::start(&shared, connection));
        Ok(Database { shared, _follower: follower })
    }

    pub(crate) fn current(&self) -> Arc<ArcSwap<Snapshot>> {
        Arc::clone(&self.shared.current)
    }

    pub(crate) fn standing(&self) -> Standing {
        self.shared.standing()
    }

    /// How long ago the snapshot was confirmed; asked at every request.
    pub(crate) fn age(&self) -> Duration {
        self.shared.age()
    }
}

/// How connections to the database are made.
pub(super) struct Way {
    pub(super) url: DatabaseUrl,
    pub(super) dialect: Dialect,
    patience: Duration,
    connect: AnyConnectOptions,
}

impl Way {
    /// `create`: a file that is not there is made.
    pub(super) fn new(url: &DatabaseUrl, options: &ConnectOptions, create: bool) -> Result<Way, Fault> {
        install_default_drivers();
        let dialect = match url.place() {
            Place::Sqlite(_) => Dialect::Sqlite,
            Place::Postgres(_) => Dialect::Postgres,
        };
        let address = url.to_connect(create).map_err(|error| sqlx::Error::Configuration(error.into()))?;
        // The log of the process is no place for what the directory holds.
        let connect = AnyConnectOptions::from_url(&address)?.disable_statement_logging();
        Ok(Way { url: url.clone(), dialect, patience: options.patience, connect })
    }

    /// A connection of its own. Unlike a pool it says at once why there is none.
    pub(super) async fn connect(&self) -> Result<AnyConnection, Fault> {
        let connecting = async {
            let mut connection = self.connect.connect().await?;
            self.dialect.prepare(&mut connection, self.patience).await?;
            Ok::<_, sqlx::Error>(connection)
        };
        Ok(timeout(self.patience, connecting).await.map_err(|_| Fault::Silent)??)
    }

    /// A pool of connections, which are made when they are needed.
    pub(super) fn pool(&self) -> AnyPool {
        let (dialect, patience) = (self.dialect, self.patience);
        AnyPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(patience)
            .after_connect(move |connection, _| Box::pin(dialect.prepare(connection, patience)))
            .connect_lazy_with(self.connect.clone())
    }

    /// Why a pool could make no connection, which it does not say itself.
    pub(super) async fn reason(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Database(sqlx::Error::PoolTimedOut) => self.connect().await.err().unwrap_or(fault),
            fault => fault,
        }
    }
}

impl Dialect {
    /// That of a connection.
    pub(super) fn of(connection: &AnyConnection) -> Dialect {
        match connection.backend_name() {
            "PostgreSQL" => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }

    /// Settings of each connection.
    async fn prepare(self, connection: &mut AnyConnection, patience: Duration) -> Result<(), sqlx::Error> {
        let milliseconds = patience.as_millis();
        let settings = match self {
            // What was acknowledged outlives a loss of power: a commit waits for the disk.
            Dialect::Sqlite => format!(
                "PRAGMA busy_timeout = {milliseconds}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON;"
            ),
            Dialect::Postgres => format!(
                "SET lock_timeout = {milliseconds}; SET synchronous_commit = on; SET TIME ZONE 'UTC'; \
                 SET idle_in_transaction_session_timeout = 600000;"
            ),
        };
        connection.execute(AssertSqlSafe(settings)).await?;
        Ok(())
    }

    /// Begins a transaction that sees one state of the database from its beginning to its end.
    pub(super) fn begin_to_read(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    /// Begins a transaction whose first statement takes the head's row, so that there is one writer at a time.
    pub(super) fn begin_to_write(self) -> &'static str {
        match self {
            Dialect::Sqlite => "BEGIN IMMEDIATE",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }

    /// The rows of a JSON array that is parameter 1, each as the column `value` of `batch`.
    pub(super) fn batch(self) -> &'static str {
        match self {
            Dialect::Sqlite => "json_each($1) AS batch",
            Dialect::Postgres => "jsonb_array_elements(CAST($1 AS jsonb)) AS batch (value)",
        }
    }

    /// All rows as one JSON array, each an array of these columns.
    pub(super) fn rows(self, columns: &str) -> String {
        match self {
            Dialect::Sqlite => format!("json_group_array(json_array({columns}))"),
            Dialect::Postgres => {
                format!("CAST(coalesce(json_agg(json_build_array({columns})), '[]') AS TEXT)")
            }
        }
    }

    /// Whether there is a table of this name.
    pub(super) async fn has_table(self, connection: &mut AnyConnection, name: &str) -> Result<bool, Fault> {
        let sql = match self {
            Dialect::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1",
            Dialect::Postgres => {
                "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass(quote_ident($1))"
            }
        };
        let found: i64 = sqlx::query_scalar(sql).bind(name).fetch_one(connection).await?;
        Ok(found > 0)
    }
}
