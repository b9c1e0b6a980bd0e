//! D1: where nothing is enforced, WebSockets pass, and what enforcement would have done is counted.

use cordon_gateway::RouteCounts;
use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Socket, about, code, connect, next, pair, say, secured, text};
use crate::backend::reply;
use crate::stage::{Stage, TOKEN};

/// Ends both sides, and looks at what was counted of a route.
async fn counts(stage: Stage, mut sides: (Socket, Socket), route: &str) -> RouteCounts {
    sides.0.close(None).await.unwrap();
    while next(&mut sides.1).await.is_some() {}
    while next(&mut sides.0).await.is_some() {}
    let mut counts = RouteCounts::default();
    stage
        .stop_and(|counters| {
            counts = counters.routes.into_iter().find(|counts| counts.route == route).unwrap();
        })
        .await;
    counts
}

#[tokio::test]
async fn d1_messages_pass_untouched_and_are_counted() {
    let (stage, mut sockets) = secured("simplified", |_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    for (id, project) in [(1, "acme"), (2, "zeta"), (3, "nowhere")] {
        say(&mut backend, &about(id, project)).await;
        assert_eq!(text(&mut client).await, about(id, project));
    }
    say(&mut client, r#"{"type":"hello"}"#).await;
    assert_eq!(text(&mut backend).await, r#"{"type":"hello"}"#);
    let counts = counts(stage, (client, backend), "socket").await;
    assert_eq!((counts.kept, counts.dropped, counts.would_refuse), (1, 2, 0));
    assert_eq!((counts.messages.said, counts.messages.told, counts.messages.dropped), (1, 3, 0));
    assert!(counts.unlisted > 0 && counts.sent > 0 && counts.received > 0, "{counts:?}");
}

#[tokio::test]
async fn d1_what_would_end_a_websocket_is_counted_once_and_everything_passes() {
    for wrong in [Message::text("no JSON"), Message::binary(vec![0, 255]), Message::text("{\"a\":1,\"a\":2}")]
    {
        for by_client in [true, false] {
            let (stage, mut sockets) = secured("simplified", |_| {}).await;
            let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
            let (from, to) =
                if by_client { (&mut client, &mut backend) } else { (&mut backend, &mut client) };
            for message in [&wrong, &wrong, &Message::text(about(1, "acme"))] {
                from.send(message.clone()).await.unwrap();
                assert_eq!(next(to).await.as_ref(), Some(message));
            }
            let counts = counts(stage, (client, backend), "socket").await;
            assert_eq!((counts.would_refuse, counts.kept), (1, 0), "{wrong:?} {by_client}");
        }
    }
}

#[tokio::test]
async fn d1_websockets_of_which_the_rules_know_nothing_pass() {
    let (stage, mut sockets) = secured("simplified", |_| {}).await;
    for (login, path, headers) in [
        ("anna", "/whatever/there/is?x=1", &[][..]),
        ("nobody", "/api/socket", &[]),
        ("anna", "/api/secret-socket", &[("origin", "https://elsewhere.example")]),
        ("anna", "/api/calls", &[("sec-websocket-extensions", "permessage-deflate")]),
    ] {
        let (mut client, response) = connect(&stage, login, path, headers).await.unwrap();
        let (asked, mut backend) = sockets.next().await;
        assert_eq!(asked.target, path);
        assert_eq!(
            asked.headers.get("origin").map(|_| ()),
            headers.iter().find(|(name, _)| *name == "origin").map(|_| ())
        );
        assert_eq!(
            (asked.headers.get("authorization"), asked.headers.get("sec-websocket-extensions")),
            (None, None)
        );
        assert_eq!(response.headers()["x-secret"], "s", "headers pass, too");
        assert!(!response.headers().contains_key("sec-websocket-extensions"));
        for message in ["1", "{}"] {
            say(&mut client, message).await;
            assert_eq!(text(&mut backend).await, message);
            say(&mut backend, message).await;
            assert_eq!(text(&mut client).await, message);
        }
        backend.close(None).await.unwrap();
        assert_eq!(next(&mut client).await, Some(Message::Close(None)));
    }
    stage
        .stop_and(|counters| {
            let would =
                |route| counters.routes.iter().find(|counts| counts.route == route).unwrap().would_refuse;
            // Without a caller, and where the caller has no section.
            assert_eq!((would("socket"), would("secret-socket")), (1, 1));
        })
        .await;
}

#[tokio::test]
async fn d1_a_backend_that_gives_no_websocket_is_heard() {
    let answer = |_: &_| reply("426 Upgrade Required\r\nContent-Type: text/plain\r\nX-Why: old", "not so");
    let stage = Stage::with("simplified", |_| {}, answer).await;
    match connect(&stage, "anna", "/api/socket", &[]).await {
        Err(Error::Http(response)) => {
            assert_eq!(
                (response.status().as_u16(), &response.headers()["x-why"]),
                (426, &"old".parse().unwrap())
            );
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
    assert!(!format!("{:?}", stage.backend.seen()).contains(TOKEN), "credentials end here");
}

#[tokio::test]
async fn d1_a_message_that_is_too_long_ends_here_too() {
    let (stage, mut sockets) = secured("simplified", |config| config.websocket.client_message = 100).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    say(&mut client, &"x".repeat(101)).await;
    assert_eq!(code(&mut client).await, Some(CloseCode::Size));
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
}
