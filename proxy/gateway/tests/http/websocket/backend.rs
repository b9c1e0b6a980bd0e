//! A backend that makes WebSockets and answers what is asked of calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::Socket;
use crate::stage::call;

/// A handshake as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

pub(crate) struct Sockets {
    pub(crate) address: SocketAddr,
    opened: UnboundedReceiver<(Asked, Socket)>,
    calls: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Sockets {
    pub(crate) async fn start() -> Sockets {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, opened) = unbounded_channel();
        let calls = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&calls);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(connection(stream, sender.clone(), Arc::clone(&counted)));
            }
        });
        Sockets { address, opened, calls, task }
    }

    /// The next WebSocket.
    pub(crate) async fn next(&mut self) -> (Asked, Socket) {
        let next = self.opened.recv();
        tokio::time::timeout(Duration::from_secs(20), next).await.expect("no WebSocket").unwrap()
    }

    /// How often a call was asked for.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Whether nobody asked for one that was not taken.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.opened.is_empty()
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers calls, of which the odd ones are acme's, and those from 70 on of a project of the backend's own, until a WebSocket
/// is asked for.
async fn connection(
    mut stream: TcpStream,
    opened: UnboundedSender<(Asked, Socket)>,
    calls: Arc<AtomicUsize>,
) {
    let mut buffer = [0; 8192];
    loop {
        let Ok(length @ 1..) = stream.peek(&mut buffer).await else { return };
        let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if !head.ends_with("\r\n\r\n") {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        if head.to_ascii_lowercase().contains("upgrade: websocket") {
            break;
        }
        stream.read_exact(&mut buffer[..length]).await.unwrap();
        let id: u32 = head.split(' ').nth(1).unwrap().rsplit('/').next().unwrap().parse().unwrap();
        calls.fetch_add(1, Ordering::Relaxed);
        let project = match id {
            70.. => "7",
            _ if id % 2 == 1 => "acme",
            _ => "zeta",
        };
        let body = call(id, project);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        stream.write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    }
    let mut asked = None;
    #[allow(clippy::result_large_err, reason = "the library's signature")]
    let answer = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let headers = request.headers();
        if let Some(protocols) = headers.get("sec-websocket-protocol") {
            let first = protocols.to_str().unwrap().split(',').next().unwrap().trim().parse().unwrap();
            response.headers_mut().insert("sec-websocket-protocol", first);
        }
        response.headers_mut().insert("x-page", "3".parse().unwrap());
        response.headers_mut().insert("x-secret", "s".parse().unwrap());
        asked = Some(Asked { target: request.uri().to_string(), headers: headers.clone() });
        Ok(response)
    };
    if let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, answer).await {
        let _ = opened.send((asked.unwrap(), socket));
    }
}
