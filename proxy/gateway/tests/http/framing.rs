//! H1–H9: framing, methods, statuses.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::backend::{Then, json, raw, reply};
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, call, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

#[tokio::test]
async fn h1_hop_by_hop_fields_end_here() {
    let stage = Stage::with(
        "enhanced",
        |config| config.request_headers.push("x-kept".parse().unwrap()),
        |_| {
            reply(
                "200 OK\r\nContent-Type: application/json\r\nConnection: x-page\r\nX-Page: 1\r\n\
                 Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic",
                calls(TWO),
            )
        },
    )
    .await;
    let headers = "Connection: x-kept, te\r\nX-Kept: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\
                   Proxy-Authorization: Basic x\r\nProxy-Connection: keep-alive\r\nX-Request-Id: 7\r\n";
    let reply = stage.send("anna", "GET", "/api/calls", headers, "").await;
    assert_eq!(reply.text(), ANNAS_CALLS);
    for name in ["x-page", "keep-alive", "proxy-authenticate"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    let seen = stage.backend.only();
    for name in ["x-kept", "te", "keep-alive", "proxy-authorization", "proxy-connection", "connection"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("x-request-id"), Some("7"));
    let reply = stage.send("anna", "GET", "/api/calls", "X-Kept: 1\r\n", "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(stage.backend.seen()[1].header("x-kept"), Some("1"));
}

#[tokio::test]
async fn h2_content_length_is_that_of_the_result() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!(reply.header("content-length"), Some(ANNAS_CALLS.len().to_string().as_str()));
    assert_eq!(reply.header("transfer-encoding"), None);
    assert!(reply.complete);
}

#[tokio::test]
async fn h2_framing_does_not_depend_on_what_is_hidden() {
    let few = Stage::new(|_| json(calls(TWO))).await;
    let many = Stage::new(|_| {
        let hidden = (3..5000).map(|id| (id, "zeta")).collect::<Vec<_>>();
        json(calls(&[&[(1, "acme")], &hidden[..]].concat()))
    })
    .await;
    let few = few.get("anna", "/api/calls").await.timeless();
    let many = many.get("anna", "/api/calls").await.timeless();
    assert_eq!(few, many);
}

#[tokio::test]
async fn h2_a_large_result_is_chunked() {
    let stage = Stage::new(|_| json(calls(&(0..5000).map(|id| (id, "acme")).collect::<Vec<_>>()))).await;
    let reply = stage.get("anna", "/api/search").await;
    assert_eq!(reply.status, 405);
    let reply = stage.send("anna", "POST", "/api/search", "", "{}").await;
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert_eq!(reply.header("content-length"), None);
    assert!(reply.complete);
    assert_eq!(reply.text().matches("\"id\"").count(), 5000);
}

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
async fn h7_head_is_get_without_its_body() {
    let stage = Stage::new(|seen| {
        assert_eq!(seen.method, "GET");
        let body = if seen.target == "/api/calls" { calls(TWO) } else { call(2, "zeta") };
        reply("200 OK\r\nContent-Type: application/json\r\nETag: \"x\"", body)
    })
    .await;
    let get = stage.get("anna", "/api/calls").await.timeless();
    let head = stage.send("anna", "HEAD", "/api/calls", "", "").await.timeless();
    assert_eq!(head.headers, get.headers);
    assert_eq!(head.status, 200);
    assert!(head.body.is_empty() && head.complete);
    // What may not be seen answers as what is missing.
    let hidden = stage.send("anna", "HEAD", "/api/calls/2", "", "").await;
    assert_eq!(hidden.status, 404);
    assert!(hidden.body.is_empty() && hidden.complete);
    let (status, headers, body) = stage.h2("anna", "HEAD", "/api/calls").await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(headers["content-length"], ANNAS_CALLS.len().to_string());
    assert!(body.unwrap().is_empty());
}

#[tokio::test]
async fn h8_no_content_runs_no_body_code() {
    let stage = Stage::new(|seen| match seen.target.as_str() {
        "/api/calls" => raw("HTTP/1.1 204 No Content\r\nX-Page: 3\r\nETag: \"x\"\r\n\r\n", Then::Keep),
        "/api/calls/1" => raw("HTTP/1.1 204 No Content\r\n\r\n", Then::Keep),
        "/api/calls/2" => raw("HTTP/1.1 304 Not Modified\r\n\r\n", Then::Keep),
        _ => raw("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", Then::Keep),
    })
    .await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!((reply.status, reply.header("x-page"), reply.header("etag")), (204, Some("3"), None));
    assert_eq!(stage.get("anna", "/api/calls/1").await.status, 404, "a record that is not there");
    assert_eq!(stage.get("anna", "/api/calls/2").await.status, 404, "nobody asked on a condition");
    assert_eq!(stage.send("anna", "POST", "/api/search", "", "{}").await.status, 205);
}

#[tokio::test]
async fn h8_interim_responses_are_passed_over() {
    let stage = Stage::new(|_| {
        let body = calls(TWO);
        raw(
            format!(
                "HTTP/1.1 103 Early Hints\r\nLink: </secret>\r\n\r\nHTTP/1.1 200 OK\r\n\
                 Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            Then::Keep,
        )
    })
    .await;
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
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
    assert!(full.len() > 5 && full.iter().all(|size| *size == 32 << 10), "{full:?}");
    assert!(*last <= 32 << 10);
    assert_eq!(all[0], all[1]);
}
