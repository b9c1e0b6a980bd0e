//! D1: a simplified deployment restricts nobody and counts. `explain`: both sides of an exchange.

use cordon_gateway::{BackendCredential, Gateway, GatewayConfig};
use cordon_rewrite::DifferenceKind;

use crate::backend::{Then, json, raw, reply};
use crate::memory::get;
use crate::stage::{ANNAS_CALLS, Stage, TOKEN, call, calls};

const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

fn count(gateway: &Gateway, route: &str) -> cordon_gateway::RouteCounts {
    gateway.counters().routes.into_iter().find(|counts| counts.route == route).unwrap()
}

#[tokio::test]
async fn d1_simplified_forwards_untouched_and_counts() {
    let stage = Stage::with(
        "simplified",
        |_| {},
        |seen| match seen.target.as_str() {
            "/api/calls" => reply(
                "200 OK\r\nContent-Type: application/json\r\nETag: \"x\"\r\nConnection: x-hop\r\nX-Hop: 1",
                calls(TWO),
            ),
            "/api/calls/2" => json(call(2, "zeta")),
            _ => reply("302 Found\r\nLocation: /x", "moved"),
        },
    )
    .await;
    let got =
        stage.send("anna", "GET", "/api/calls", "If-None-Match: \"y\"\r\nRange: bytes=0-1\r\n", "").await;
    assert_eq!(got.text(), calls(TWO));
    assert_eq!((got.header("etag"), got.header("x-hop")), (Some("\"x\""), None));
    let seen = stage.backend.only();
    assert_eq!((seen.header("if-none-match"), seen.header("authorization")), (Some("\"y\""), None));
    let counts = count(&stage.gateway, "calls");
    assert_eq!((counts.kept, counts.dropped, counts.would_refuse), (1, 1, 0));
    assert_eq!(stage.get("anna", "/api/calls/2").await.text(), call(2, "zeta"));
    assert_eq!(count(&stage.gateway, "call").would_refuse, 1);
    assert_eq!(stage.get("anna", "/api/calls?sort=phone").await.status, 302);
    assert_eq!(count(&stage.gateway, "calls").would_refuse, 1);
    assert_eq!(stage.get("anna", "/whatever/there/is").await.status, 302);
}

#[tokio::test]
async fn d1_a_body_that_cannot_be_judged_passes_untouched() {
    for body in ["{\"data\":[", "not json", ""] {
        let stage = Stage::with("simplified", |_| {}, move |_| json(body)).await;
        assert_eq!(stage.get("anna", "/api/calls").await.text(), body);
        assert_eq!(count(&stage.gateway, "calls").would_refuse, 1);
    }
}

#[tokio::test]
async fn h12_observed_bodies_that_break_off_break_off() {
    let stage = Stage::with(
        "simplified",
        |_| {},
        |_| {
            raw(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{}",
                Then::Close,
            )
        },
    )
    .await;
    assert!(!stage.get("anna", "/api/calls").await.complete);
}

#[tokio::test]
async fn d1_our_credential_is_not_lent_to_strangers() {
    let request = "GET /api/calls HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\r\n";
    let stage = Stage::with("simplified", |_| {}, |_| json(calls(TWO))).await;
    assert_eq!(stage.raw(request).await.status, 200);
    let service = |config: &mut GatewayConfig| {
        config.backend.credential = BackendCredential::Header {
            name: http::header::AUTHORIZATION,
            value: "Bearer service".parse().unwrap(),
        };
    };
    let stage = Stage::with("simplified", service, |_| json(calls(TWO))).await;
    assert_eq!(stage.raw(request).await.status, 401);
    assert!(stage.backend.seen().is_empty());
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    assert_eq!(stage.backend.only().header("authorization"), Some("Bearer service"));
    let request = request.replace("\r\n\r\n", &format!("\r\nAuthorization: Bearer {TOKEN}x\r\n\r\n"));
    assert_eq!(stage.raw(request).await.status, 401);
}

#[tokio::test]
async fn explain_shows_both_sides_and_every_difference() {
    let stage = Stage::new(|seen| match seen.target.as_str() {
        "/api/calls" => json(calls(TWO)),
        _ => json(call(2, "zeta")),
    })
    .await;
    let explained = stage.gateway.explain("anna", get("/api/calls")).await.unwrap().unwrap();
    let backend = explained.backend.unwrap();
    assert_eq!((backend.status.as_u16(), &backend.body[..]), (200, calls(TWO).as_bytes()));
    assert_eq!(&explained.answer.body[..], ANNAS_CALLS.as_bytes());
    assert!(!explained.answer.broken_off && explained.refusal.is_none());
    let report = explained.report.unwrap();
    let dropped = report
        .differences
        .iter()
        .find(|difference| matches!(difference.kind, DifferenceKind::Dropped { .. }));
    assert_eq!(dropped.unwrap().path, "$.data[1]");

    let explained = stage.gateway.explain("anna", get("/api/calls/2")).await.unwrap().unwrap();
    assert_eq!(&explained.backend.unwrap().body[..], call(2, "zeta").as_bytes());
    assert_eq!(explained.answer.status, 404);
    assert!(explained.report.unwrap().missing);
    assert_eq!(explained.refusal.unwrap().problem.code, "not-found");

    let explained = stage.gateway.explain("anna", get("/api/other")).await.unwrap().unwrap();
    assert!(explained.backend.is_none());
    assert_eq!(explained.refusal.unwrap().problem.code, "no-such-route");
    assert!(stage.gateway.explain("nobody", get("/api/calls")).await.unwrap().is_none());
}

#[tokio::test]
async fn d8_another_policy_is_in_force_at_the_next_request() {
    let stage = Stage::new(|_| json(calls(TWO))).await;
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    stage.gateway.activate(crate::stage::policy()).unwrap();
    assert_eq!(count(&stage.gateway, "calls").requests, 1, "counts by route go on");
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    assert_eq!(count(&stage.gateway, "calls").requests, 2);
}
