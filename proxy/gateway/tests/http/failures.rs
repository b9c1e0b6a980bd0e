//! H10, H12: what a caller gets of a backend that fails.

use std::time::Duration;

use crate::backend::{Then, json, raw};
use crate::stage::{Stage, calls};

#[tokio::test]
async fn h10_before_the_head_it_is_a_problem() {
    let bodies = [
        "",
        "{",
        "{\"data\":[",
        "nonsense",
        "{\"data\":[]} {}",
        "{\"data\":[],\"data\":[]}",
        "{\"data\":[{\"id\":1,\"project\":\"acme\",\"id\":2}]}",
        "\u{0}",
        "[1,]",
    ];
    for body in bodies {
        let stage = Stage::new(move |_| json(body)).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "backend-response"), "{body}");
        assert_eq!(stage.gateway.counters().backend_faults, 1, "{body}");
    }
    let nested = format!("{{\"data\":{}", "[".repeat(100_000));
    let stage = Stage::new(move |_| json(&nested)).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
}

#[tokio::test]
async fn h10_a_backend_that_is_down_is_a_problem() {
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{down}").parse().unwrap();
    let stage = Stage::with("enhanced", |config| config.backend.url = url, |_| json("{}")).await;
    let reply = stage.get("anna", "/api/calls").await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "backend-unreachable"));
    let stage = Stage::new(|_| raw("SSH-2.0-x\r\n\r\n", Then::Close)).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 502);
}

#[tokio::test]
async fn h10_what_changes_something_is_not_repeated() {
    let stage = Stage::new(|seen| match seen.method.as_str() {
        "GET" => json(r#"{"id":1,"project":"acme"}"#),
        _ => raw("", Then::Close),
    })
    .await;
    let reply = stage.send("anna", "PUT", "/api/calls/1", "", "{}").await;
    assert_eq!(reply.status, 502);
    assert_eq!(stage.backend.seen().iter().filter(|seen| seen.method == "PUT").count(), 1);
}

#[tokio::test]
async fn h12_a_cut_body_is_an_error_and_no_end() {
    let list = calls(&[(1, "acme"), (2, "zeta")]);
    let short = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{list}",
        list.len() + 1
    );
    let cut = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{list}\r\n",
        list.len()
    );
    let wrong = format!("{cut}zz\r\n");
    for script in [short, cut, wrong] {
        let stage = Stage::new(move |_| raw(&script, Then::Close)).await;
        let reply = stage.get("anna", "/api/calls").await;
        assert_eq!((reply.status, reply.code().as_str()), (502, "backend-response"));
    }
}

/// A stage whose recordings are this answer, and whatever comes then.
async fn recording(head: &'static str, body: &'static str, then: Then) -> Stage {
    Stage::new(move |seen| match seen.target.as_str() {
        "/api/calls/1" => json(r#"{"id":1,"project":"acme"}"#),
        _ => raw(format!("HTTP/1.1 200 OK\r\nContent-Type: audio/ogg\r\n{head}\r\n\r\n{body}"), then.clone()),
    })
    .await
}

#[tokio::test]
async fn h12_a_cut_body_that_passes_is_cut_for_the_client_too() {
    for (head, body) in [("Content-Length: 100000", "abc"), ("Transfer-Encoding: chunked", "3\r\nabc\r\n")] {
        let stage = recording(head, body, Then::Close).await;
        let reply = stage.get("anna", "/api/calls/1/recording").await;
        assert_eq!((reply.status, reply.complete), (200, false), "{head}");
        assert_eq!(reply.body, b"abc", "{head}");
    }
}

#[tokio::test]
async fn h12_a_short_body_that_passes_is_whole_or_a_problem() {
    let stage = recording("Content-Length: 100", "abc", Then::Close).await;
    let reply = stage.get("anna", "/api/calls/1/recording").await;
    assert_eq!((reply.status, reply.code().as_str()), (502, "backend-response"));
    let rest = Then::Trickle(b"def".to_vec(), Duration::from_millis(5));
    let stage = recording("Content-Length: 6", "abc", rest).await;
    let reply = stage.get("anna", "/api/calls/1/recording").await;
    assert_eq!((reply.status, reply.complete), (200, true));
    assert_eq!((&reply.body[..], reply.header("content-length")), (&b"abcdef"[..], Some("6")));
}
