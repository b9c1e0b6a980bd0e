//! H1, H2, H7, H8: what of a message passes, however it is framed.

use crate::backend::{Then, json, raw, reply};
use crate::client::is_over_http2;
use crate::stage::{ANNAS_CALLS, Stage, call, calls};

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
    let chunked = (!is_over_http2()).then_some("chunked");
    assert_eq!(reply.header("transfer-encoding"), chunked);
    assert_eq!(reply.header("content-length"), None);
    assert!(reply.complete);
    assert_eq!(reply.text().matches("\"id\"").count(), 5000);
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
