//! H1–H9: bytes on the wire.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::{Then, json, raw};
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

#[tokio::test]
async fn h4_trailers_are_dropped() {
    let stage = Stage::new(|_| {
        let body = calls(TWO);
        raw(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n\
                 {:x}\r\n{body}\r\n0\r\nX-T: secret\r\n\r\n",
                body.len()
            ),
            Then::Keep,
        )
    })
    .await;
    let request = format!(
        "POST /api/search HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}anna\r\n\
         Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\n{{}}\r\n0\r\nX-T: 1\r\n\r\n"
    );
    let reply = stage.raw(request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(reply.complete);
    assert_eq!(reply.header("x-t"), None);
    let seen = stage.backend.only();
    assert_eq!(seen.body, b"{}");
    assert_eq!(seen.header("trailer"), None);
}

#[tokio::test]
async fn h1_h4_over_http2_nothing_but_declared_headers_passes() {
    let stage = Stage::new(|_| {
        let body = calls(TWO);
        raw(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\
                 Connection: keep-alive, x-page\r\nX-Page: 1\r\nKeep-Alive: timeout=5\r\n\r\n\
                 {:x}\r\n{body}\r\n0\r\nX-T: secret\r\n\r\n",
                body.len()
            ),
            Then::Keep,
        )
    })
    .await;
    let calls = ANNAS_CALLS.replace(",\"total\":1", "");
    let trailers = HeaderMap::from_iter([(HeaderName::from_static("x-t"), HeaderValue::from_static("1"))]);
    let body = Full::new(Bytes::from_static(b"{}")).with_trailers(std::future::ready(Some(Ok(trailers))));
    let request = Request::post("http://cordon/api/search")
        .header("authorization", format!("Bearer {TOKEN}anna"))
        .header("trailer", "x-t")
        .body(body)
        .unwrap();
    let (head, (body, complete)) = stage.exchange_over_http2(request).await.unwrap();
    assert_eq!((head.status.as_u16(), &body[..], complete), (200, calls.as_bytes(), true));
    for name in ["connection", "keep-alive", "transfer-encoding", "trailer", "x-page", "x-t"] {
        assert!(!head.headers.contains_key(name), "{name}");
    }
    let seen = stage.backend.only();
    assert_eq!((&seen.body[..], seen.header("trailer"), seen.header("x-t")), (&b"{}"[..], None, None));
}

#[tokio::test]
async fn h5_continue_is_said_after_authorisation() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let head = |path: &str, login: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}{login}\r\n\
             Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )
    };
    for (path, login, status) in [("/api/search", "nobody", 401), ("/api/unknown", "anna", 404)] {
        let reply = stage.raw(head(path, login)).await;
        assert_eq!(reply.status, status);
    }
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream.write_all(head("/api/search", "nobody").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 401", "100 must not be sent");
    assert!(stage.backend.seen().is_empty());

    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream.write_all(head("/api/search", "anna").as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 200"));
    assert_eq!(stage.backend.only().header("expect"), None);
}

#[tokio::test]
async fn h6_upgrades_and_tunnels_are_refused() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let upgrade = "Connection: upgrade\r\nUpgrade: websocket\r\n";
    assert_eq!(stage.send("anna", "GET", "/api/calls", upgrade, "").await.status, 400);
    let connect = format!(
        "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\nAuthorization: Bearer {TOKEN}anna\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(stage.raw(connect).await.status, 400);
    assert!(stage.backend.seen().is_empty());
    let stage =
        Stage::new(|_| raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Then::Keep)).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
}

#[tokio::test]
async fn h9_http2_gives_the_same_answers() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let (status, headers, body) = stage.h2("anna", "GET", "/api/calls").await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(&body.unwrap()[..], ANNAS_CALLS.as_bytes());
    assert_eq!(headers["content-type"], "application/json");
    let (status, ..) = stage.h2("nobody", "GET", "/api/calls").await.unwrap();
    assert_eq!(status, 401);
    let (status, ..) = stage.h2("anna", "GET", "/api/calls%2f1").await.unwrap();
    assert_eq!(status, 400);
}

#[tokio::test]
async fn h9_grpc_is_refused() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let reply = stage.send("anna", "POST", "/api/search", "Content-Type: application/grpc\r\n", "x").await;
    assert_eq!(reply.status, 400);
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn a_draining_gateway_finishes_what_it_began() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    let address = stage.address;
    stage.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}

/// The sizes of a response's chunks, without the last.
fn chunk_sizes(received: &[u8]) -> Vec<usize> {
    let text = std::str::from_utf8(received).unwrap();
    let (_, mut rest) = text.split_once("\r\n\r\n").unwrap();
    let mut sizes = Vec::new();
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        match usize::from_str_radix(size, 16).unwrap() {
            0 => return sizes,
            size => {
                sizes.push(size);
                rest = &after[size + 2..];
            }
        }
    }
}

#[tokio::test]
async fn h36_frames_do_not_tell_what_was_taken_away() {
    let stage = Stage::new(|seen| {
        let hidden = if seen.target.ends_with('2') { 9 } else { 1 };
        let records = (0..9000 * hidden).map(|id| (1000, if id % hidden == 0 { "acme" } else { "zeta" }));
        json(calls(&records.collect::<Vec<_>>()))
    })
    .await;
    let mut all = Vec::new();
    for page in [1, 2] {
        let request = format!(
            "GET /api/calls?page={page} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\
             Authorization: Bearer {TOKEN}anna\r\n\r\n"
        );
        let received = crate::client::exchange(stage.address, request.as_bytes()).await;
        all.push(chunk_sizes(&received));
    }
    let (last, full) = all[0].split_last().unwrap();
    assert!(full.len() > 5 && full.iter().all(|size| *size == 64 << 10), "{full:?}");
    assert!(*last <= 64 << 10);
    assert_eq!(all[0], all[1]);
}
