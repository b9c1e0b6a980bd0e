//! H3: requests that two parsers may read differently get 400 and a closed connection, and never reach the backend.

use crate::backend::json;
use crate::client;
use crate::stage::{Stage, TOKEN, calls};

/// What stands between the request line and the end, for a POST to `/api/search` that would be lawful otherwise.
const CASES: &[&str] = &[
    "Host: cordon\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "Host: cordon\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "Host: cordon\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "Host: cordon\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "Host: cordon\r\nContent-Length: 2, 2\r\n\r\n{}",
    "Host: cordon\r\nContent-Length: +2\r\n\r\n{}",
    "Host: cordon\r\nContent-Length : 2\r\n\r\n{}",
    "Host: cordon\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "Host: cordon\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "Host: cordon\r\nTransfer-Encoding:\x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "Host: cordon\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "Host: cordon\r\nX: a\rb\r\nContent-Length: 2\r\n\r\n{}",
    "Host: cordon\nContent-Length: 2\r\n\r\n{}",
    "Host: cordon\r\nContent-Length: 2\n\n{}",
    "Host: cordon\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "Host: cordon\r\nHost: other\r\nContent-Length: 2\r\n\r\n{}",
    "Content-Length: 2\r\n\r\n{}",
];

#[tokio::test]
async fn h3_ambiguous_requests_are_refused_and_reach_nobody() {
    let stage = Stage::new(|_| json(calls(&[]))).await;
    for case in CASES {
        let request = format!(
            "POST /api/search HTTP/1.1\r\nAuthorization: Bearer {TOKEN}anna\r\nConnection: close\r\n{case}\
             GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}root\r\nConnection: close\r\n\r\n"
        );
        let received = client::exchange(stage.address, request.as_bytes()).await;
        let text = String::from_utf8(received).unwrap();
        assert!(text.starts_with("HTTP/1.1 400"), "{case:?}: {text}");
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "{case:?}: {text}");
        assert!(stage.backend.seen().is_empty(), "{case:?}");
    }
}

#[tokio::test]
async fn h3_ambiguous_request_lines_are_refused() {
    let stage = Stage::new(|_| json(calls(&[]))).await;
    let lines = [
        "GET  /api/calls HTTP/1.1",
        "GET /api/calls",
        "GET /api/calls HTTP/1.2",
        "GET /api/calls HTTP/1.1 ",
        "GET /api/calls x HTTP/1.1",
        "G\tET /api/calls HTTP/1.1",
        "GET\t/api/calls HTTP/1.1",
        "GET http://cordon/api/calls HTTP/1.1",
        "GET api/calls HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /api/calls\u{1} HTTP/1.1",
    ];
    for line in lines {
        let request = format!(
            "{line}\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\nConnection: close\r\n\r\n"
        );
        let received = client::exchange(stage.address, request.as_bytes()).await;
        let text = String::from_utf8(received).unwrap();
        assert!(text.starts_with("HTTP/1.1 400") || text.is_empty(), "{line:?}: {text}");
        assert!(stage.backend.seen().is_empty(), "{line:?}");
    }
}

#[tokio::test]
async fn h3_transfer_encoding_on_http_1_0_is_refused() {
    let stage = Stage::new(|_| json(calls(&[]))).await;
    let request = format!(
        "POST /api/search HTTP/1.0\r\nAuthorization: Bearer {TOKEN}anna\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\n{{}}\r\n0\r\n\r\n"
    );
    let received = client::exchange(stage.address, request.as_bytes()).await;
    assert!(received.is_empty() || String::from_utf8_lossy(&received).contains(" 400 "));
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn h3_a_bad_chunk_ends_the_request_and_the_connection() {
    for chunk in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2;a=\nb\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
    ] {
        let stage = Stage::new(|_| json(calls(&[]))).await;
        let request = format!(
            "POST /api/search HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}anna\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunk}\
             GET /api/calls HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {TOKEN}root\r\nConnection: close\r\n\r\n"
        );
        let received = client::exchange(stage.address, request.as_bytes()).await;
        let text = String::from_utf8(received).unwrap();
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "{chunk:?}: {text}");
        assert!(text.starts_with("HTTP/1.1 400"), "{chunk:?}: {text}");
        assert!(stage.backend.seen().is_empty(), "{chunk:?}: no whole request");
    }
}
