//! What one process commits is in force in the others.

use std::sync::Arc;

use cordon_directory::{Key, RecordKind, Store};

use crate::on_both;
use crate::place::{Place, change, founding, object, options, project, records, until, user};

on_both!(
    changes_of_others_are_followed_in_order,
    an_unchanged_directory_is_confirmed_again_and_again,
    a_request_under_way_keeps_its_version,
    a_database_that_was_brought_back_from_a_copy_is_loaded_anew,
);

async fn changes_of_others_are_followed_in_order(place: Place) {
    let writer = place.found().await;
    let followers = [place.open().await, place.open().await, place.open().await];
    change(&writer, |draft| draft.create(project("acme"))).await.unwrap();
    for number in 0..20 {
        change(&writer, |draft| draft.create(object("queue", &number.to_string(), &["acme"]))).await.unwrap();
    }
    change(&writer, |draft| draft.remove(&Key::new(RecordKind::Project, "acme"))).await.unwrap();
    let last = writer.current().change();
    for follower in &followers {
        until("the last change", || follower.current().change() == last).await;
        assert_eq!(records(follower), records(&writer));
        assert!(follower.status().trouble.is_none());
    }
}

async fn an_unchanged_directory_is_confirmed_again_and_again(place: Place) {
    let store = place.found().await;
    let status = store.status();
    until("a confirmation", || store.status().confirmed > status.confirmed).await;
    assert_eq!(store.status().revision, status.revision);
    assert_eq!(store.status().loaded, status.loaded);
}

async fn a_request_under_way_keeps_its_version(place: Place) {
    let store = place.found().await;
    let before = store.current();
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    assert!(before.state().project("acme").is_none());
    assert!(!Arc::ptr_eq(&before, &store.current()));
    assert_ne!(before.revision(), store.current().revision());
}

/// The head goes back to what it was, and other changes take the numbers of those that are lost.
async fn a_database_that_was_brought_back_from_a_copy_is_loaded_anew(place: Place) {
    let store = place.found().await;
    change(&store, |draft| draft.create(project("acme"))).await.unwrap();
    let follower = place.open().await;
    for login in ["olga", "boris"] {
        change(&store, |draft| draft.create(user(login))).await.unwrap();
    }
    until("the last change", || follower.current().change() == 4).await;
    drop(store);
    let back = [
        "BEGIN",
        "DELETE FROM change_records WHERE number > 2",
        "DELETE FROM change_projects WHERE number > 2",
        "DELETE FROM changes WHERE number > 2",
        "DELETE FROM users WHERE login <> 'anna'",
        "UPDATE head SET number = 2, hash = (SELECT hash FROM changes WHERE number = 2)",
        "COMMIT",
    ];
    place.write_past(&back.join("; ")).await.unwrap();
    until("the older state", || follower.current().change() == 2).await;
    assert!(follower.current().user_by_login("olga").is_none());

    // The same number with another hash: the log went another way while nobody looked.
    let other = place.open().await;
    change(&other, |draft| draft.create(project("globex"))).await.unwrap();
    until("the other log", || follower.current().state().project("globex").is_some()).await;
    assert_eq!(records(&follower), records(&other));
    follower.verify(None).await.unwrap();
}

#[tokio::test]
async fn another_directory_under_the_same_name_is_loaded_anew() {
    let place = Place::sqlite();
    let follower = place.found().await;
    change(&follower, |draft| draft.create(project("acme"))).await.unwrap();
    let salt = *follower.current().state().salt();
    // A directory of its own with as many changes, put over this one as somebody does who brings back a copy.
    let elsewhere = Place::sqlite();
    let (store, token) = Store::initialise(&elsewhere.url, &founding(), &options()).await.unwrap();
    change(&store, |draft| draft.create(project("globex"))).await.unwrap();
    elsewhere.write_past("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    drop(store);
    let copy = format!("ATTACH '{}' AS copy", elsewhere.url.file().unwrap().display());
    let tables = ["directory", "head", "changes", "change_records", "change_projects", "tokens", "projects"];
    let mut statements = vec![copy, "PRAGMA foreign_keys = OFF".to_owned(), "BEGIN".to_owned()];
    for table in tables {
        statements.push(format!("DELETE FROM {table}"));
        statements.push(format!("INSERT INTO {table} SELECT * FROM copy.{table}"));
    }
    statements.push("COMMIT".to_owned());
    place.write_past(&statements.join("; ")).await.unwrap();
    until("the other directory", || follower.current().state().project("globex").is_some()).await;
    assert!(*follower.current().state().salt() != salt);
    assert!(follower.current().user_by_token(&token).is_some());
    assert!(follower.current().state().project("acme").is_none());
}
