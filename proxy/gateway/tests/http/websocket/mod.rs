//! WebSockets: a real backend and a real client of another implementation's making, and the gateway between.

pub(crate) mod backend;
mod endings;
mod handshake;
mod messages;
mod observed;
mod split;

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::stage::{Stage, TOKEN, call};
use backend::Sockets;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A gateway before a backend of WebSockets.
pub(crate) async fn staged(change: impl FnOnce(&mut cordon_gateway::GatewayConfig)) -> (Stage, Sockets) {
    secured("enhanced", change).await
}

/// The same, with a security of the test's own.
pub(crate) async fn secured(
    security: &str,
    change: impl FnOnce(&mut cordon_gateway::GatewayConfig),
) -> (Stage, Sockets) {
    let sockets = Sockets::start().await;
    let url = format!("http://{}", sockets.address).parse().unwrap();
    let set = |config: &mut cordon_gateway::GatewayConfig| {
        config.backend.url = url;
        change(config);
    };
    (Stage::with(security, set, |_| panic!("nobody asks the other backend")).await, sockets)
}

/// Connects as a user, with further headers.
pub(crate) async fn connect(
    stage: &Stage,
    login: &str,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<(Socket, Response), Error> {
    let mut request = format!("ws://cordon{path}").into_client_request().unwrap();
    let credential = format!("Bearer {TOKEN}{login}").parse().unwrap();
    request.headers_mut().insert("authorization", credential);
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(stage.address).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await
}

/// Both ends of a WebSocket through the gateway.
pub(crate) async fn pair(stage: &Stage, sockets: &mut Sockets, login: &str, path: &str) -> (Socket, Socket) {
    let (client, _) = connect(stage, login, path, &[]).await.unwrap();
    (client, sockets.next().await.1)
}

/// What comes next that is no ping or pong.
pub(crate) async fn next(socket: &mut Socket) -> Option<Message> {
    loop {
        let came = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("nothing comes");
        match came {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(message)) => return Some(message),
            Some(Err(_)) | None => return None,
        }
    }
}

/// The text that comes next.
pub(crate) async fn text(socket: &mut Socket) -> String {
    match next(socket).await {
        Some(Message::Text(text)) => text.as_str().to_owned(),
        other => panic!("no text: {other:?}"),
    }
}

/// The code with which the other side closes. None: it has given none, or has hung up.
pub(crate) async fn code(socket: &mut Socket) -> Option<CloseCode> {
    match next(socket).await {
        Some(Message::Close(frame)) => frame.map(|frame| {
            assert_eq!(frame.reason.as_str(), "", "nobody has judged a reason");
            frame.code
        }),
        None => None,
        other => panic!("no end: {other:?}"),
    }
}

pub(crate) async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

/// A message about a call.
pub(crate) fn about(id: u32, project: &str) -> String {
    format!(r#"{{"type":"call","call":{},"secret":"s{id}"}}"#, call(id, project))
}
