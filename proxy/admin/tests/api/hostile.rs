//! Requests that are wrong on purpose.

use axum::body::Body;
use http::Request;
use serde_json::json;

use crate::harness::Api;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_records_are_refused_whatever_they_are() {
    let api = Api::furnished().await;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"name\":{}1{}}}", "{\"a\":".repeat(200), "}".repeat(200));
    let wide = format!("{{\"name\":\"x\",\"aliases\":[{}]}}", vec!["\"a\""; 200_000].join(","));
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("nul", 400),
        ("{\"name\":\"a\",\"name\":\"b\"}", 400),
        ("{\"name\":\"\\ud800\"}", 400),
        ("{\"name\":\"a\"} {}", 400),
        ("\u{feff}{}", 400),
        (deep.as_str(), 400),
        (nested.as_str(), 400),
        (wide.as_str(), 422),
        ("null", 422),
        ("[]", 422),
        ("\"name\"", 422),
        ("1e400", 422),
        ("{}", 422),
        ("{\"name\":null}", 422),
        ("{\"name\":1e400}", 422),
        ("{\"name\":\"\\u0000\"}", 422),
        ("{\"name\":\"x\",\"id\":\"\"}", 422),
        ("{\"name\":\"x\",\"archived\":1}", 422),
        ("{\"name\":\"x\",\"__proto__\":{}}", 422),
        ("{\"name\":\"x\",\"a/b~\":{}}", 422),
    ] {
        let refused = api.ask("adam", "POST", "/projects", &[], Some(body.to_owned())).await.expect(status);
        assert!(!refused.errors().is_empty(), "{refused:?}");
    }
    let refused = api.send("adam", "POST", "/projects", json!({"name": "x", "a/b~": 1})).await;
    assert_eq!(refused.errors(), [("/a~1b~0".into(), "unknown-member".into())]);
    let long = "x".repeat(10_000);
    api.send("adam", "POST", "/projects", json!({"name": long})).await.expect(422);
    for patch in [json!([]), json!(null), json!("x"), json!({"name": null}), json!({"id": "other"})] {
        api.send("adam", "PATCH", "/projects/acme", patch).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_are_refused_before_they_are_there() {
    let api = Api::furnished().await;
    let body = format!("\"{}\"", "x".repeat(1 << 20));
    let refused = api.ask("adam", "POST", "/projects", &[], Some(body.clone())).await.expect(413);
    assert_eq!(refused.header("connection"), "close");
    // Who may not do it is told so without being listened to.
    api.ask("nothing", "POST", "/projects", &[], Some(body)).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn media_types_are_what_they_have_to_be() {
    let api = Api::furnished().await;
    let body = || Some(json!({"name": "New"}).to_string());
    for (name, value, status) in [
        ("content-type", "text/plain", 415),
        ("content-type", "application/json; charset=latin1", 415),
        ("content-type", "application/merge-patch+json", 415),
        ("content-type", "", 415),
        ("content-encoding", "gzip", 415),
        ("accept", "text/html", 406),
        ("accept", "application/json;q=0", 406),
        ("content-type", "application/json; charset=UTF-8", 201),
    ] {
        let mut headers = vec![(name, value)];
        if name != "content-type" {
            headers.push(("content-type", "application/json"));
        }
        api.ask("adam", "POST", "/projects", &headers, body()).await.expect(status);
    }
    let headers = [("content-type", "application/merge-patch+json")];
    api.ask("adam", "PATCH", "/projects/acme", &headers, body()).await.expect(409);
    api.ask("adam", "PATCH", "/projects/acme", &headers, Some("{}".into())).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_taken_as_they_are_written() {
    let api = Api::furnished().await;
    for id in ["%2e%2e", "..%2f..%2fetc", "a%00b", "%F0%9F%98%80", "a%2Fb", "'%3B--", "%25", "{id}", "a;b=c"]
    {
        api.get("adam", &format!("/projects/{id}")).await.expect(404);
        api.get("adam", &format!("/objects/queue/{id}")).await.expect(404);
        api.get("adam", &format!("/users/{id}/tokens")).await.expect(404);
    }
    api.get("adam", "/projects/%ff").await.expect(400);
    for path in [
        "/",
        "//projects",
        "/projects/",
        "/projects/acme/",
        "/projects/acme/nothing",
        "/PROJECTS",
        "/objects/queue",
    ] {
        assert_eq!(api.get("adam", path).await.expect(404).json()["code"], "no-such-route", "{path}");
    }
    let refused = api.ask("adam", "POST", "/projects/acme", &[], None).await.expect(405);
    let allowed: Vec<&str> = refused.header("allow").split(',').map(str::trim).collect();
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert!(allowed.contains(&method), "{allowed:?}");
    }
    api.ask("adam", "BREW", "/me", &[], None).await.expect(405);
    api.ask("adam", "OPTIONS", "/me", &[("origin", "https://example.com")], None).await.expect(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_changes_nothing() {
    let api = Api::furnished().await;
    let pieces = [Ok("{\"name\":"), Err(std::io::Error::other("gone"))];
    let request = Request::post("/projects")
        .header("authorization", format!("Bearer {}", api.token("adam")))
        .header("content-type", "application/json")
        .body(Body::from_stream(futures_util::stream::iter(pieces)))
        .unwrap();
    assert_eq!(api.request(request).await.expect(400).json()["code"], "body-broken");
}
