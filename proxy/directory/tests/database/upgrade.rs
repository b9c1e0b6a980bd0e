//! A database of every earlier form is brought up to date with what it holds.

use std::path::Path;

use cordon_directory::{By, HistoryFilter, Once, OpenError, Store};
use sqlx::migrate::Migrator;

use crate::on_both;
use crate::place::{Place, by, change, options, project, records, user};

on_both!(every_earlier_form_is_brought_up_to_date);

/// Tables that a form brought, for taking them back: the state before it.
const BROUGHT: &[(i64, &[&str])] = &[(2, &["once_keys"])];

async fn every_earlier_form_is_brought_up_to_date(place: Place) {
    let folder = if place.is_sqlite() { "migrations/sqlite" } else { "migrations/postgres" };
    let migrator = Migrator::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).as_path()).await.unwrap();
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap();
    assert_eq!(BROUGHT.last().unwrap().0, newest, "say here what the newest migration brought");
    // Only the migrations up to a form make exactly its tables.
    for form in 1..newest {
        let place = if place.is_sqlite() { Place::sqlite() } else { Place::postgres().await.unwrap() };
        if place.is_sqlite() {
            std::fs::write(place.url.file().unwrap(), "").unwrap();
        }
        let earlier = tables_after(&place, &migrator, form).await;
        // With what a program of this form wrote: the directory made by this one, then taken back to the form.
        let opened = Store::connect(&place.url, &options()).await.err();
        assert!(matches!(opened, Some(OpenError::NotInitialised { .. })), "{opened:?}");
        let store = place.found().await;
        change(&store, |draft| {
            draft.create(project("acme"));
            draft.create(user("olga"));
        })
        .await
        .unwrap();
        let (before, verified) = (records(&store), store.verify(None).await.unwrap());
        drop(store);
        for (_, tables) in BROUGHT.iter().filter(|(brought, _)| *brought > form) {
            for table in *tables {
                place.write_past(&format!("DROP TABLE {table}")).await.unwrap();
            }
        }
        place.write_past(&format!("DELETE FROM _sqlx_migrations WHERE version > {form}")).await.unwrap();
        assert_eq!(tables(&place).await, earlier, "form {form}");

        let store = place.open().await;
        assert_eq!(records(&store), before);
        assert_eq!(store.verify(None).await.unwrap(), verified);
        assert_eq!(store.history(&HistoryFilter::default()).await.unwrap().len(), 2);
        let once = Some(Once { key: "k".to_owned(), fingerprint: [1; 32] });
        let done = store
            .change(&By { once, ..by("anna") }, |draft| {
                draft.create(project("globex"));
                Ok::<_, ()>(())
            })
            .await
            .unwrap();
        assert_eq!(done.number, 3);
    }
}

async fn tables_after(place: &Place, migrator: &Migrator, form: i64) -> Vec<String> {
    let pool = place.past().await;
    migrator.run_to(form, &pool).await.unwrap();
    pool.close().await;
    tables(place).await
}

async fn tables(place: &Place) -> Vec<String> {
    let sql = if place.is_sqlite() {
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    } else {
        "SELECT CAST(tablename AS text) FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    };
    let pool = place.past().await;
    let tables = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    pool.close().await;
    tables
}
