//! Open streams when what they go by changes (D8).

use std::path::PathBuf;
use std::sync::Arc;

use cordon_directory::Store;
use cordon_gateway::GatewayConfig;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::backend::fed;
use crate::live::{Reader, event, shown};
use crate::stage::{Stage, changed_policy, directory_text, policy};
use crate::websocket::{self, about, code, say, text};

/// A directory in a file.
struct Changing {
    store: Arc<Store>,
    path: PathBuf,
    _folder: TempDir,
}

impl Changing {
    fn new(security: &str) -> Changing {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("directory.toml");
        std::fs::write(&path, directory_text(security)).unwrap();
        Changing { store: Arc::new(Store::open(&path).unwrap()), path, _folder: folder }
    }

    /// Changes a part of the text, and waits until that is in force.
    fn change(&self, part: &str, by: &str) {
        let text = std::fs::read_to_string(&self.path).unwrap();
        assert!(text.contains(part), "{part}");
        std::fs::write(&self.path, text.replacen(part, by, 1)).unwrap();
        let status = self.store.reload();
        assert!(status.trouble.is_none(), "{status:?}");
    }
}

/// What may be changed under anna, and what is then in force for her.
const CHANGES: [(&str, &str); 4] = [
    // Another project.
    ("login = \"anna\"\nprojects = [\"acme\"]", "login = \"anna\"\nprojects = [\"zeta\"]"),
    // Nobody any more.
    ("login = \"anna\"", "login = \"hanna\""),
    // Another credential.
    (
        "9dc9d809de53dc1ada2d6790621f98d931f3b2435a322850407c7b8d46a7235e",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ),
    // Nothing is enforced any more.
    ("security = \"enhanced\"", "security = \"simplified\""),
];

#[tokio::test]
async fn d8_events_end_where_the_scope_is_another() {
    for (part, by) in CHANGES {
        for silent in [true, false] {
            let directory = Changing::new("enhanced");
            let (backend, handler) = fed("text/event-stream");
            let stage = Stage::over(Arc::clone(&directory.store), |_| {}, handler).await;
            let mut client = Reader::get(&stage, "/api/events").await;
            backend.send(event(1, "acme")).unwrap();
            client.until(|reply| reply.text() == shown(1)).await;
            directory.change(part, by);
            if !silent {
                backend.send(event(2, "acme")).unwrap();
            }
            let end = client.end().await;
            assert_eq!((end.text(), end.complete), (shown(1).as_str(), true), "{part}, {silent}");
        }
    }
}

#[tokio::test]
async fn d8_events_go_on_where_it_is_the_same() {
    let directory = Changing::new("enhanced");
    let (backend, handler) = fed("text/event-stream");
    let stage = Stage::over(Arc::clone(&directory.store), |_| {}, handler).await;
    let mut client = Reader::get(&stage, "/api/events").await;
    let mut expected = String::new();
    for round in 1..5 {
        backend.send(event(round, "acme")).unwrap();
        expected.push_str(&shown(round));
        client.until(|reply| reply.text() == expected).await;
        directory.change(
            "[[project]]",
            &format!("[[project]]\nid = \"p{round}\"\nname = \"P{round}\"\n[[project]]"),
        );
    }
    // What the backend calls a project is another's from now on: judged by the directory that is in force.
    directory.change("id = \"acme\"\nname = \"Acme\"", "id = \"acme\"\nname = \"Acme\"\naliases = [\"7\"]");
    backend.send(event(8, "7")).unwrap();
    expected.push_str(&shown(8));
    client.until(|reply| reply.text() == expected).await;
    directory.change("aliases = [\"7\"]", "");
    backend.send(event(9, "7")).unwrap();
    backend.send(event(10, "acme")).unwrap();
    expected.push_str(&shown(10));
    client.until(|reply| reply.text() == expected).await;
    drop(backend);
    assert!(client.end().await.complete);
}

#[tokio::test]
async fn d8_events_end_where_the_policy_is_another() {
    let (backend, handler) = fed("text/event-stream");
    let stage = Stage::new(handler).await;
    let mut client = Reader::get(&stage, "/api/events").await;
    backend.send(event(1, "acme")).unwrap();
    client.until(|reply| reply.text() == shown(1)).await;
    stage.gateway.activate(changed_policy("\"$.data.id\"", "\"$.data.other\"")).unwrap();
    backend.send(event(2, "acme")).unwrap();
    let end = client.end().await;
    assert_eq!((end.text(), end.complete), (shown(1).as_str(), true));
}

#[tokio::test]
async fn d1_observed_events_end_where_isolation_begins() {
    for silent in [true, false] {
        let directory = Changing::new("simplified");
        let (backend, handler) = fed("text/event-stream");
        let stage = Stage::over(Arc::clone(&directory.store), |_| {}, handler).await;
        let mut client = Reader::get(&stage, "/api/events").await;
        backend.send(event(2, "zeta")).unwrap();
        client.until(|reply| reply.text() == event(2, "zeta")).await;
        directory.change("simplified", "enhanced");
        if !silent {
            backend.send(event(4, "zeta")).unwrap();
        }
        let end = client.end().await;
        assert_eq!((end.text(), end.complete), (event(2, "zeta").as_str(), true));
    }
}

#[tokio::test]
async fn d1_observed_websockets_end_where_isolation_begins() {
    for silent in [true, false] {
        let directory = Changing::new("simplified");
        let mut sockets = websocket::backend::Sockets::start().await;
        let url = format!("http://{}", sockets.address).parse().unwrap();
        let set = |config: &mut GatewayConfig| config.backend.url = url;
        let stage = Stage::over(Arc::clone(&directory.store), set, |_| panic!("nobody asks")).await;
        let (mut client, mut backend) = websocket::pair(&stage, &mut sockets, "anna", "/api/socket").await;
        say(&mut backend, &about(2, "zeta")).await;
        assert_eq!(text(&mut client).await, about(2, "zeta"));
        directory.change("simplified", "enhanced");
        if !silent {
            say(&mut backend, &about(4, "zeta")).await;
        }
        assert_eq!(code(&mut client).await, Some(CloseCode::Restart));
        assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
    }
}

#[tokio::test]
async fn d8_websockets_end_where_the_scope_is_another() {
    for (at, (part, by)) in CHANGES.into_iter().enumerate() {
        for silent in [true, false] {
            let directory = Changing::new("enhanced");
            let mut sockets = websocket::backend::Sockets::start().await;
            let url = format!("http://{}", sockets.address).parse().unwrap();
            let set = |config: &mut GatewayConfig| config.backend.url = url;
            let stage = Stage::over(Arc::clone(&directory.store), set, |_| panic!("nobody asks")).await;
            let (mut client, mut backend) =
                websocket::pair(&stage, &mut sockets, "anna", "/api/socket").await;
            say(&mut backend, &about(1, "acme")).await;
            assert!(text(&mut client).await.contains("n1"));
            directory.change(part, by);
            if !silent {
                say(&mut backend, &about(3, "acme")).await;
                say(&mut client, "ping").await;
            }
            let expected = if at == 1 || at == 2 { CloseCode::Policy } else { CloseCode::Restart };
            assert_eq!(code(&mut client).await, Some(expected), "{part}, {silent}");
            assert_eq!(code(&mut backend).await, Some(CloseCode::Away), "{part}, {silent}");
        }
    }
}

#[tokio::test]
async fn d8_websockets_go_on_where_it_is_the_same_and_end_with_the_policy() {
    let directory = Changing::new("enhanced");
    let mut sockets = websocket::backend::Sockets::start().await;
    let url = format!("http://{}", sockets.address).parse().unwrap();
    let set = |config: &mut GatewayConfig| config.backend.url = url;
    let stage = Stage::over(Arc::clone(&directory.store), set, |_| panic!("nobody asks")).await;
    let (mut client, mut backend) = websocket::pair(&stage, &mut sockets, "anna", "/api/socket").await;
    directory.change("id = \"acme\"\nname = \"Acme\"", "id = \"acme\"\nname = \"Acme\"\naliases = [\"7\"]");
    say(&mut backend, &about(8, "7")).await;
    assert!(text(&mut client).await.contains("n8"));
    directory.change("aliases = [\"7\"]", "");
    say(&mut backend, &about(9, "7")).await;
    say(&mut backend, &about(10, "acme")).await;
    assert!(text(&mut client).await.contains("n10"));
    stage.gateway.activate(policy()).unwrap();
    assert_eq!(code(&mut client).await, Some(CloseCode::Restart));
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
}

/// A gateway before WebSockets, over this directory.
async fn before_sockets(directory: &Changing) -> (Stage, websocket::backend::Sockets) {
    let sockets = websocket::backend::Sockets::start().await;
    let url = format!("http://{}", sockets.address).parse().unwrap();
    let set = |config: &mut GatewayConfig| config.backend.url = url;
    (Stage::over(Arc::clone(&directory.store), set, |_| panic!("nobody asks")).await, sockets)
}

const ALIAS: &str = "id = \"acme\"\nname = \"Acme\"\naliases = [\"7\"]";

#[tokio::test]
async fn d8_a_change_for_others_asks_the_backend_nothing() {
    let directory = Changing::new("enhanced");
    let (stage, mut sockets) = before_sockets(&directory).await;
    let (mut client, mut backend) =
        websocket::pair(&stage, &mut sockets, "anna", "/api/calls/1/socket").await;
    assert_eq!(sockets.calls(), 1);
    let told = |id, project| format!("[{}]", crate::stage::call(id, project));
    for round in 1..20 {
        let project = format!("[[project]]\nid = \"p{round}\"\nname = \"P{round}\"\n[[project]]");
        directory.change("[[project]]", &project);
        say(&mut backend, &told(round, "acme")).await;
        assert!(text(&mut client).await.contains(&format!("n{round}")));
    }
    // Each message was judged by the directory in force all the same.
    directory.change("id = \"acme\"\nname = \"Acme\"", ALIAS);
    say(&mut backend, &told(50, "7")).await;
    assert!(text(&mut client).await.contains("n50"));
    directory.change("aliases = [\"7\"]", "");
    say(&mut backend, &told(51, "7")).await;
    say(&mut backend, &told(52, "acme")).await;
    assert!(text(&mut client).await.contains("n52"));
    assert_eq!(sockets.calls(), 1, "what it said of the call is judged as it was");
}

#[tokio::test]
async fn d8_a_change_of_what_a_websocket_is_about_asks_the_backend_and_ends_it() {
    for silent in [true, false] {
        let directory = Changing::new("enhanced");
        directory.change("id = \"acme\"\nname = \"Acme\"", ALIAS);
        let (stage, mut sockets) = before_sockets(&directory).await;
        let (mut client, mut backend) =
            websocket::pair(&stage, &mut sockets, "anna", "/api/calls/71/socket").await;
        // Anna sees the same projects as before, and the call is in none of them any more.
        directory.change("aliases = [\"7\"]", "");
        if !silent {
            say(&mut backend, &format!("[{}]", crate::stage::call(3, "acme"))).await;
        }
        assert_eq!(code(&mut client).await, Some(CloseCode::Policy));
        assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
        assert_eq!(sockets.calls(), 2);
    }
}
