//! How connections end when the gateway stops, on HTTP/2 and against time, and how many there may be (H11).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cordon_gateway::{GatewayConfig, Listener, ServerTls};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::backend::{fed, json};
use crate::client;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};
use crate::tls::{Authority, settings};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

async fn h2(address: SocketAddr) -> (SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://cordon{path}"))
        .header("authorization", format!("Bearer {TOKEN}anna"))
        .body(Full::default())
        .unwrap()
}

/// A record that is too long to be held until the head is sent.
fn long_record(note: &str) -> String {
    format!(r#"{{"id":1,"project":"acme","note":"{}{note}"}}"#, "x".repeat(80_000))
}

#[tokio::test]
async fn h10_http2_clients_are_told_to_go_away_and_finish_what_they_began() {
    let (feed, script) = fed("application/json");
    let stage = Stage::new(script).await;
    feed.send(format!("{{\"data\":[{},", long_record(""))).unwrap();
    let (mut sender, connection) = h2(stage.address).await;
    let response = sender.send_request(get("/api/calls")).await.unwrap();
    assert_eq!(response.status(), 200);
    let (_idle, idle_connection) = h2(stage.address).await;

    let stopping = tokio::spawn(stage.stop());
    // Nothing is under way on it: it ends in an orderly way.
    let idle = tokio::time::timeout(Duration::from_secs(20), idle_connection).await.unwrap();
    assert!(matches!(idle, Ok(Ok(()))), "{idle:?}");
    // What is under way comes to its end.
    feed.send(format!("{}]}}", long_record("the last"))).unwrap();
    drop(feed);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"the last\"}]}"), "{} bytes", body.len());
    // And nothing more is taken.
    assert!(sender.send_request(get("/api/calls")).await.is_err());
    let ended = tokio::time::timeout(Duration::from_secs(20), connection).await.unwrap();
    assert!(matches!(ended, Ok(Ok(()))), "{ended:?}");
    stopping.await.unwrap();
}

#[tokio::test]
async fn h10_what_does_not_finish_in_time_is_broken_off_and_not_ended() {
    let (feed, script) = fed("application/json");
    let hasty = |config: &mut GatewayConfig| config.deadlines.drain = Duration::from_millis(200);
    let stage = Stage::with("enhanced", hasty, script).await;
    feed.send(format!("{{\"data\":[{},", long_record(""))).unwrap();
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let request =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = vec![0; 12];
    stream.read_exact(&mut received).await.unwrap();
    assert_eq!(received, b"HTTP/1.1 200");
    stage.stop().await;
    // A reset is an end too.
    let _ = stream.read_to_end(&mut received).await;
    let reply = client::parse(&received, false).unwrap();
    assert!(!reply.complete, "half an answer must not look like one");
    drop(feed);
}

#[tokio::test]
async fn clients_are_let_in_while_others_are_given_notice() {
    let notice = |config: &mut GatewayConfig| config.deadlines.drain_notice = Some(Duration::from_secs(3));
    let stage = Stage::with("enhanced", notice, |_| json(calls(TWO))).await;
    let address = stage.address;
    let stopping = tokio::spawn(stage.stop());
    // Long enough for it to have closed its socket, if it did.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n"
    );
    let received = client::exchange(address, request.as_bytes()).await;
    assert_eq!(client::parse(&received, false).unwrap().text(), ANNAS_CALLS);
    stopping.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn h11_one_address_cannot_take_all_places() {
    let few = |config: &mut GatewayConfig| config.limits.connections_per_address = Some(2);
    let stage = Stage::with("enhanced", few, |_| json(calls(TWO))).await;
    let from = async |address: [u8; 4]| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        socket.connect(stage.address).await.unwrap()
    };
    let ask = async |stream: &mut TcpStream| {
        let request =
            format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut received = [0; 12];
        stream.read_exact(&mut received).await.map(|_| received)
    };
    let (mut first, mut second) = (from([127, 0, 0, 2]).await, from([127, 0, 0, 2]).await);
    for stream in [&mut first, &mut second] {
        assert_eq!(&ask(stream).await.unwrap(), b"HTTP/1.1 200");
    }
    assert!(ask(&mut from([127, 0, 0, 2]).await).await.is_err(), "the third of one address");
    assert_eq!(stage.gateway.measures().connections_refused, 1);
    assert_eq!(&ask(&mut from([127, 0, 0, 3]).await).await.unwrap(), b"HTTP/1.1 200");
    drop(first);
    let mut tries = 0;
    while ask(&mut from([127, 0, 0, 2]).await).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "the place of a connection that has ended stays taken");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(second);
}

#[tokio::test]
async fn h11_a_tls_handshake_that_does_not_end_is_not_waited_for() {
    let hasty = |config: &mut GatewayConfig| config.deadlines.handshake = Duration::from_millis(200);
    let stage = Stage::with("enhanced", hasty, |_| json(calls(TWO))).await;
    let authority = Authority::new();
    let tls = ServerTls::load(settings(vec![authority.sign("server", &["localhost"])])).unwrap();
    let address = crate::tls::over_tls(&stage, &tls).await;
    // Nothing, and the beginning of a record that would hold a hello.
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        assert_eq!(client::exchange(address, bytes).await, b"");
    }
}

#[tokio::test]
async fn a_unix_socket_serves_too_and_is_taken_away() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cordon.sock");
    // One that was left over is no hindrance, and one in use is.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::bind_unix(&path).unwrap();
    assert!(Listener::bind_unix(&path).is_err());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(Arc::clone(&stage.gateway).serve(listener, None, async {
        let _ = stopped.await;
    }));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.unwrap();
    assert_eq!(client::parse(&received, false).unwrap().text(), ANNAS_CALLS);
    stop.send(()).unwrap();
    served.await.unwrap();
    assert!(!path.exists());
}
