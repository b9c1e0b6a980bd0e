//! Makes a directory in a database.

use sqlx::{AnyConnection, Connection};

use super::address::DatabaseUrl;
use super::connect::{ConnectOptions, Database, Dialect, Way};
use super::fault::Fault;
use super::schema::{self, Form};
use super::shared::Head;
use super::write::{self, Author};
use crate::edit::{Change, Draft};
use crate::log::ChainHash;
use crate::model::{ADMIN, Record, Salt, Security, Settings, Token, User};
use crate::state::{State, Violation};
use crate::store::OpenError;

/// With what a directory begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founding {
    /// The security type (D1). Where it is enhanced from the start there is nothing yet that a project Default would
    /// have to hold.
    pub security: Security,
    /// Login of the first administrator.
    pub login: String,
    /// Name of the first administrator.
    pub name: String,
    /// Who makes the directory, for the log.
    pub actor: String,
}

/// What the log calls the first change.
const ACTION: &str = "make the directory";

/// What the first administrator's token is called.
const LABEL: &str = "first administrator";

impl Database {
    pub(crate) async fn initialise(
        url: &DatabaseUrl,
        founding: &Founding,
        options: &ConnectOptions,
    ) -> Result<(Database, String), OpenError> {
        let named = || url.to_string();
        let failed = |fault: Fault| OpenError::Database { url: named(), message: fault.to_string() };
        let first = First::new(founding).map_err(OpenError::Refused)?;
        let way = Way::new(url, options, true).map_err(failed)?;
        let mut connection = way.connect().await.map_err(failed)?;
        match schema::form(&mut connection, way.dialect).await.map_err(failed)? {
            Form::None => {}
            Form::Known => return Err(OpenError::Initialised { url: named() }),
            Form::Newer { found, known } => return Err(OpenError::Newer { url: named(), found, known }),
        }
        schema::migrate(&mut connection, way.dialect).await.map_err(failed)?;
        let time = options.clock.milliseconds();
        if !first.write(&mut connection, way.dialect, time, &founding.actor).await.map_err(failed)? {
            return Err(OpenError::Initialised { url: named() });
        }
        let database = Database::load(options, way, connection).await.map_err(failed)?;
        Ok((database, first.token))
    }
}

/// The first change of a directory.
struct First {
    salt: Salt,
    before: State,
    after: State,
    changes: Vec<Change>,
    token: String,
}

impl First {
    fn new(founding: &Founding) -> Result<First, Vec<Violation>> {
        let salt = Salt::random();
        // As the migrations leave it.
        let before = State::new(Security::Simplified, salt);
        let (token, record) = Token::issue(&founding.login, Some(LABEL), &salt);
        let user = User { roles: vec![ADMIN.into()], ..User::new(&founding.login, &founding.name) };
        let mut draft = Draft::new(&before);
        draft.put(Record::Settings(Settings { security: founding.security, default_project: None }));
        draft.create(Record::User(user));
        draft.put(Record::Token(record));
        let (after, changes) = draft.finish()?;
        Ok(First { salt, before, after, changes, token })
    }

    /// False if somebody else was first.
    async fn write(
        &self,
        connection: &mut AnyConnection,
        dialect: Dialect,
        time: i64,
        actor: &str,
    ) -> Result<bool, Fault> {
        let mut transaction = connection.begin_with(dialect.begin_to_write()).await?;
        let sql = "INSERT INTO directory (one, salt) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";
        let made = sqlx::query(sql).bind(self.salt.0.to_vec()).execute(&mut *transaction).await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        let head = Head { number: 0, time, hash: ChainHash::beginning(&self.salt) };
        sqlx::query("INSERT INTO head (one, number, at, hash) VALUES (1, 0, $1, $2)")
            .bind(time)
            .bind(head.hash.to_string())
            .execute(&mut *transaction)
            .await?;
        let author = Author { actor, action: ACTION, time };
        let states = [&self.before, &self.after];
        write::write(&mut transaction, dialect, head, &author, &self.changes, states).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
