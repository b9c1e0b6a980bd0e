//! A database that goes away: nothing is made up, nothing is lost, and the caller is told what to do.

use std::path::Path;
use std::time::Duration;

use cordon_admin::Options;
use cordon_directory::{ConnectOptions, DatabaseUrl};
use serde_json::json;

use crate::harness::Api;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_gone_what_is_known_is_told_and_nothing_is_changed() {
    let Some(mut server) = Server::start() else { return };
    let url = DatabaseUrl::parse(server.url(), Path::new("")).unwrap();
    let connect = ConnectOptions { patience: Duration::from_secs(2), ..ConnectOptions::default() };
    let options = Options { max_age: Some(Duration::from_millis(500)), ..Options::default() };
    let api = Api::over(&url, tempfile::tempdir().unwrap(), &connect, options).await;
    api.send("adam", "POST", "/projects", json!({"id": "acme", "name": "Acme"})).await.expect(201);
    let key = [("idempotency-key", "after-the-crash")];
    let body = || Some(json!({"id": "globex", "name": "Globex"}).to_string());

    let mut server = tokio::task::spawn_blocking(move || {
        server.tell("stop");
        server
    })
    .await
    .unwrap();
    // What the process knows is told, with its age.
    assert_eq!(api.get("adam", "/projects").await.each("id"), ["acme"]);
    let health = until(&api, 503).await;
    assert_eq!(health["status"], "stale");
    let made = api.ask("adam", "POST", "/projects", &key, body()).await.expect(503);
    for answer in [
        made,
        api.send("adam", "PATCH", "/projects/acme", json!({"name": "Acme Ltd"})).await.expect(503),
        api.delete("adam", "/projects/acme").await.expect(503),
        api.send("adam", "POST", "/settings/enhance", json!(null)).await.expect(503),
        api.send("adam", "POST", "/import", json!({"format": 1, "projects": []})).await.expect(503),
        api.get("adam", "/history").await.expect(503),
        api.get("adam", "/verify").await.expect(503),
    ] {
        assert_eq!(answer.json()["code"], "unavailable", "{answer:?}");
        assert_eq!(answer.header("retry-after"), "1");
        // Where the database is and what it says is for the operator's log.
        assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("postgres"), "{answer:?}");
    }

    server = tokio::task::spawn_blocking(move || {
        server.tell("start");
        server
    })
    .await
    .unwrap();
    assert_eq!(until(&api, 200).await["status"], "ok");
    // The same request again makes it once.
    for _ in 0..2 {
        api.ask("adam", "POST", "/projects", &key, body()).await.expect(201);
    }
    assert_eq!(api.get("adam", "/projects").await.each("id"), ["acme", "globex"]);
    assert_eq!(api.get("adam", "/projects/acme").await.json()["name"], "Acme");
    assert_eq!(api.get("adam", "/verify").await.json()["holds"], true);
    drop(api);
    drop(server);
}

/// What `/health` says when it has this status. A minute is not a measure of time but the end of hope.
async fn until(api: &Api, status: u16) -> serde_json::Value {
    for _ in 0..600 {
        let health = api.ask("", "GET", "/health", &[], None).await;
        if health.status == status && (status != 200 || health.json()["status"] == "ok") {
            return health.json();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("/health never had the status {status}");
}
