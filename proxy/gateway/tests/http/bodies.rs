//! H10–H12: what happens when a body, or a side, goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cordon_gateway::LeastRate;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::{Script, Seen, Then, json, raw, reply};
use crate::client;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

/// A list with more visible bytes than are held before the head is sent, then this, then the end of the connection.
fn long_then(tail: &'static str) -> impl Fn(&Seen) -> Script + Send + Sync {
    move |_| {
        let list = calls(&(0..5000).map(|id| (id, "acme")).collect::<Vec<_>>());
        let open = list.rfind(']').unwrap();
        let body = format!("{}{tail}", &list[..open]);
        let length = body.len() + 1000;
        raw(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            ),
            Then::Close,
        )
    }
}

#[tokio::test]
async fn h10_after_the_head_http1_is_closed_without_an_end() {
    for tail in ["", ",{\"id\":1,\"id\":2}", ",,", "]]", "}"] {
        let stage = Stage::new(long_then(tail)).await;
        let reply = stage.get("anna", "/api/search").await;
        assert_eq!(reply.status, 405);
        let reply = stage.send("anna", "POST", "/api/search", "", "{}").await;
        assert_eq!(reply.status, 200, "{tail}");
        assert!(!reply.complete, "{tail}");
        assert!(!reply.text().contains("secret"), "{tail}");
        assert_eq!(stage.gateway.counters().broken_off, 1, "{tail}");
    }
}

#[tokio::test]
async fn h10_after_the_head_http2_is_reset() {
    let stage = Stage::new(long_then("")).await;
    let (status, _, body) = stage.h2("anna", "GET", "/api/calls").await.unwrap();
    assert_eq!(status, 200);
    assert!(body.is_err(), "the stream must be reset");
}

#[tokio::test]
async fn a_connection_that_lay_idle_too_long_is_no_failure_for_get() {
    let stage =
        Stage::new(|_| Script { then: Then::Close, ..json(calls(&[(1, "acme"), (2, "zeta")])) }).await;
    for _ in 0..5 {
        assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    }
}

#[tokio::test]
async fn h11_late_heads_and_bodies_have_deadlines() {
    let short = |config: &mut cordon_gateway::GatewayConfig| {
        config.deadlines.head = Duration::from_millis(200);
        config.deadlines.idle = Duration::from_millis(200);
    };
    let stage = Stage::with("enhanced", short, |_| raw("", Then::Hang)).await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "backend-late"));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"data\":[";
    let stage = Stage::with("enhanced", short, move |_| raw(head, Then::Hang)).await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!((reply.status, reply.code().as_str()), (504, "backend-late"));
    // The client's body, too.
    let stage = Stage::with("enhanced", short, |_| json(calls(&[]))).await;
    let request = format!(
        "POST /api/search HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\nContent-Length: 10\r\n\r\n{{"
    );
    let reply = stage.raw(request).await;
    assert_eq!(reply.status, 408, "{reply:?}");
}

/// A rate that nobody who sends a byte now and then keeps, though each comes in time.
fn with_a_least_rate(config: &mut cordon_gateway::GatewayConfig) {
    config.limits.least_rate = LeastRate { bytes: 1_000_000, every: Duration::from_millis(200) };
}

#[tokio::test]
async fn h11_a_body_that_trickles_is_refused_and_one_that_does_not_is_not() {
    let reached = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&reached);
    let stage = Stage::with("enhanced", with_a_least_rate, move |_| {
        seen.fetch_add(1, Ordering::Relaxed);
        json(calls(&[]))
    })
    .await;
    let head = format!("POST /api/search HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n");
    for (framing, piece) in
        [("Content-Length: 100000\r\n\r\n", "x"), ("Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n")]
    {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        stream.write_all(format!("{head}{framing}").as_bytes()).await.unwrap();
        let (mut reading, mut writing) = stream.split();
        let trickle = async {
            while writing.write_all(piece.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        // The answer says that the connection ends, and it does.
        let _ = tokio::select! {
            () = trickle => unreachable!("it does not end"),
            end = reading.read_to_end(&mut answer) => end,
        };
        let reply = client::parse(&answer, false).expect("an answer");
        assert_eq!((reply.status, reply.code().as_str()), (408, "body-slow"), "{framing:?}");
        assert_eq!(reply.header("connection"), Some("close"));
    }
    assert_eq!(reached.load(Ordering::Relaxed), 0, "no half request is answered");
    let slow =
        stage.gateway.measures().refusals.iter().find(|one| one.reason == "body-slow").map(|one| one.count);
    assert_eq!(slow, Some(2));
    // A body that is there is not measured, though it is less than the rate.
    assert_eq!(stage.send("anna", "POST", "/api/search", "", "{}").await.status, 200);
}

#[tokio::test]
async fn h11_a_backend_that_is_slow_to_read_is_not_held_against_the_client() {
    // More than sockets hold.
    const SIZE: usize = 14 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let backend = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        let (mut chunk, mut left) = (vec![0; 1 << 20], SIZE);
        while left > 0 {
            left = left.saturating_sub(stream.read(&mut chunk).await.unwrap());
        }
        stream.write_all(&json(calls(&[])).bytes).await.unwrap();
    };
    let backend = tokio::spawn(backend);
    let configured = |config: &mut cordon_gateway::GatewayConfig| {
        with_a_least_rate(config);
        config.backend.url = url;
    };
    let stage = Stage::with("enhanced", configured, |_| json(calls(&[]))).await;
    let reply = stage.send("anna", "POST", "/api/search", "", &"x".repeat(SIZE)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    backend.await.unwrap();
}

#[tokio::test]
async fn h11_a_client_that_takes_its_answer_drop_by_drop_loses_it() {
    let list = calls(&(0..200_000).map(|id| (id, "acme")).collect::<Vec<_>>());
    let stage = Stage::with("enhanced", with_a_least_rate, move |_| json(list.clone())).await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let request =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let slow = || {
        let refusals = stage.gateway.measures().refusals;
        refusals.iter().any(|one| one.reason == "answer-taken-slowly" && one.count == 1)
    };
    let mut some = [0; 512];
    for _ in 0..2000 {
        if slow() {
            return;
        }
        let _ = stream.read(&mut some).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is still sent to");
}

#[tokio::test]
async fn h11_the_whole_has_a_deadline() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole =
        |config: &mut cordon_gateway::GatewayConfig| config.deadlines.whole = Duration::from_millis(300);
    let stage = Stage::with("enhanced", whole, move |_| {
        raw(format!("{head}1\r\n[\r\n"), Then::Flood(b"1\r\n \r\n".to_vec()))
    })
    .await;
    assert!(matches!(stage.get("anna", "/api/calls").await.status, 502 | 504));
}

#[tokio::test]
async fn h11_a_client_that_does_not_read_stops_the_backend() {
    let flooded = Arc::new(AtomicUsize::new(0));
    let list = calls(&(0..5000).map(|id| (id, "acme")).collect::<Vec<_>>());
    let data = list["{\"data\":[".len()..list.rfind(']').unwrap()].to_owned();
    let chunk = format!("{},", data);
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let stage = Stage::with("enhanced", |config| config.deadlines.idle = Duration::from_millis(500), {
        let flooded = Arc::clone(&flooded);
        move |_| {
            flooded.fetch_add(1, Ordering::Relaxed);
            let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
            raw(format!("{head}9\r\n{{\"data\":[\r\n"), Then::Flood(chunk.into_bytes()))
        }
    })
    .await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let request =
        format!("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    // The head comes, and then nobody reads: the exchange ends by the deadline and not by the client's mercy.
    let mut some = [0; 1024];
    stream.read_exact(&mut some).await.unwrap();
    for _ in 0..200 {
        if stage.gateway.counters().broken_off > 0 {
            assert_eq!(flooded.load(Ordering::Relaxed), 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the exchange never ended");
}

#[tokio::test]
async fn request_bodies_are_limited_and_only_where_they_are_taken() {
    let small = |config: &mut cordon_gateway::GatewayConfig| config.limits.request_body = 10;
    let stage = Stage::with("enhanced", small, |_| json(calls(&[]))).await;
    let reply = stage.send("anna", "POST", "/api/search", "", "0123456789").await;
    assert_eq!(reply.status, 200);
    let reply = stage.send("anna", "POST", "/api/search", "", "0123456789a").await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body-too-large"));
    let chunked = format!(
        "POST /api/search HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\
         Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n"
    );
    assert_eq!(stage.raw(chunked).await.status, 413);
    let reply = stage.send("anna", "GET", "/api/calls", "", "{}").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "body-not-taken"));
}

#[tokio::test]
async fn an_unread_body_does_not_become_a_request() {
    let stage = Stage::new(|_| json(calls(&[(1, "acme"), (2, "zeta")]))).await;
    let inner = "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer token-of-root\r\n\r\n";
    let request = format!(
        "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\nContent-Length: {}\r\n\r\n\
         {inner}GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n",
        inner.len()
    );
    let received = client::exchange(stage.address, request.as_bytes()).await;
    let text = String::from_utf8(received).unwrap();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert!(!text.contains("zeta"), "{text}");
    assert!(stage.backend.seen().len() <= 1);
}

#[tokio::test]
async fn errors_of_the_backend_lose_their_bodies() {
    for (sent, expected) in [("500 Oops", 500), ("503 Busy", 503), ("422 No", 422), ("409 Conflict", 409)] {
        let stage = Stage::new(move |_| {
            reply(
                &format!("{sent}\r\nContent-Type: application/json\r\nRetry-After: 7"),
                "{\"row\":\"secret\"}",
            )
        })
        .await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.code().as_str()), (expected, "backend-error"));
        assert!(!reply.text().contains("secret"));
    }
}
