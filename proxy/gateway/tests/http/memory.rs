//! Exchanges without a network: the backend, the client, or both in memory.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cordon_directory::Store;
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, MemoryBackend};
use http::{HeaderValue, Request, Response, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stage::{ANNAS_CALLS, TOKEN, call, calls, directory, policy};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

/// A request as `explain` takes it.
pub(crate) fn get(target: &str) -> Request<Bytes> {
    Request::get(target).body(Bytes::new()).unwrap()
}

/// What a backend in memory was asked: method, target and body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// A gateway before a backend in memory, which answers with JSON by the path.
fn gateway(answer: fn(&str) -> String) -> (Arc<Gateway>, Asked) {
    let asked = Asked::default();
    let kept = Arc::clone(&asked);
    let backend = MemoryBackend::new(move |request: Request<Bytes>| {
        let line = format!("{} {}", request.method(), request.uri());
        kept.lock().unwrap().push((line, String::from_utf8(request.body().to_vec()).unwrap()));
        let mut response = Response::new(Bytes::from(answer(request.uri().path())));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    });
    let config = GatewayConfig::new("http://backend.invalid".parse().unwrap(), MaskSecret([1; 32]));
    let store = Arc::new(Store::fixed(directory("enhanced")));
    (Gateway::in_memory(config, store, policy(), backend).unwrap(), asked)
}

#[tokio::test]
async fn a_whole_exchange_needs_no_network() {
    let (gateway, asked) = gateway(|_| calls(TWO));
    let (mut client, server) = tokio::io::duplex(1 << 16);
    let serving = tokio::spawn(gateway.serve_stream(server));
    let request =
        format!("GET /api/calls?page=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}anna\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with(ANNAS_CALLS) {
        let mut piece = [0; 4096];
        let length = client.read(&mut piece).await.unwrap();
        assert_ne!(length, 0, "{answer}");
        answer.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert_eq!(*asked.lock().unwrap(), [("GET /api/calls?page=2".to_owned(), String::new())]);
    drop(client);
    serving.await.unwrap();
}

#[tokio::test]
async fn a_request_with_a_body_is_explained() {
    let (gateway, asked) = gateway(|_| call(1, "acme"));
    let request = Request::put("/api/calls/1")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Bytes::from_static(b"{\"note\":\"new\"}"))
        .unwrap();
    let explained = gateway.explain("anna", request).await.unwrap().unwrap();
    assert_eq!(explained.answer.status, 200, "{:?}", explained.refusal);
    assert_eq!(explained.route.as_deref(), Some("change-call"));
    // First whether anna may see what she is about to change (H36).
    let asked = asked.lock().unwrap();
    let asked: Vec<(&str, &str)> = asked.iter().map(|(line, body)| (line.as_str(), body.as_str())).collect();
    assert_eq!(asked, [("GET /api/calls/1", ""), ("PUT /api/calls/1", "{\"note\":\"new\"}")]);
}

#[tokio::test]
async fn a_body_where_none_is_taken_does_not_reach_the_backend() {
    let (gateway, asked) = gateway(|_| calls(TWO));
    let request = Request::get("/api/calls").body(Bytes::from_static(b"{}")).unwrap();
    let explained = gateway.explain("anna", request).await.unwrap().unwrap();
    assert_eq!(explained.refusal.unwrap().problem.code, "body-not-taken");
    assert!(explained.backend.is_none() && asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_breaks_off_is_not_explained_as_the_whole() {
    let long = |_: &str| {
        let note = "n".repeat(60 << 10);
        let records = format!(r#"{{"id":1,"project":"acme","note":"{note}"}},"#).repeat(4);
        format!(r#"{{"data":[{records}nonsense"#)
    };
    let (gateway, _) = gateway(long);
    let explained = gateway.explain("anna", get("/api/calls")).await.unwrap().unwrap();
    assert!(explained.answer.broken_off, "{:?}", explained.refusal);
    assert!(explained.report.is_none());
}
