//! Whether the process lives, and whether requests are welcome.

use std::sync::Arc;
use std::time::Duration;

use cordon_directory::{ConnectOptions, DatabaseUrl, Founding, Security, Store};
use cordon_gateway::GatewayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stage::{Stage, TOKEN, list, raw};

#[tokio::test]
async fn a_proxy_that_serves_is_alive_and_ready() {
    let stage = Stage::new().await;
    for (path, text) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let reply = stage.ask(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, text));
        assert!(reply.head.contains("cache-control: no-store"), "{}", reply.head);
    }
    assert_eq!(stage.ask("/api/calls").await.status, 404);
    let post = "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let reply = raw(stage.operators, post).await;
    assert_eq!(reply.status, 405);
    assert!(reply.head.contains("allow: GET, HEAD"), "{}", reply.head);
}

#[tokio::test]
async fn operators_paths_are_the_backends_on_the_data_plane() {
    let stage = Stage::new().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        let reply = stage.get("anna", path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.body.contains("no-such-route"), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_directory_that_nobody_confirms_makes_it_unready() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse("sqlite:directory.db", folder.path()).unwrap();
    let founding = Founding {
        security: Security::Enhanced,
        login: "adam".to_owned(),
        name: "Adam".to_owned(),
        actor: "test".to_owned(),
    };
    // Nobody follows it, so that it is confirmed once and never again.
    let options = ConnectOptions { follow: false, ..ConnectOptions::default() };
    let (store, _) = Store::initialise(&url, &founding, &options).await.unwrap();
    let age = |config: &mut GatewayConfig| config.directory_age = Duration::from_millis(1);
    let stage = Stage::over(store, age, |_| Arc::default(), list).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let reply = stage.ask("/readyz").await;
    assert_eq!((reply.status, reply.body.as_str()), (503, "not ready\ndirectory-stale\n"));
    assert_eq!(stage.ask("/healthz").await.status, 200);
    assert_eq!(stage.get("anna", "/api/calls").await.status, 503);
    let metrics = stage.metrics().await;
    assert_eq!(metrics.value("cordon_ready"), 0.0);
    assert_eq!(metrics.value("cordon_refusals_total{reason=\"directory-stale\",culprit=\"gateway\"}"), 1.0);
}

/// A request under way keeps the drain going: its body is not sent to the end.
#[tokio::test]
async fn one_that_drains_says_so_until_it_has() {
    let mut stage = Stage::new().await;
    let mut slow = TcpStream::connect(stage.address).await.unwrap();
    let head = format!(
        "POST /api/search HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\
         Authorization: Bearer {TOKEN}anna\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    while stage.metrics().await.value("cordon_requests_under_way") == 0.0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.stop();
    while stage.ask("/readyz").await.status == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(stage.ask("/readyz").await.body, "not ready\ndraining\n");
    assert_eq!(stage.metrics().await.value("cordon_draining"), 1.0);
    slow.write_all(b"}").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    (&mut stage.served).await.unwrap();
    assert_eq!(stage.metrics().await.value("cordon_requests_under_way"), 0.0);
}
