//! H36: what is hidden looks like what is missing. D24: a chosen project.

use crate::backend::{Script, Seen, Then, json, raw, reply};
use crate::client::Reply;
use crate::stage::{ANNAS_CALLS, Stage, call, calls};

/// Call 1 is acme's, 2 zeta's, 3 of a project that nobody knows; others are missing.
fn records(seen: &Seen) -> Script {
    if seen.method != "GET" {
        return json(call(1, "acme"));
    }
    match seen.target.as_str() {
        "/api/calls/1" => json(call(1, "acme")),
        "/api/calls/2" => {
            reply("200 OK\r\nContent-Type: application/json\r\nX-Page: 1\r\nETag: \"x\"", call(2, "zeta"))
        }
        "/api/calls/3" => json(r#"{"id":3,"project":"gone"}"#),
        "/api/calls" => json(calls(&[(1, "acme"), (2, "zeta")])),
        _ => reply("404 Not Found\r\nContent-Type: text/html\r\nX-Page: 9", "<h1>no such call</h1>"),
    }
}

#[tokio::test]
async fn h36_hidden_and_missing_records_are_the_same_byte_for_byte() {
    let stage = Stage::new(records).await;
    assert_eq!(stage.get("anna", "/api/calls/1").await.text(), r#"{"id":1,"project":"acme","note":"n1"}"#);
    let missing = stage.get("anna", "/api/calls/99").await.timeless();
    assert_eq!((missing.status, missing.code().as_str()), (404, "not-found"));
    for path in ["/api/calls/2", "/api/calls/3"] {
        assert_eq!(stage.get("anna", path).await.timeless(), missing, "{path}");
    }
    assert_eq!(stage.get("zoe", "/api/calls/2").await.status, 200);
    let head = stage.send("anna", "HEAD", "/api/calls/99", "", "").await.timeless();
    assert_eq!(stage.send("anna", "HEAD", "/api/calls/2", "", "").await.timeless(), head);
    assert_eq!(head.headers, missing.headers);
}

#[tokio::test]
async fn h36_a_write_to_a_hidden_record_is_one_to_a_missing_record() {
    let stage = Stage::new(records).await;
    for (method, body) in [("PUT", "{}"), ("DELETE", "")] {
        let missing = stage.send("anna", method, "/api/calls/99", "", body).await.timeless();
        assert_eq!(missing.status, 404);
        for path in ["/api/calls/2", "/api/calls/3"] {
            assert_eq!(
                stage.send("anna", method, path, "", body).await.timeless(),
                missing,
                "{method} {path}"
            );
        }
    }
    assert!(stage.backend.seen().iter().all(|seen| seen.method == "GET"), "nothing was changed");
    let reply = stage.send("anna", "PUT", "/api/calls/1", "", r#"{"note":"x"}"#).await;
    assert_eq!((reply.status, reply.text()), (200, r#"{"id":1,"project":"acme","note":"n1"}"#));
    let sent = stage.backend.seen().pop().unwrap();
    assert_eq!((sent.method.as_str(), &sent.body[..]), ("PUT", &br#"{"note":"x"}"#[..]));
    let reply = stage.send("anna", "DELETE", "/api/calls/1", "", "").await;
    assert_eq!((reply.status, reply.text()), (200, ""));
}

#[tokio::test]
async fn h36_a_probe_asks_for_exactly_the_record_at_hand() {
    let stage = Stage::new(records).await;
    stage.send("anna", "DELETE", "/api/calls/a%20b%3F", "", "").await;
    assert_eq!(stage.backend.only().target, "/api/calls/a%20b%3F");
}

#[tokio::test]
async fn h36_a_probe_that_fails_is_no_permission() {
    for status in ["500 Oops", "200 OK\r\nContent-Type: text/html", "302 Found", "204 No Content"] {
        let stage = Stage::new(move |_| reply(status, "")).await;
        let reply = stage.send("anna", "DELETE", "/api/calls/1", "", "").await;
        assert!(matches!(reply.status, 404 | 500 | 502), "{status}: {reply:?}");
        assert!(stage.backend.seen().iter().all(|seen| seen.method == "GET"), "{status}");
    }
}

/// What only a record that is there can cause.
const OF_A_RECORD: &[(&str, &str)] = &[
    ("200 OK\r\nContent-Type: application/json", "{\"id\":1,\"project\":\"zeta\""),
    ("200 OK\r\nContent-Type: application/json", "{\"id\":1,\"project\":\"zeta\",\"id\":2}"),
    ("200 OK\r\nContent-Type: application/json", ""),
    ("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip", "{}"),
    ("200 OK\r\nContent-Type: application/json\r\nContent-Encoding: rot13", "{}"),
    ("200 OK\r\nContent-Type: text/html", "<h1>zeta</h1>"),
    ("302 Found\r\nLocation: /api/calls/9", ""),
    ("409 Conflict", ""),
    ("410 Gone", ""),
    ("422 No", ""),
    ("423 Locked", ""),
    ("451 No", ""),
];

#[tokio::test]
async fn h36_a_record_that_cannot_be_answered_is_a_missing_one() {
    let stage = Stage::new(records).await;
    let missing = stage.get("anna", "/api/calls/99").await.timeless();
    let head = stage.send("anna", "HEAD", "/api/calls/99", "", "").await.timeless();
    for (status, body) in OF_A_RECORD {
        let stage = Stage::new(move |_| reply(status, body)).await;
        assert_eq!(stage.get("anna", "/api/calls/1").await.timeless(), missing, "{status} {body}");
        assert_eq!(stage.send("anna", "HEAD", "/api/calls/1", "", "").await.timeless(), head, "{status}");
        let change = stage.send("anna", "DELETE", "/api/calls/1", "", "").await.timeless();
        assert_eq!(change, missing, "{status} {body}");
        let list = stage.get("anna", "/api/calls").await.status;
        assert!(list != 404 || *status == "410 Gone", "{status} {body}");
    }
    let small = |config: &mut cordon_gateway::GatewayConfig| {
        config.limits.response_body = 20;
        config.editor.record = 10;
    };
    let stage = Stage::with("enhanced", small, records).await;
    assert_eq!(stage.get("anna", "/api/calls/1").await.timeless(), missing);
    let counters = stage.gateway.counters();
    assert_eq!((counters.backend_faults, counters.refused), (1, 0), "the operator learns whose fault it is");
}

#[tokio::test]
async fn faults_of_the_backend_stay_what_they_are_on_routes_about_one_record() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":1";
    let cases = [
        (reply("400 Bad", ""), 400),
        (reply("401 No", ""), 401),
        (reply("403 No", ""), 403),
        (reply("429 Slow", ""), 429),
        (reply("500 Oops", ""), 500),
        (reply("503 Busy", ""), 503),
        (raw(cut, Then::Close), 502),
        (raw("", Then::Close), 502),
    ];
    for (script, status) in cases {
        let stage = Stage::new(move |_| script.clone()).await;
        assert_eq!(stage.get("anna", "/api/calls/1").await.status, status);
    }
}

#[tokio::test]
async fn h34_totals_count_what_is_left() {
    let stage = Stage::new(records).await;
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    let both = stage.get("bora", "/api/calls").await;
    assert!(both.text().ends_with("\"total\":2}"), "{both:?}");
}

#[tokio::test]
async fn h35_undeclared_parameters_are_refused_before_the_backend() {
    let stage = Stage::new(records).await;
    let reply = stage.get("anna", "/api/calls?sort=secret").await;
    assert!((400..500).contains(&reply.status));
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn d12_a_closed_section_is_refused_before_the_backend() {
    let stage = Stage::new(records).await;
    assert!((400..500).contains(&stage.get("anna", "/api/secret").await.status));
    assert!(stage.backend.seen().is_empty());
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_for_everybody() {
    let stage = Stage::new(records).await;
    for login in ["anna", "root"] {
        let reply = stage.get(login, "/api/other").await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "no-such-route"));
        let reply = stage.send(login, "PATCH", "/api/calls/1", "", "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("DELETE, GET, HEAD, PUT")));
    }
    assert!(stage.backend.seen().is_empty());
}

async fn chosen(stage: &Stage, login: &str, project: &str) -> Reply {
    stage.send(login, "GET", "/api/calls", &format!("X-Project: {project}\r\n"), "").await.timeless()
}

#[tokio::test]
async fn d24_a_chosen_project_narrows_and_foreign_and_unknown_ones_are_refused_alike() {
    let selector = |config: &mut cordon_gateway::GatewayConfig| {
        config.project.header = Some("x-project".parse().unwrap());
        config.project.query = Some("project".into());
    };
    let stage = Stage::with("enhanced", selector, records).await;
    assert_eq!(chosen(&stage, "bora", "acme").await.text(), ANNAS_CALLS);
    assert_eq!(stage.get("bora", "/api/calls?project=acme&page=2").await.status, 404);
    assert_eq!(stage.backend.seen().pop().unwrap().target, "/api/calls?page=2");
    let unknown = chosen(&stage, "anna", "nothing").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (403, "no-such-project"));
    assert_eq!(chosen(&stage, "anna", "zeta").await, unknown);
    let both = stage.send("bora", "GET", "/api/calls?project=zeta", "X-Project: acme\r\n", "").await;
    assert_eq!(both.status, 400);
}
