//! What of a message goes on, both ways.

use futures_util::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{about, code, connect, next, pair, say, staged, text};
use crate::stage::call;

#[tokio::test]
async fn h31_messages_are_edited_one_by_one_and_hidden_ones_leave_nothing() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut anna, mut to_anna) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    let (mut zoe, mut to_zoe) = pair(&stage, &mut sockets, "zoe", "/api/socket").await;
    for backend in [&mut to_anna, &mut to_zoe] {
        for (id, project) in [(1, "acme"), (2, "zeta"), (3, "nowhere"), (4, "acme"), (5, "zeta")] {
            say(backend, &about(id, project)).await;
        }
        let lists = |records: &[(u32, &str)]| {
            let calls: Vec<String> = records.iter().map(|(id, project)| call(*id, project)).collect();
            format!(r#"{{"type":"list","calls":[{}]}}"#, calls.join(","))
        };
        say(backend, &lists(&[(6, "acme"), (7, "zeta")])).await;
        say(backend, &lists(&[(8, "acme")])).await;
        say(backend, &lists(&[])).await;
        // Nothing of these is left that could tell anything.
        for nothing in [r#"{"secret":"s"}"#, r#"["s"]"#, r#""s""#, "17"] {
            say(backend, nothing).await;
        }
        say(backend, "{}").await;
        say(backend, r#"{"type":"end"}"#).await;
    }
    let shown = |id, project| {
        format!(r#"{{"type":"call","call":{{"id":{id},"project":"{project}","note":"n{id}"}}}}"#)
    };
    for expected in [
        shown(1, "acme"),
        shown(4, "acme"),
        r#"{"type":"list","calls":[{"id":6,"project":"acme","note":"n6"}]}"#.to_owned(),
        r#"{"type":"list","calls":[{"id":8,"project":"acme","note":"n8"}]}"#.to_owned(),
        r#"{"type":"list","calls":[]}"#.to_owned(),
        "{}".to_owned(),
        r#"{"type":"end"}"#.to_owned(),
    ] {
        assert_eq!(text(&mut anna).await, expected);
    }
    for expected in [
        shown(2, "zeta"),
        shown(5, "zeta"),
        r#"{"type":"list","calls":[{"id":7,"project":"zeta","note":"n7"}]}"#.to_owned(),
        r#"{"type":"list","calls":[]}"#.to_owned(),
        "{}".to_owned(),
        r#"{"type":"end"}"#.to_owned(),
    ] {
        assert_eq!(text(&mut zoe).await, expected);
    }
    for mut client in [anna, zoe] {
        client.close(None).await.unwrap();
        assert_eq!(next(&mut client).await, Some(Message::Close(None)));
    }
    for mut backend in [to_anna, to_zoe] {
        assert_eq!(next(&mut backend).await, Some(Message::Close(None)));
    }
    stage
        .stop_and(|counters| {
            let counts = counters.routes.iter().find(|route| route.route == "socket").unwrap();
            assert_eq!((counts.messages.told, counts.messages.said), (13, 0));
            assert_eq!((counts.messages.edited, counts.messages.dropped), (7, 15));
            assert_eq!((counts.kept, counts.dropped), (7, 9));
            assert_eq!(counters.broken_off, 0);
        })
        .await;
}

#[tokio::test]
async fn h22_a_message_that_cannot_be_edited_is_the_last() {
    for wrong in [
        Message::text("pong"),
        Message::text(r#"{"type":"a","type":"b"}"#),
        Message::text(r#"{"type":"a"} {"type":"b"}"#),
        Message::text(r#"{"type":"a""#),
        Message::text(""),
        Message::text(format!(r#"{{"type":"{}"}}"#, "x".repeat(4000))),
        Message::binary(about(1, "acme").into_bytes()),
    ] {
        let (stage, mut sockets) = staged(|config| config.websocket.backend_message = 2000).await;
        let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
        say(&mut backend, &about(1, "acme")).await;
        backend.send(wrong.clone()).await.unwrap();
        let _ = backend.send(Message::text(about(3, "acme"))).await;
        text(&mut client).await;
        assert_eq!(code(&mut client).await, Some(CloseCode::Error), "{wrong}");
        assert!(matches!(
            code(&mut backend).await,
            Some(CloseCode::Away | CloseCode::Unsupported | CloseCode::Size)
        ));
        stage.stop_and(|counters| assert_eq!((counters.broken_off, counters.backend_faults), (1, 1))).await;
    }
}

#[tokio::test]
async fn h35_a_client_says_what_the_rules_list() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    for allowed in [
        r#"{"type":"subscribe","a b":{"c":1}}"#,
        r#"{"type":"unsubscribe","queue":12,"ids":[1,2,3],"a b":{"c":"x"}}"#,
        r#"{"\u0074ype":"subscribe","a b":{"c":"x"},"queue":null}"#,
        r#" {"type" : "hello"} "#,
        "ping",
    ] {
        say(&mut client, allowed).await;
        assert_eq!(text(&mut backend).await, allowed, "goes on as it is");
    }
    let long = format!(r#"{{"type":"hello","{}":[{}]}}"#, "x".repeat(600), vec!["1"; 300].join(","));
    for refused in [
        r#"{"type":"delete"}"#,
        r#"{"type":"subscribe"}"#,
        r#"{"type":"subscribe","a b":{"c":"y"}}"#,
        r#"{"type":"subscribe","a b":{"c":1,"d":2}}"#,
        r#"{"type":"subscribe","a b":{"c":[1]}}"#,
        r#"{"type":"subscribe","a b":{"c":1},"ids":[[1]]}"#,
        r#"{"type":"subscribe","a b":{"c":1},"ids":7}"#,
        r#"{"type":"subscribe","a b":{"c":{"$serde_json::private::Number":"1"}}}"#,
        r#"{"type":"subscribe","a b":{"c":{"$serde_json::private::RawValue":"1"}}}"#,
        r#"{"type":"subscribe","a b":{"c":1},"phone":1}"#,
        r#"{"type":"subscribe","a b":{"c":1},"phone":[]}"#,
        r#"{"type":"subscribe","a b":{"c":1},"phone":{}}"#,
        r#"{"type":["hello"]}"#,
        r#"{"type":{}}"#,
        r#"[{"type":"hello"}]"#,
        r#"{"type":"hello","queue":1}"#,
        r#"{"type":"hello","type":"delete"}"#,
        r#"{"type":"delete","type":"hello"}"#,
        r#"{"type":"hello"}{"type":"delete"}"#,
        r#"{"type":"hello","\u0074ype":"delete"}"#,
        r#"{"type":"hello","$serde_json::private::Number":"1"}"#,
        r#"{"$serde_json::private::Number":"1","type":"hello"}"#,
        &format!("{}{}", "[".repeat(2000), "]".repeat(2000)),
        "{}",
        "[]",
        "null",
        r#""ping""#,
        "ping ",
        "Ping",
        "",
        "{type:'hello'}",
        &long,
    ] {
        let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
        say(&mut client, refused).await;
        assert_eq!(code(&mut client).await, Some(CloseCode::Policy), "{refused}");
        assert_eq!(code(&mut backend).await, Some(CloseCode::Away), "{refused}");
    }
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/socket").await;
    client.send(Message::binary(r#"{"type":"hello"}"#.as_bytes().to_vec())).await.unwrap();
    assert_eq!(code(&mut client).await, Some(CloseCode::Unsupported));
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
    // Where nothing is listed, nothing is said.
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/calls/1/socket").await;
    say(&mut client, "{}").await;
    assert_eq!(code(&mut client).await, Some(CloseCode::Policy));
    assert_eq!(code(&mut backend).await, Some(CloseCode::Away));
}

#[tokio::test]
async fn what_passes_unread_passes_whatever_it_is() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/echo").await;
    for message in [Message::text("no JSON"), Message::text(""), Message::binary(vec![0, 255, 1])] {
        client.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut backend).await.unwrap(), message);
        backend.send(message.clone()).await.unwrap();
        assert_eq!(next(&mut client).await.unwrap(), message);
    }
}

#[tokio::test]
async fn pings_go_no_further() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (mut client, mut backend) = pair(&stage, &mut sockets, "anna", "/api/echo").await;
    backend.send(Message::Ping(b"secret".to_vec().into())).await.unwrap();
    backend.send(Message::Pong(b"secret".to_vec().into())).await.unwrap();
    say(&mut backend, "1").await;
    let first = futures_util::StreamExt::next(&mut client).await.unwrap().unwrap();
    assert_eq!(first, Message::text("1"), "nobody has judged what stands in a ping");
    let pong = futures_util::StreamExt::next(&mut backend).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(b"secret".to_vec().into()));
    let refused = connect(&stage, "nobody", "/api/echo", &[]).await;
    assert!(refused.is_err());
}
