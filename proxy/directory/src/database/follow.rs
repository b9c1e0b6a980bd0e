//! Follows the log, so that what others commit is in force here.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{AnyConnection, ConnectOptions as _, Connection};
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

/// How long is waited after the first failure.
const FIRST_RETRY: Duration = Duration::from_millis(25);

/// How long catching up may take, be it that everything is loaded anew.
const LONGEST: Duration = Duration::from_secs(300);

/// A task that follows the log until this is dropped.
pub(super) struct Follower(JoinHandle<()>);

impl Follower {
    /// Follows on this connection until that is lost, and then on others.
    pub(super) fn start(shared: &Arc<Shared>, connection: AnyConnection) -> Follower {
        let dialect = shared.way.dialect;
        let eye = Eye { shared: Arc::downgrade(shared), connection: Some(connection), failures: 0 };
        Follower(match dialect {
            Dialect::Sqlite => tokio::spawn(poll(eye)),
            Dialect::Postgres => tokio::spawn(listen(eye)),
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn poll(mut eye: Eye) {
    while let Some(wait) = eye.look(SQLITE_POLL).await {
        sleep(wait).await;
    }
}

/// Listens, and looks whenever there was word, and now and then besides. Word that is lost with a connection is made
/// up for by the look that follows each attempt to connect.
async fn listen(mut eye: Eye) {
    let mut listener = None;
    while let Some(shared) = eye.shared.upgrade() {
        if listener.is_none() {
            listener = listener_of(&shared).await.ok();
        }
        drop(shared);
        let pause = if listener.is_some() { POSTGRES_POLL } else { RETRY };
        let Some(wait) = eye.look(pause).await else { return };
        let Some(heard) = &mut listener else {
            sleep(wait).await;
            continue;
        };
        match timeout(wait, heard.try_recv()).await {
            // Word of several entries is made up for by one look.
            Ok(Ok(Some(_))) => while heard.next_buffered().is_some() {},
            Ok(Ok(None) | Err(_)) => {
                listener = None;
                sleep(FIRST_RETRY).await;
            }
            Err(_) => {}
        }
    }
}

async fn listener_of(shared: &Shared) -> Result<PgListener, Fault> {
    let address =
        shared.way.url.to_connect(false).map_err(|error| sqlx::Error::Configuration(error.into()))?;
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

/// What looks at the database's head. It has a connection of its own, so that nothing that others do keeps it waiting.
struct Eye {
    shared: Weak<Shared>,
    connection: Option<AnyConnection>,
    /// Looks that failed since one that did not.
    failures: u32,
}

impl Eye {
    /// Looks at the head and catches up with it. Tells how long to wait before the next look: `pause`, or less after a
    /// failure. None: nobody wants to know any more.
    async fn look(&mut self, pause: Duration) -> Option<Duration> {
        let shared = self.shared.upgrade()?;
        let looked = timeout(LONGEST, look(&shared, &mut self.connection)).await;
        let Err(fault) = looked.unwrap_or(Err(Fault::Silent)) else {
            self.failures = 0;
            return Some(pause);
        };
        // A new connection is the cure of most.
        self.connection = None;
        shared.note(&fault);
        self.failures = self.failures.saturating_add(1);
        Some((FIRST_RETRY * 2_u32.saturating_pow(self.failures.min(10))).min(RETRY))
    }
}

async fn look(shared: &Shared, connection: &mut Option<AnyConnection>) -> Result<(), Fault> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(shared.way.connect().await?),
    };
    let asked = timeout(shared.options.patience, feed::head(connection)).await;
    let head = asked.map_err(|_| Fault::Silent)??;
    if head == shared.head() {
        shared.confirm_at(head);
        return Ok(());
    }
    // One state of the database throughout, in case everything is loaded anew.
    let mut transaction = connection.begin_with(shared.way.dialect.begin_to_read()).await?;
    let head = feed::head(&mut transaction).await?;
    let (version, succession) = feed::catch_up(&mut transaction, shared.version(), head).await?;
    transaction.rollback().await?;
    shared.publish(version, succession);
    Ok(())
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
