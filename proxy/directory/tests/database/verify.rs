//! Tampering shows: in the log, in the tables, at the head, and in a log that was rewritten as a whole.

use cordon_directory::{Store, VerifyError};

use crate::on_both;
use crate::place::{Place, change, founding, object, options, project, records, user};

on_both!(
    an_untouched_directory_holds,
    whatever_is_altered_in_the_log_shows,
    whatever_is_altered_in_the_tables_shows,
    a_log_that_was_rewritten_is_not_the_one_that_was_noted,
);

async fn filled(place: &Place) -> Store {
    let store = place.found().await;
    change(&store, |draft| {
        draft.create(project("acme"));
        draft.create(project("globex"));
    })
    .await
    .unwrap();
    change(&store, |draft| draft.create(object("queue", "7", &["acme"]))).await.unwrap();
    change(&store, |draft| draft.create(user("olga"))).await.unwrap();
    store
}

async fn an_untouched_directory_holds(place: Place) {
    let store = filled(&place).await;
    let verified = store.verify(None).await.unwrap();
    assert_eq!((verified.entries, verified.head_number), (4, 4));
    assert_eq!(verified.records, records(&store).len() as u64);
    let noted = (verified.head_number, verified.head_hash.clone());
    change(&store, |draft| draft.create(user("boris"))).await.unwrap();
    assert_eq!(store.verify(Some(noted)).await.unwrap().entries, 5);
}

/// Each is undone by the second statement, and breaks what the number says.
const LOG: &[(u64, &str, &str)] = &[
    (
        3,
        "UPDATE changes SET actor = 'boris' WHERE number = 3",
        "UPDATE changes SET actor = 'anna' WHERE number = 3",
    ),
    (
        3,
        "UPDATE changes SET action = 'x' WHERE number = 3",
        "UPDATE changes SET action = 'test' WHERE number = 3",
    ),
    (2, "UPDATE changes SET at = at + 1 WHERE number = 2", "UPDATE changes SET at = at - 1 WHERE number = 2"),
    (
        3,
        "UPDATE change_records SET after = replace(after, 'acme', 'globex') WHERE number = 3",
        "UPDATE change_records SET after = replace(after, 'globex', 'acme') WHERE number = 3",
    ),
    (
        3,
        "UPDATE change_records SET after = '{' || after WHERE number = 3",
        "UPDATE change_records SET after = substr(after, 2) WHERE number = 3",
    ),
    (
        2,
        "UPDATE change_records SET position = position + 9 WHERE number = 2 AND position = 0",
        "UPDATE change_records SET position = position - 9 WHERE number = 2 AND position = 9",
    ),
    (
        3,
        "UPDATE change_records SET number = 3, position = 9 WHERE number = 4",
        "UPDATE change_records SET number = 4, position = 0 WHERE number = 3 AND position = 9",
    ),
    (
        4,
        "UPDATE head SET hash = (SELECT hash FROM changes WHERE number = 3), number = 3",
        "UPDATE head SET hash = (SELECT hash FROM changes WHERE number = 4), number = 4",
    ),
];

async fn whatever_is_altered_in_the_log_shows(place: Place) {
    let store = filled(&place).await;
    for (broken, tamper, undo) in LOG {
        assert_eq!(place.write_past(tamper).await.unwrap(), 1, "{tamper}");
        match store.verify(None).await {
            Err(VerifyError::Log { number, .. }) => assert_eq!(number, *broken, "{tamper}"),
            other => panic!("{tamper}: {other:?}"),
        }
        place.write_past(undo).await.unwrap();
        store.verify(None).await.unwrap();
    }
    // The end cut off, as if the last change had never been.
    place.write_past("DELETE FROM change_records WHERE number = 4").await.unwrap();
    place.write_past("DELETE FROM changes WHERE number = 4").await.unwrap();
    let cut = "UPDATE head SET number = 3, hash = (SELECT hash FROM changes WHERE number = 3)";
    place.write_past(cut).await.unwrap();
    let verified = store.verify(None).await;
    assert!(
        matches!(&verified, Err(VerifyError::Tables(what)) if what.contains("user `olga`")),
        "{verified:?}"
    );
    // The middle taken out.
    place.write_past("DELETE FROM change_projects WHERE number = 2").await.unwrap();
    place.write_past("DELETE FROM change_records WHERE number = 2").await.unwrap();
    place.write_past("DELETE FROM changes WHERE number = 2").await.unwrap();
    let verified = store.verify(None).await;
    assert!(matches!(verified, Err(VerifyError::Log { number: 2, .. })), "{verified:?}");
}

const TABLES: &[(&str, &str, &str)] = &[
    (
        "olga",
        "UPDATE users SET name = 'Oleg' WHERE login = 'olga'",
        "UPDATE users SET name = 'olga' WHERE login = 'olga'",
    ),
    (
        "olga",
        "INSERT INTO user_roles (login, role, position) VALUES ('olga', 'Admin', 0)",
        "DELETE FROM user_roles WHERE login = 'olga'",
    ),
    (
        "boris",
        "INSERT INTO users (login, folded, name) VALUES ('boris', 'boris', 'Boris')",
        "DELETE FROM users WHERE login = 'boris'",
    ),
    (
        "queue `7`",
        "UPDATE object_projects SET project = 'globex' WHERE id = '7'",
        "UPDATE object_projects SET project = 'acme' WHERE id = '7'",
    ),
    ("settings", "UPDATE settings SET security = 'simplified'", "UPDATE settings SET security = 'enhanced'"),
    (
        "globex",
        "UPDATE projects SET archived = 1 WHERE id = 'globex'",
        "UPDATE projects SET archived = 0 WHERE id = 'globex'",
    ),
];

async fn whatever_is_altered_in_the_tables_shows(place: Place) {
    let store = filled(&place).await;
    for (what, tamper, undo) in TABLES {
        assert_eq!(place.write_past(tamper).await.unwrap(), 1, "{tamper}");
        match store.verify(None).await {
            Err(VerifyError::Tables(told)) => assert!(told.contains(what), "{told}"),
            other => panic!("{tamper}: {other:?}"),
        }
        place.write_past(undo).await.unwrap();
        store.verify(None).await.unwrap();
    }
}

async fn a_log_that_was_rewritten_is_not_the_one_that_was_noted(place: Place) {
    let store = filled(&place).await;
    let noted = store.verify(None).await.unwrap();
    let noted = Some((noted.head_number, noted.head_hash));
    store.verify(noted.clone()).await.unwrap();
    // Somebody makes the directory again from nothing: a log that holds in itself.
    drop(store);
    for table in [
        "once_keys",
        "change_projects",
        "change_records",
        "changes",
        "head",
        "directory",
        "tokens",
        "user_roles",
        "users",
        "object_projects",
        "objects",
        "projects",
    ] {
        place.write_past(&format!("DELETE FROM {table}")).await.unwrap();
    }
    place.write_past("UPDATE settings SET security = 'simplified'").await.unwrap();
    let (store, _) = Store::initialise(&place.url, &founding(), &options()).await.unwrap();
    store.verify(None).await.unwrap();
    let verified = store.verify(noted.clone()).await;
    assert!(matches!(&verified, Err(VerifyError::Expected(what)) if what.contains("had 4")), "{verified:?}");
    for id in ["a", "b", "c"] {
        change(&store, |draft| draft.create(project(id))).await.unwrap();
    }
    let verified = store.verify(noted).await;
    assert!(
        matches!(&verified, Err(VerifyError::Expected(what)) if what.contains("another hash")),
        "{verified:?}"
    );
}
