//! What has no end, over real sockets: WebSockets and streams of events in the logs and the figures, while they go on and
//! when they are over.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cordon_directory::Store;
use cordon_operate::{AccessLogConfig, AuditConfig, Format, LogsConfig, Place, WhenFull};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::logs::{attached, lines};
use crate::stage::{Stage, TOKEN, directory_text};

type Socket = WebSocketStream<TcpStream>;

/// A gateway before a backend of one connection, with logs in files.
struct Play {
    stage: Stage,
    store: Arc<Store>,
    backend: TcpListener,
    folder: TempDir,
}

impl Play {
    async fn new() -> Play {
        let folder = tempfile::tempdir().unwrap();
        let audit = folder.path().join("audit.log");
        Play::auditing(folder, &audit).await
    }

    async fn auditing(folder: TempDir, audit: &Path) -> Play {
        let access = folder.path().join("access.log");
        let config = LogsConfig {
            access: Some(AccessLogConfig { place: Place::File(access), format: Format::Json }),
            audit: Some(AuditConfig {
                place: Place::File(audit.to_owned()),
                sync: false,
                when_full: WhenFull::Refuse,
            }),
            ..LogsConfig::default()
        };
        let directory = folder.path().join("directory.toml");
        std::fs::write(&directory, directory_text("enhanced")).unwrap();
        let store = Arc::new(Store::open(&directory).unwrap());
        let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = backend.local_addr().unwrap();
        let stage = Stage::before(Arc::clone(&store), address, attached(config)).await;
        Play { stage, store, backend, folder }
    }

    /// Both ends of a WebSocket.
    async fn socket(&self, login: &str, path: &str) -> (Socket, Socket) {
        let (client, backend) = tokio::join!(client(self.stage.address, login, path), async {
            let (stream, _) = self.backend.accept().await.unwrap();
            tokio_tungstenite::accept_async(stream).await.unwrap()
        });
        (client, backend)
    }

    async fn access(&self, number: usize) -> Vec<Value> {
        lines(&self.folder.path().join("access.log"), number).await
    }

    async fn audit(&self, number: usize) -> Vec<Value> {
        lines(&self.folder.path().join("audit.log"), number).await
    }

    /// Waits until a figure is this.
    async fn figure(&self, series: &str, value: f64) {
        let wait = async {
            while self.stage.metrics().await.value(series).total_cmp(&value).is_ne() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("{series}"));
    }
}

async fn client(address: SocketAddr, login: &str, path: &str) -> Socket {
    let mut request = format!("ws://cordon{path}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {TOKEN}{login}").parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Option<Message> {
    let came = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("something comes");
    came.and_then(Result::ok)
}

fn about(id: u32, project: &str) -> String {
    let call = json!({"id": id, "project": project, "note": "NOTEMARK", "phone": "+1555PHONEMARK"});
    json!({"type": "call", "call": call, "secret": "UNLISTEDMARK"}).to_string()
}

/// Ends it, and waits for the other side to have heard.
async fn end(client: &mut Socket, backend: &mut Socket) {
    client.close(None).await.unwrap();
    while next(backend).await.is_some() {}
    while next(client).await.is_some() {}
}

#[tokio::test]
async fn messages_are_counted_as_they_come_and_logged_at_the_end() {
    let play = Play::new().await;
    let (mut client, mut backend) = play.socket("anna", "/api/socket").await;
    for (id, project) in [(1, "acme"), (2, "zeta"), (3, "acme"), (4, "zeta"), (5, "zeta")] {
        backend.send(Message::text(about(id, project))).await.unwrap();
    }
    client.send(Message::text("ping")).await.unwrap();
    assert_eq!(next(&mut backend).await, Some(Message::text("ping")));
    let mut sent = 0;
    for _ in 0..2 {
        sent += next(&mut client).await.unwrap().len();
    }
    for (series, value) in [
        ("cordon_websocket_messages_total{route=\"socket\",fate=\"said\"}", 1.0),
        ("cordon_websocket_messages_total{route=\"socket\",fate=\"told\"}", 2.0),
        ("cordon_websocket_messages_total{route=\"socket\",fate=\"edited\"}", 2.0),
        ("cordon_websocket_messages_total{route=\"socket\",fate=\"dropped\"}", 3.0),
        ("cordon_records_kept_total{route=\"socket\"}", 2.0),
        ("cordon_records_dropped_total{route=\"socket\"}", 3.0),
        ("cordon_fields_masked_total{route=\"socket\"}", 2.0),
        ("cordon_requests_total{route=\"socket\",status=\"1xx\"}", 0.0),
    ] {
        play.figure(series, value).await;
    }
    end(&mut client, &mut backend).await;
    let line = play.access(1).await.remove(0);
    for (name, value) in [
        ("status", json!(101)),
        ("caller", json!("anna")),
        ("path", json!("/api/socket")),
        ("messages", json!({"said": 1, "told": 2, "edited": 2, "dropped": 3})),
        ("bytes_in", json!(4)),
        ("bytes_out", json!(sent)),
        ("kept", json!(2)),
        ("dropped", json!(3)),
        ("masked", json!(2)),
        ("outcome", json!("complete")),
    ] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert!(!line.to_string().contains("MARK"), "{line}");
    // Nothing is counted twice at the end.
    play.figure("cordon_requests_total{route=\"socket\",status=\"1xx\"}", 1.0).await;
    play.figure("cordon_records_kept_total{route=\"socket\"}", 2.0).await;
    play.figure("cordon_response_body_bytes_total{route=\"socket\"}", sent as f64).await;
    play.figure("cordon_request_body_bytes_total{route=\"socket\"}", 4.0).await;
    assert!(play.audit(0).await.is_empty(), "anna has no special right");
}

#[tokio::test]
async fn a_message_that_is_refused_is_counted_with_its_reason() {
    let play = Play::new().await;
    let (mut client, mut backend) = play.socket("anna", "/api/socket").await;
    client.send(Message::text("BODYMARK")).await.unwrap();
    while next(&mut backend).await.is_some() {}
    while next(&mut client).await.is_some() {}
    let line = play.access(1).await.remove(0);
    assert_eq!((&line["reason"], &line["outcome"]), (&json!("websocket-message"), &json!("broken")));
    assert_eq!(line["messages"]["said"], 0, "{line}");
    assert!(!line.to_string().contains("MARK"), "{line}");
    play.figure("cordon_refusals_total{reason=\"websocket-message\",culprit=\"caller\"}", 1.0).await;
}

#[tokio::test]
async fn d10_d13_what_a_message_reveals_is_written_before_it_is_sent() {
    let play = Play::new().await;
    let (mut client, mut backend) = play.socket("root", "/api/socket").await;
    for (number, (id, project)) in [(1, "acme"), (2, "zeta")].into_iter().enumerate() {
        backend.send(Message::text(about(id, project))).await.unwrap();
        let shown = next(&mut client).await.unwrap();
        assert!(shown.to_text().unwrap().contains("PHONEMARK"), "{shown}");
        let written = std::fs::read_to_string(play.folder.path().join("audit.log")).unwrap();
        assert_eq!(written.lines().count(), number + 1, "before it is shown: {written}");
    }
    // Nothing of this is by a right.
    backend.send(Message::text(r#"{"type":"end"}"#)).await.unwrap();
    next(&mut client).await.unwrap();
    end(&mut client, &mut backend).await;
    let lines = play.audit(2).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["exchange"], lines[1]["exchange"]);
    for line in &lines {
        for (name, value) in [
            ("part", json!("message")),
            ("caller", json!("root")),
            ("route", json!("socket")),
            (
                "rights",
                json!([
                    {"right": "see-everything", "records": 1, "fields": 0},
                    {"right": "see-masked-fields", "records": 0, "fields": 1},
                ]),
            ),
        ] {
            assert_eq!(line[name], value, "{name} in {line}");
        }
        assert!(!line.to_string().contains("MARK"), "{line}");
    }
    play.figure("cordon_audit_revealed_total{kind=\"records\"}", 2.0).await;
    play.figure("cordon_audit_revealed_total{kind=\"fields\"}", 2.0).await;
}

#[tokio::test]
async fn a_message_that_cannot_be_audited_is_not_sent() {
    let play = Play::auditing(tempfile::tempdir().unwrap(), Path::new("/dev/full")).await;
    let (mut client, mut backend) = play.socket("root", "/api/socket").await;
    backend.send(Message::text(r#"{"type":"begin"}"#)).await.unwrap();
    assert_eq!(next(&mut client).await, Some(Message::text(r#"{"type":"begin"}"#)));
    backend.send(Message::text(about(2, "zeta"))).await.unwrap();
    match next(&mut client).await {
        Some(Message::Close(Some(frame))) => assert_eq!(frame.code, CloseCode::Error),
        other => panic!("{other:?}"),
    }
    let line = play.access(1).await.remove(0);
    assert_eq!((&line["reason"], &line["kept"]), (&json!("audit-not-written"), &json!(0)), "{line}");
    play.figure("cordon_audit_refused_total", 1.0).await;
    // Who has no special right has nothing to do with it.
    let (mut client, mut backend) = play.socket("anna", "/api/socket").await;
    backend.send(Message::text(about(1, "acme"))).await.unwrap();
    assert!(next(&mut client).await.unwrap().to_text().unwrap().contains("NOTEMARK"));
}

#[tokio::test]
async fn a_websocket_that_is_not_filtered_is_told_of_before_it_opens() {
    let play = Play::new().await;
    let (mut client, mut backend) = play.socket("root", "/api/echo").await;
    let line = play.audit(1).await.remove(0);
    let unknown = json!([
        {"right": "see-everything", "records": null, "fields": null},
        {"right": "see-masked-fields", "records": null, "fields": null},
    ]);
    assert_eq!((&line["part"], &line["rights"]), (&json!("whole"), &unknown), "{line}");
    backend.send(Message::text("1")).await.unwrap();
    assert_eq!(next(&mut client).await, Some(Message::text("1")));
    end(&mut client, &mut backend).await;
    assert_eq!(play.audit(1).await.len(), 1);
}

/// A stream of events, from the backend's side.
struct Events(TcpStream);

impl Events {
    async fn accept(play: &Play) -> Events {
        let (mut stream, _) = play.backend.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        Events(stream)
    }

    async fn say(&mut self, id: u32, project: &str) {
        let data = json!({"id": id, "project": project, "note": "n", "phone": "+1555PHONEMARK"});
        let text = format!("id: {id}\ndata: {data}\n\n");
        self.0.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.unwrap();
    }
}

/// A client that has read up to a text.
async fn until(client: &mut TcpStream, text: &str) {
    let mut read = Vec::new();
    let wait = async {
        while !String::from_utf8_lossy(&read).contains(text) {
            read.push(client.read_u8().await.unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it comes");
}

async fn ask(play: &Play, login: &str) -> (TcpStream, Events) {
    let mut client = TcpStream::connect(play.stage.address).await.unwrap();
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}{login}\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let events = Events::accept(play).await;
    (client, events)
}

#[tokio::test]
async fn events_are_counted_as_they_come_and_logged_at_the_end() {
    let play = Play::new().await;
    let (mut client, mut events) = ask(&play, "anna").await;
    events.say(1, "acme").await;
    until(&mut client, "id: 1").await;
    events.say(2, "zeta").await;
    play.figure("cordon_records_dropped_total{route=\"events\"}", 1.0).await;
    play.figure("cordon_records_kept_total{route=\"events\"}", 1.0).await;
    play.figure("cordon_fields_masked_total{route=\"events\"}", 1.0).await;
    events.0.write_all(b"0\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    let line = play.access(1).await.remove(0);
    for (name, value) in [("kept", 1), ("dropped", 1), ("masked", 1)] {
        assert_eq!(line[name], value, "{name} in {line}");
    }
    assert_eq!((&line["outcome"], &line["messages"]), (&json!("complete"), &Value::Null), "{line}");
    assert!(line["bytes_out"].as_u64().unwrap() > 0, "{line}");
    play.figure("cordon_records_dropped_total{route=\"events\"}", 1.0).await;
}

#[tokio::test]
async fn d8_the_audit_of_events_goes_by_the_directory_in_force() {
    let play = Play::new().await;
    let (mut client, mut events) = ask(&play, "root").await;
    events.say(1, "acme").await;
    until(&mut client, "id: 1").await;
    let before = play.audit(1).await.remove(0);
    let file = play.folder.path().join("directory.toml");
    let text = std::fs::read_to_string(&file).unwrap() + "[[project]]\nid = \"third\"\nname = \"Third\"\n";
    std::fs::write(&file, text).unwrap();
    assert!(play.store.reload().trouble.is_none());
    // Without their right nobody would be shown this, which only the new directory knows.
    events.say(2, "third").await;
    until(&mut client, "id: 2").await;
    events.0.write_all(b"0\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    let after = play.audit(2).await.remove(1);
    assert_eq!((&before["part"], &after["part"]), (&json!("begun"), &json!("ended")));
    assert!(after["revision"].as_u64() > before["revision"].as_u64(), "{before} {after}");
    assert_eq!(after["rights"][0], json!({"right": "see-everything", "records": 2, "fields": 0}), "{after}");
}
