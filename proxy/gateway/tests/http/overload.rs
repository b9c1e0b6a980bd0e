//! What is too much is refused at once, and refused alike (H36).

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use cordon_gateway::{GatewayConfig, Rate};
use tokio::task::JoinHandle;

use crate::backend::{fed, json};
use crate::client::Reply;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

/// So many, and then no more while a test lasts.
fn once(burst: u32) -> Option<Rate> {
    let number = |number| NonZeroU32::new(number).unwrap();
    Some(Rate { requests: number(1), every: Duration::from_secs(1000), burst: number(burst) })
}

fn refusals(stage: &Stage, reason: &str) -> u64 {
    let refusals = stage.gateway.measures().refusals;
    refusals.iter().filter(|refusal| refusal.reason == reason).map(|refusal| refusal.count).sum()
}

async fn under_way(stage: &Stage, number: usize) {
    for _ in 0..1000 {
        if stage.gateway.requests_under_way() == number {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} are under way", stage.gateway.requests_under_way());
}

fn ask(stage: &Arc<Stage>) -> JoinHandle<Reply> {
    let stage = Arc::clone(stage);
    tokio::spawn(async move { stage.get("anna", "/api/calls").await })
}

#[tokio::test]
async fn h36_what_is_shed_is_told_the_same_whatever_it_asks_for() {
    let (feed, handler) = fed("application/json");
    let stage = Arc::new(Stage::with("enhanced", |config| config.limits.requests = 1, handler).await);
    let first = ask(&stage);
    under_way(&stage, 1).await;
    let usual = stage.get("zoe", "/api/calls").await.timeless();
    assert_eq!((usual.status, usual.code().as_str()), (503, "overloaded"));
    assert_eq!(usual.header("retry-after"), Some("1"));
    for (login, method, path, body) in [
        ("anna", "GET", "/api/calls/1", ""),
        ("anna", "GET", "/api/calls/2", ""),
        ("anna", "GET", "/nothing/here", ""),
        ("anna", "PUT", "/api/calls/2", "{}"),
        ("anna", "DELETE", "/api/calls/1", ""),
        ("anna", "PATCH", "/api/calls/1", "{}"),
        ("root", "GET", "/api/secret", ""),
        ("nobody", "GET", "/api/calls", ""),
    ] {
        let mut reply = stage.send(login, method, path, "", body).await.timeless();
        // The one difference that the framing makes: what was not read of a body ends the connection.
        reply.headers.remove("connection");
        let mut usual = usual.clone();
        usual.headers.remove("connection");
        assert_eq!(reply, usual, "{login} {method} {path}");
    }
    let without = stage.raw("GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\r\n").await;
    assert_eq!(without.timeless(), usual, "without a credential");
    let (status, headers, body) = stage.h2("anna", "GET", "/api/calls").await.unwrap();
    assert_eq!((status.as_u16(), headers["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(body.unwrap(), usual.body);
    assert_eq!(stage.backend.seen().len(), 1);
    assert_eq!(refusals(&stage, "overloaded"), 11);
    assert_eq!(stage.gateway.counters().backend_faults, 0);
    feed.send(calls(TWO)).unwrap();
    drop(feed);
    assert_eq!(first.await.unwrap().text(), ANNAS_CALLS);
    under_way(&stage, 0).await;
}

#[tokio::test]
async fn who_goes_away_leaves_their_place() {
    let (feed, handler) = fed("application/json");
    let stage = Arc::new(Stage::with("enhanced", |config| config.limits.requests = 2, handler).await);
    let (first, second) = (ask(&stage), ask(&stage));
    under_way(&stage, 2).await;
    first.abort();
    second.abort();
    under_way(&stage, 0).await;
    drop(feed);
}

#[tokio::test]
async fn h36_a_caller_who_asks_too_often_is_told_the_same_whatever_they_ask_for() {
    for security in ["enhanced", "simplified"] {
        let rated = |config: &mut GatewayConfig| config.limits.per_caller = once(3);
        let stage = Stage::with(security, rated, |_| json(calls(TWO))).await;
        for _ in 0..3 {
            assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
        }
        let usual = stage.get("anna", "/api/calls").await.timeless();
        assert_eq!((usual.status, usual.code().as_str()), (429, "too-many-requests"));
        let wait = usual.header("retry-after").unwrap().parse::<u64>().unwrap();
        assert!((900..=1000).contains(&wait), "{wait}");
        for path in ["/api/calls/1", "/api/calls/2", "/api/secret", "/nothing/here"] {
            let mut reply = stage.get("anna", path).await.timeless();
            reply.headers.insert("retry-after", usual.headers["retry-after"].clone());
            assert_eq!(reply, usual, "{path}");
        }
        assert_eq!(stage.backend.seen().len(), 3);
        assert_eq!(refusals(&stage, "too-many-requests"), 5);
        assert_eq!(stage.get("zoe", "/api/calls").await.status, 200, "nobody pays for others");
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_not_even_asked_who_it_is() {
    let rated = |config: &mut GatewayConfig| config.limits.per_address = once(4);
    let stage = Stage::with("enhanced", rated, |_| json(calls(TWO))).await;
    for _ in 0..4 {
        let wrong = format!(
            "GET /api/calls HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}x\r\n\r\n"
        );
        assert_eq!(stage.raw(&wrong).await.status, 401);
    }
    let known = stage.get("anna", "/api/calls").await;
    assert_eq!((known.status, known.code().as_str()), (429, "too-many-requests"));
    assert_eq!(known.header("cordon-policy"), None, "it is not known that this is anna");
    assert_eq!(stage.backend.seen().len(), 0);
    under_way(&stage, 0).await;
}
