//! What is opened, and what is told of what cannot be.

use std::path::Path;
use std::time::Duration;

use cordon_directory::{ConnectOptions, DatabaseUrl, Founding, OpenError, Store};

use crate::on_both;
use crate::place::{Place, founding, options, records, url};

on_both!(
    the_first_administrator_gets_a_token,
    a_directory_is_made_once,
    a_database_without_a_directory_is_told,
    a_newer_form_is_told,
);

async fn the_first_administrator_gets_a_token(place: Place) {
    let (store, token) = Store::initialise(&place.url, &founding(), &options()).await.unwrap();
    for store in [&store, &place.open().await] {
        let current = store.current();
        let user = current.user_by_token(&token).unwrap();
        assert_eq!(user.user().name, "Anna Ivanova");
        assert!(current.scope(&user, None).unwrap().rights.manage_access);
        assert_eq!(store.status().change, 1);
        assert!(store.is_writable());
    }
    let pool = place.past().await;
    let kept: Vec<String> = sqlx::query_scalar("SELECT hash FROM tokens").fetch_all(&pool).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!token.contains(&kept[0]));
}

async fn a_directory_is_made_once(place: Place) {
    let wrong = Founding { login: " anna".to_owned(), ..founding() };
    let refused = Store::initialise(&place.url, &wrong, &options()).await.err();
    assert!(matches!(refused, Some(OpenError::Refused(_))), "{refused:?}");
    let (one, other) = (founding(), founding());
    let opened = options();
    let both = tokio::join!(
        Store::initialise(&place.url, &one, &opened),
        Store::initialise(&place.url, &other, &opened),
    );
    let made = [both.0, both.1]
        .map(|made| made.map(|(store, _)| records(&store)).map_err(|error| error.to_string()));
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    let again = Store::initialise(&place.url, &founding(), &options()).await.err();
    assert!(matches!(again, Some(OpenError::Initialised { .. })), "{again:?}");
    assert_eq!(Some(records(&place.open().await)), made.into_iter().find_map(Result::ok));
}

async fn a_database_without_a_directory_is_told(place: Place) {
    if place.is_sqlite() {
        let missing = Store::connect(&place.url, &options()).await.err().unwrap().to_string();
        assert!(missing.contains("cordon.db") && missing.contains("not there"), "{missing}");
        std::fs::write(place.url.file().unwrap(), "").unwrap();
    }
    let opened = Store::connect(&place.url, &options()).await.err();
    assert!(matches!(&opened, Some(OpenError::NotInitialised { .. })), "{opened:?}");
    // What is somebody else's is none either.
    place.write_past("CREATE TABLE head (id INT)").await.unwrap();
    let opened = Store::connect(&place.url, &options()).await.err();
    assert!(matches!(&opened, Some(OpenError::NotInitialised { .. })), "{opened:?}");
}

async fn a_newer_form_is_told(place: Place) {
    drop(place.found().await);
    let newer = if place.is_sqlite() {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (99, 'newer', 1, x'00', 0)"
    } else {
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (99, 'newer', TRUE, '\\x00', 0)"
    };
    place.write_past(newer).await.unwrap();
    for opened in [
        Store::connect(&place.url, &options()).await.err(),
        Store::initialise(&place.url, &founding(), &options()).await.err(),
    ] {
        let told = opened.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(matches!(opened, Some(OpenError::Newer { found: 99, .. })), "{opened:?}");
        assert!(told.contains("form 99") && told.contains("newer"), "{told}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_alone() {
    let place = Place::sqlite();
    let text = "[[project]]\nid = \"acme\"\n".repeat(100);
    std::fs::write(place.url.file().unwrap(), &text).unwrap();
    for told in [
        Store::connect(&place.url, &options()).await.err().unwrap().to_string(),
        Store::initialise(&place.url, &founding(), &options()).await.err().unwrap().to_string(),
    ] {
        assert!(told.contains("no database"), "{told}");
    }
    assert_eq!(std::fs::read_to_string(place.url.file().unwrap()).unwrap(), text);
}

#[tokio::test]
async fn a_path_may_have_any_characters() {
    let folder = tempfile::tempdir().unwrap();
    let url = url("sqlite:Каталог 100% ? #1.db", folder.path());
    Store::initialise(&url, &founding(), &options()).await.unwrap();
    assert!(folder.path().join("Каталог 100% ? #1.db").exists());
    Store::connect(&url, &options()).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_told_without_the_password() {
    let options = ConnectOptions { patience: Duration::from_millis(300), ..options() };
    // A port of this machine where nobody listens, because it is taken and let go.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!("postgres://cordon@127.0.0.1:{port}/fleet?password=hunter2");
    let url = DatabaseUrl::parse(&text, Path::new("")).unwrap().with_password("hunter2");
    let error = Store::connect(&url, &options).await.err().unwrap();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    assert!(error.to_string().contains(&format!("postgres://cordon@127.0.0.1:{port}/fleet")), "{error}");
}
