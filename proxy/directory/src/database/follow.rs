//! Follows the log, so that what others commit is in force here.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AnyConnection, ConnectOptions as _};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::connect::Dialect;
use super::fault::Fault;
use super::feed;
use super::shared::Shared;

/// On which PostgreSQL tells that there is a new entry.
pub(super) const CHANNEL: &str = "cordon_directory";

/// How often SQLite is asked, which tells nothing by itself.
const SQLITE_POLL: Duration = Duration::from_millis(50);

/// How often PostgreSQL is asked although it told nothing.
const POSTGRES_POLL: Duration = Duration::from_secs(1);

/// How long is waited at the most before another attempt to reach the database.
const RETRY: Duration = Duration::from_secs(1);

/// A task that follows the log until this is dropped.
pub(super) struct Follower(JoinHandle<()>);

impl Follower {
    pub(super) fn start(shared: &Arc<Shared>) -> Follower {
        let dialect = shared.dialect;
        let shared = Arc::downgrade(shared);
        Follower(match dialect {
            Dialect::Sqlite => tokio::spawn(poll(shared, SQLITE_POLL)),
            Dialect::Postgres => tokio::spawn(listen(shared)),
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn poll(shared: Weak<Shared>, pause: Duration) {
    let mut waits = Waits::default();
    while let Some(shared) = shared.upgrade() {
        let wait = waits.after(look(&shared).await, pause);
        drop(shared);
        sleep(wait).await;
    }
}

/// Listens, and looks whenever there was word, and now and then besides. Word that is lost with a connection is made
/// up for by the look that follows each attempt to connect.
async fn listen(shared: Weak<Shared>) {
    let mut listener = None;
    let mut waits = Waits::default();
    while let Some(strong) = shared.upgrade() {
        if listener.is_none() {
            listener = listener_of(&strong).await.ok();
        }
        let looked = look(&strong).await;
        let lost = listener.is_none() || !looked;
        let wait = waits.after(!lost, POSTGRES_POLL);
        drop(strong);
        match &mut listener {
            Some(heard) => {
                // Word of several entries is made up for by one look.
                match timeout(wait, heard.try_recv()).await {
                    Ok(Ok(Some(_))) => while heard.next_buffered().is_some() {},
                    Ok(Ok(None)) | Ok(Err(_)) => {
                        listener = None;
                        sleep(waits.short()).await;
                    }
                    Err(_) => {}
                }
            }
            None => sleep(wait).await,
        }
    }
}

async fn listener_of(shared: &Shared) -> Result<PgListener, Fault> {
    let address = shared.url.to_connect(false).map_err(|error| sqlx::Error::Configuration(error.into()))?;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(shared.options.patience)
        .connect_lazy_with(PgConnectOptions::from_url(&address)?);
    let listening = async {
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    Ok(timeout(shared.options.patience, listening).await.map_err(|_| Fault::Silent)??)
}

/// Looks at the database's head and catches up with it. False if that failed.
async fn look(shared: &Shared) -> bool {
    let fault = match timeout(shared.options.patience, shared.pool.acquire()).await {
        Err(_) => Fault::Silent,
        Ok(Err(error)) => error.into(),
        Ok(Ok(mut connection)) => match catch_up(shared, &mut connection).await {
            Ok(()) => return true,
            Err(fault) => {
                if fault.is_loss() {
                    connection.close_on_drop();
                }
                fault
            }
        },
    };
    shared.note(&fault);
    false
}

async fn catch_up(shared: &Shared, connection: &mut AnyConnection) -> Result<(), Fault> {
    let asked = timeout(shared.options.patience, feed::head(connection)).await;
    let head = asked.map_err(|_| Fault::Silent)??;
    if head == shared.head() {
        shared.confirm_at(head);
        return Ok(());
    }
    // One state of the database throughout, in case everything is loaded anew.
    let mut transaction = sqlx::Connection::begin_with(connection, shared.dialect.begin_to_read()).await?;
    let head = feed::head(&mut transaction).await?;
    let (version, succession) = feed::catch_up(&mut transaction, shared.version(), head).await?;
    transaction.rollback().await?;
    shared.publish(version, succession);
    Ok(())
}

/// How long is waited before the next look: longer after each that failed.
#[derive(Default)]
struct Waits {
    failures: u32,
}

impl Waits {
    fn after(&mut self, looked: bool, pause: Duration) -> Duration {
        self.failures = if looked { 0 } else { self.failures.saturating_add(1) };
        match self.failures {
            0 => pause,
            failures => (Duration::from_millis(25) * 2_u32.saturating_pow(failures.min(10))).min(RETRY),
        }
    }

    fn short(&self) -> Duration {
        Duration::from_millis(25)
    }
}

impl Dialect {
    /// Tells those who follow that there is a new entry, as soon as the transaction is committed.
    pub(super) async fn notify(self, connection: &mut AnyConnection, number: u64) -> Result<(), Fault> {
        if self == Dialect::Postgres {
            let sql = "SELECT pg_notify($1, $2)";
            sqlx::query(sql).bind(CHANNEL).bind(number.to_string()).execute(connection).await?;
        }
        Ok(())
    }
}
