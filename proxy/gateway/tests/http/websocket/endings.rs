//! How WebSockets end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{about, code, next, pair, say, staged, text};

#[tokio::test]
async fn codes_are_relayed_and_reasons_are_not() {
    let (stage, mut sockets) = staged(|_| {}).await;
    for sent in [
        CloseCode::Normal,
        CloseCode::Away,
        CloseCode::Again,
        CloseCode::Iana(3000),
        CloseCode::Library(4999),
    ] {
        for by_client in [true, false] {
            let (client, backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
            let (mut one, mut other) = if by_client { (client, backend) } else { (backend, client) };
            one.close(Some(CloseFrame { code: sent, reason: "secret".into() })).await.unwrap();
            assert_eq!(code(&mut other).await, Some(sent));
            assert!(matches!(next(&mut one).await, Some(Message::Close(Some(frame))) if frame.code == sent));
            assert_eq!(next(&mut one).await, None);
        }
    }
    stage.stop_and(|counters| assert_eq!(counters.broken_off, 0)).await;
}

#[tokio::test]
async fn what_was_said_before_the_end_arrives() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    for id in 0..200 {
        say(&mut backend, &about(id, "acme")).await;
    }
    backend.close(None).await.unwrap();
    for id in 0..200 {
        assert!(text(&mut client).await.contains(&format!("\"id\":{id},")));
    }
    assert_eq!(next(&mut client).await, Some(Message::Close(None)));
}

#[tokio::test]
async fn h12_a_side_that_is_lost_is_no_end() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    drop(backend);
    assert_eq!(code(&mut client).await, Some(CloseCode::Error));
    let (client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    drop(client);
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
    stage.stop_and(|counters| assert_eq!(counters.broken_off, 2)).await;
}

#[tokio::test]
async fn h11_who_is_silent_is_asked_and_who_does_not_answer_is_gone() {
    let idle = Duration::from_millis(400);
    let (stage, mut sockets) = staged(|config| config.deadlines.idle = idle).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    // Both answer pings while they wait, and so they stay.
    let waiting = async {
        for side in [&mut client, &mut backend] {
            let asked = side.next().await;
            assert!(matches!(asked, Some(Ok(Message::Ping(payload))) if payload.is_empty()));
        }
        let both = async { tokio::join!(client.next(), backend.next()) };
        let _ = tokio::time::timeout(idle * 4, both).await;
    };
    waiting.await;
    let message = about(1, "acme");
    let ((), answered) = tokio::join!(say(&mut backend, &message), text(&mut client));
    assert!(answered.contains("n1"));
    // Whoever does not read does not answer.
    let (_client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
    let (mut client, _backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    assert_eq!(code(&mut client).await, Some(CloseCode::Error));
}

#[tokio::test]
async fn h11_who_does_not_read_is_not_read_for() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/echo").await;
    let chunk = "x".repeat(60_000);
    let mut sent = 0;
    // The client reads nothing: in the end the backend cannot send either.
    while tokio::time::timeout(Duration::from_millis(500), backend.send(Message::text(chunk.clone())))
        .await
        .is_ok()
    {
        sent += 1;
        assert!(sent < 2000, "nobody holds it back");
    }
    // What was held back comes as soon as it is read.
    for _ in 0..sent {
        assert_eq!(text(&mut client).await.len(), chunk.len());
    }
}

#[tokio::test]
async fn a_gateway_that_stops_says_so() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    say(&mut backend, &about(1, "acme")).await;
    text(&mut client).await;
    let (_, of_client, of_backend) = tokio::join!(
        stage.stop_and(|counters| assert_eq!(counters.broken_off, 0)),
        code(&mut client),
        code(&mut backend)
    );
    assert_eq!((of_client, of_backend), (Some(CloseCode::Away), Some(CloseCode::Away)));
}
