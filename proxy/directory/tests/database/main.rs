//! One suite for both databases: what holds for SQLite holds for PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod change;
mod constraints;
mod faults;
mod following;
mod history;
mod kill;
mod open;
mod place;
mod propagation;
mod random;
mod scale;
mod server;
mod upgrade;
mod verify;

/// Makes of each function a test on SQLite and one on PostgreSQL. The function is given a place for one directory of
/// its own, and is skipped with a hint where PostgreSQL is not installed.
macro_rules! on_both {
    ($($(#[$attribute:meta])* $name:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(crate::place::Place::sqlite()).await;
                }
            )*
        }
        mod on_postgres {
            $(
                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(place) = crate::place::Place::postgres().await {
                        super::$name(place).await;
                    }
                }
            )*
        }
    };
}
use on_both;
