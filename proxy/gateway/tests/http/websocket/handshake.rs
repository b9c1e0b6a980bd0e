//! What a WebSocket needs before there is one.

use tokio_tungstenite::tungstenite::Error;

use super::{about, connect, next, pair, say, staged, text};
use crate::backend::{Then, raw, reply};
use crate::stage::Stage;

/// The status with which a WebSocket is refused.
async fn refused(stage: &Stage, login: &str, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    match connect(stage, login, path, headers).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        Ok(_) => panic!("{path} {headers:?}: let in"),
        Err(other) => panic!("{path} {headers:?}: {other}"),
    }
}

#[tokio::test]
async fn h6_only_routes_of_websockets_have_them() {
    let (stage, mut sockets) = staged(|_| {}).await;
    for (login, path, status) in [
        ("anna", "/api/calls", 400),
        ("anna", "/api/nothing", 400),
        ("nobody", "/api/socket", 401),
        ("anna", "/api/secret-socket", 403),
        ("anna", "/api/socket?x=1", 400),
        ("anna", "/api/calls/2/socket", 404),
    ] {
        assert_eq!(refused(&stage, login, path, &[]).await, status, "{login} {path}");
    }
    assert!(sockets.is_empty());
    // What is about a record asks for that first.
    pair(&stage, &mut sockets, "anna", "/api/calls/1/socket").await;
    // And the route is nothing else.
    assert_eq!(stage.get("anna", "/api/socket").await.status, 405);
    assert_eq!(stage.send("anna", "WEBSOCKET", "/api/socket", "", "").await.status, 400);
    assert_eq!(stage.send("anna", "MESSAGE", "/api/socket", "", "").await.status, 400);
    assert!(sockets.is_empty());
}

#[tokio::test]
async fn h6_there_is_one_way_to_ask() {
    const LINES: [&str; 4] = [
        "Connection: close, Upgrade\r\n",
        "Upgrade: websocket\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Version: 13\r\n",
    ];
    let (stage, mut sockets) = staged(|_| {}).await;
    let ask = async |method: &str, lines: &str, body: &str| {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let token = crate::stage::TOKEN;
        let head =
            format!("{method} /api/socket HTTP/1.1\r\nHost: cordon\r\nAuthorization: Bearer {token}anna\r\n");
        stage.raw(format!("{head}{lines}{length}\r\n{body}")).await
    };
    for missing in 1..4 {
        let lines: String =
            LINES.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, line)| *line).collect();
        let status = ask("GET", &lines, "").await.status;
        assert_eq!(status, if missing == 1 { 405 } else { 400 }, "{lines}");
    }
    for (at, line) in [
        (1, "Upgrade: h2c\r\n"),
        (1, "Upgrade: websocket, h2c\r\n"),
        (1, "Upgrade: websocket\r\nUpgrade: websocket\r\n"),
        (2, "Sec-WebSocket-Key: short\r\n"),
        (2, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ\"==\r\n"),
        (2, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        (3, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8\r\n"),
        (3, "Sec-WebSocket-Version: 13\r\nExpect: 100-continue\r\n"),
        (3, "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a b\r\n"),
    ] {
        let mut lines = LINES;
        lines[at] = line;
        assert_eq!(ask("GET", &lines.concat(), "").await.status, 400, "{line}");
    }
    assert_eq!(ask("POST", &LINES.concat(), "").await.status, 400);
    assert_eq!(ask("GET", &LINES.concat(), "{}").await.status, 400);
    let mut old = LINES;
    old[3] = "Sec-WebSocket-Version: 8\r\n";
    let reply = ask("GET", &old.concat(), "").await;
    assert_eq!((reply.status, reply.header("sec-websocket-version")), (426, Some("13")));
    assert!(sockets.is_empty());
}

#[tokio::test]
async fn h6_the_backend_is_asked_anew() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let headers = [
        ("sec-websocket-protocol", "v2.json, v1.json"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("x-secret", "1"),
    ];
    let (mut client, response) = connect(&stage, "anna", "/api/socket", &headers).await.unwrap();
    let (asked, mut backend) = sockets.next().await;
    assert_eq!(asked.target, "/api/socket");
    assert_eq!(asked.headers["sec-websocket-protocol"], "v2.json, v1.json");
    for name in ["sec-websocket-extensions", "authorization", "x-secret", "origin", "accept"] {
        assert_eq!(asked.headers.get(name), None, "{name}");
    }
    let headers = response.headers();
    assert_eq!(headers["sec-websocket-protocol"], "v2.json");
    assert_eq!((headers.get("x-page").unwrap(), headers.get("x-secret")), (&"3".parse().unwrap(), None));
    say(&mut backend, &about(1, "acme")).await;
    assert_eq!(text(&mut client).await, r#"{"type":"call","call":{"id":1,"project":"acme","note":"n1"}}"#);
    // Where the rules do not let them pass, there are no subprotocols.
    let protocol = [("sec-websocket-protocol", "v1.json")];
    let refused = connect(&stage, "anna", "/api/echo", &protocol).await;
    assert!(matches!(refused, Err(Error::Protocol(_))), "the client learns that nobody takes its offer");
    let (asked, mut backend) = sockets.next().await;
    assert_eq!(asked.headers.get("sec-websocket-protocol"), None);
    assert!(next(&mut backend).await.is_none_or(|message| message.is_close()));
}

#[tokio::test]
async fn h6_pages_of_other_origins_do_not_ask() {
    let (stage, mut sockets) =
        staged(|config| config.websocket.origins = vec!["https://crm.test".into()]).await;
    for (origin, allowed) in [
        ("http://cordon", true),
        ("https://cordon", true),
        ("https://cordon:443", false),
        ("https://crm.test", true),
        ("https://CRM.test", true),
        ("http://crm.test", false),
        ("https://cordon.test", false),
        ("https://xcordon", false),
        ("null", false),
        ("file://", false),
    ] {
        if allowed {
            connect(&stage, "anna", "/api/socket", &[("origin", origin)]).await.unwrap();
            sockets.next().await;
        } else {
            assert_eq!(refused(&stage, "anna", "/api/socket", &[("origin", origin)]).await, 403, "{origin}");
        }
    }
    assert!(sockets.is_empty());
}

#[tokio::test]
async fn h6_a_tunnel_needs_the_backends_own_answer() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    for (name, answer, status) in [
        ("no accept", raw(format!("{head}\r\n"), Then::Close), 502),
        ("another's accept", raw(format!("{head}{accept}\r\n"), Then::Close), 502),
        ("200", reply("200 OK\r\nContent-Type: application/json", "{}"), 502),
        ("204", raw("HTTP/1.1 204 No Content\r\n\r\n", Then::Close), 502),
        (
            "other protocol",
            raw("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", Then::Close),
            502,
        ),
        ("404", reply("404 Not Found", "secret"), 404),
        ("403", reply("403 Forbidden", "secret"), 403),
        ("500", reply("500 Oops", "secret"), 500),
    ] {
        let stage = Stage::new(move |_| answer.clone()).await;
        assert_eq!(refused(&stage, "anna", "/api/socket", &[]).await, status, "{name}");
    }
}

#[tokio::test]
async fn h6_over_http2_there_are_none() {
    let (stage, mut sockets) = staged(|_| {}).await;
    let (status, _, _) = stage.h2("anna", "GET", "/api/socket").await.unwrap();
    assert_eq!(status, 405);
    // RFC 8441 asks by CONNECT, which is refused whatever it asks for.
    let connected = stage.h2("anna", "CONNECT", "/api/socket").await;
    assert!(connected.is_err() || connected.unwrap().0 == 400);
    assert!(sockets.is_empty());
}
