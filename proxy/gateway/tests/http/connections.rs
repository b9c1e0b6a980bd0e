//! Limits of connections (H9, H11), and what is swapped under them (D8).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_directory::Store;
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::{Then, json, raw};
use crate::client;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

#[tokio::test]
async fn h9_large_heads_are_refused() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let long = format!("X-Long: {}\r\n", "a".repeat(100_000));
    let many = "X-Many: 1\r\n".repeat(200);
    for headers in [long, many] {
        let request = format!(
            "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n{headers}\r\n"
        );
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        // The other side may close before it has taken everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received).await;
        assert!(received.is_empty() || received.starts_with(b"HTTP/1.1 431"), "{received:?}");
    }
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn h9_an_http2_client_cannot_have_more_streams_than_are_allowed() {
    let few = |config: &mut GatewayConfig| config.limits.streams = 3;
    let stage = Stage::with("enhanced", few, |_| json(calls(TWO))).await;
    let io = TokioIo::new(TcpStream::connect(stage.address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let ask = |mut sender: SendRequest<Full<Bytes>>| async move {
        let request = http::Request::get("http://cordon/api/calls")
            .header("authorization", format!("Bearer {TOKEN}anna"))
            .body(Full::<Bytes>::default())
            .unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        let body = body.collect().await.unwrap();
        assert_eq!(&body.to_bytes()[..], ANNAS_CALLS.as_bytes());
    };
    // The first answer comes after the settings: from then on the client knows the limit.
    ask(sender.clone()).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        requests.spawn(ask(sender.clone()));
    }
    while let Some(done) = requests.join_next().await {
        done.unwrap();
    }
    connection.abort();
}

#[tokio::test]
async fn h11_a_head_that_does_not_end_is_not_waited_for() {
    let hasty = |config: &mut GatewayConfig| config.deadlines.request_head = Duration::from_millis(200);
    let stage = Stage::with("enhanced", hasty, |_| json(calls(TWO))).await;
    for bytes in ["", "GET /api/calls HTTP/1.1\r\nHost: cor"] {
        let received = client::exchange(stage.address, bytes.as_bytes()).await;
        assert!(received.is_empty() || received.starts_with(b"HTTP/1.1 408"), "{received:?}");
    }
}

/// A connection of HTTP/2 that has had one answer. It answers pings by itself.
async fn h2_after_one_answer(
    stage: &Stage,
) -> (SendRequest<Full<Bytes>>, tokio::task::JoinHandle<hyper::Result<()>>, http::StatusCode) {
    let io = TokioIo::new(TcpStream::connect(stage.address).await.unwrap());
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://cordon/api/calls")
        .header("authorization", format!("Bearer {TOKEN}anna"))
        .body(Full::<Bytes>::default())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    (sender, connection, status)
}

#[tokio::test]
async fn h11_idle_connections_are_closed() {
    let hasty = |config: &mut GatewayConfig| config.deadlines.request_head = Duration::from_millis(200);
    let stage = Stage::with("enhanced", hasty, |_| json(calls(TWO))).await;
    let (sender, connection, status) = h2_after_one_answer(&stage).await;
    assert_eq!(status, 200);
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await;
    assert!(matches!(ended, Ok(Ok(Ok(())))), "closed in an orderly way: {ended:?}");
    drop(sender);
    // HTTP/1, too: reading comes to an end although nobody asked for that.
    let request =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    let received = client::exchange(stage.address, request.as_bytes()).await;
    assert_eq!(client::parse(&received, false).unwrap().text(), ANNAS_CALLS);
}

#[tokio::test]
async fn h11_a_connection_is_not_idle_while_a_request_is_under_way() {
    let hasty = |config: &mut GatewayConfig| {
        config.deadlines.request_head = Duration::from_millis(50);
        config.deadlines.head = Duration::from_millis(700);
    };
    let stage = Stage::with("enhanced", hasty, |_| raw("", Then::Hang)).await;
    let (_sender, connection, status) = h2_after_one_answer(&stage).await;
    assert_eq!(status, 504);
    connection.abort();
}

/// What a client holds so that its connection and its stream stay open.
type OneRequest = (SendRequest<Full<Bytes>>, hyper::Response<hyper::body::Incoming>);

/// A client of HTTP/2 that takes no byte of a body, once it has the head of its answer.
async fn without_a_window(
    stage: &Stage,
    path: &str,
) -> (OneRequest, tokio::task::JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(TcpStream::connect(stage.address).await.unwrap());
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.initial_stream_window_size(0).handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get(format!("http://cordon{path}"))
        .header("authorization", format!("Bearer {TOKEN}anna"))
        .body(Full::<Bytes>::default())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    ((sender, response), connection)
}

#[tokio::test]
async fn h11_an_http2_client_without_a_window_loses_its_connection() {
    let hasty = |config: &mut GatewayConfig| {
        config.deadlines.request_head = Duration::from_millis(100);
        config.deadlines.whole = Duration::from_millis(200);
        config.deadlines.idle = Duration::from_millis(100);
    };
    let stage = Stage::with("enhanced", hasty, |_| json(calls(TWO))).await;
    let (_request, connection) = without_a_window(&stage, "/api/calls").await;
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await;
    assert!(ended.is_ok(), "the connection stays open");
}

#[tokio::test]
async fn h11_an_http2_client_without_a_window_does_not_keep_the_backend() {
    for (security, path) in
        [("enhanced", "/api/calls"), ("enhanced", "/api/calls/1/recording"), ("simplified", "/api/calls")]
    {
        let hasty = |config: &mut GatewayConfig| config.deadlines.idle = Duration::from_millis(200);
        let stage = Stage::with(security, hasty, |seen| {
            if seen.target == "/api/calls/1" {
                return json(r#"{"id":1,"project":"acme"}"#);
            }
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
            let record = r#"{"id":1,"project":"acme","note":"n"},"#.repeat(1000);
            let chunk = format!("{:x}\r\n{record}\r\n", record.len());
            raw(format!("{head}9\r\n{{\"data\":[\r\n"), Then::Flood(chunk.into_bytes()))
        })
        .await;
        let (_request, connection) = without_a_window(&stage, path).await;
        stage.backend.stopped().await;
        assert!(!connection.is_finished(), "not because the client's connection ended");
        connection.abort();
    }
}

#[tokio::test]
async fn h10_http_1_0_is_refused() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    for host in ["Host: cordon\r\n", ""] {
        let request = format!("GET /api/calls HTTP/1.0\r\n{host}Authorization: Bearer {TOKEN}anna\r\n\r\n");
        let reply = stage.raw(request).await;
        assert_eq!((reply.status, reply.code().as_str()), (505, "http-version"));
    }
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn connections_are_kept_and_used_again() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    for (login, visible) in [("anna", 1), ("zoe", 1), ("bora", 2), ("nobody", 0), ("anna", 1)] {
        let request = format!(
            "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}{login}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let reply = loop {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).await.unwrap();
            assert!(length > 0);
            received.extend_from_slice(&chunk[..length]);
            if let Some(reply) = client::parse(&received, false).filter(|reply| reply.complete) {
                break reply;
            }
        };
        assert_eq!(reply.text().matches("\"note\"").count(), visible, "{login}");
    }
}

#[tokio::test]
async fn d8_a_change_of_the_directory_holds_from_the_next_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.toml");
    let project = |id: &str| {
        format!(
            "[[project]]\nid = \"acme\"\nname = \"A\"\n[[project]]\nid = \"zeta\"\nname = \"Z\"\n\
             [[role]]\nname = \"Operator\"\nsections = \"all\"\n\
             [[user]]\nlogin = \"anna\"\nprojects = [\"{id}\"]\nroles = [\"Operator\"]\n\
             tokens = [\"sha256:{}\"]\n",
            crate::stage::token_hash("anna")
        )
    };
    std::fs::write(&path, project("acme")).unwrap();
    let store = Arc::new(Store::open(&path).unwrap());
    let backend = crate::backend::Backend::start(Arc::new(|_| json(calls(TWO)))).await;
    let url = format!("http://{}", backend.address).parse().unwrap();
    let config = GatewayConfig::new(url, MaskSecret([1; 32]));
    let gateway = Gateway::new(config, Arc::clone(&store), crate::stage::policy()).unwrap();
    let ids = async || {
        let explained = gateway.explain("anna", crate::memory::get("/api/calls")).await.unwrap().unwrap();
        String::from_utf8(explained.answer.body.to_vec()).unwrap()
    };
    assert_eq!(ids().await, ANNAS_CALLS);
    std::fs::write(&path, project("zeta")).unwrap();
    let _ = store.reload();
    assert_eq!(ids().await, r#"{"data":[{"id":2,"project":"zeta","note":"n2"}],"total":1}"#);
    std::fs::write(&path, "nonsense").unwrap();
    let _ = store.reload();
    assert!(ids().await.contains("zeta"), "a wrong directory is kept out");
}
