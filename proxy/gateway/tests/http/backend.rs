//! A backend that answers with whatever bytes a test gives it, and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent for a request.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
}

/// What follows an answer.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    /// The next request on this connection.
    Keep,
    Close,
    /// Nothing, for ever.
    Hang,
    /// The connection is reset.
    Reset,
    /// This, a byte at a time, with a pause before each.
    Trickle(Vec<u8>, Duration),
    /// This, again and again, until the other side goes away.
    Flood(Vec<u8>),
    /// What the test says, when it says it, until it lets go.
    Fed(Feed),
}

/// What a test feeds to an answer under way.
pub(crate) type Feed = Arc<tokio::sync::Mutex<UnboundedReceiver<String>>>;

/// An answer of this type in chunks, each sent when the test sends it. Letting go ends it with an empty chunk.
pub(crate) fn fed(kind: &'static str) -> (UnboundedSender<String>, impl Fn(&Seen) -> Script + Send + Sync) {
    let (sender, receiver) = unbounded_channel();
    let feed = Arc::new(tokio::sync::Mutex::new(receiver));
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n");
    (sender, move |_| raw(&head, Then::Fed(Arc::clone(&feed))))
}

/// An answer of this status line and these headers, with a `Content-Length`.
pub(crate) fn reply(head: &str, body: impl AsRef<[u8]>) -> Script {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Script { bytes, then: Then::Keep }
}

/// A JSON answer.
pub(crate) fn json(body: impl AsRef<[u8]>) -> Script {
    reply("200 OK\r\nContent-Type: application/json", body)
}

/// These bytes, then something.
pub(crate) fn raw(bytes: impl AsRef<[u8]>, then: Then) -> Script {
    Script { bytes: bytes.as_ref().to_vec(), then }
}

pub(crate) type Handler = Arc<dyn Fn(&Seen) -> Script + Send + Sync>;

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Floods that the other side ended.
    stopped: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Backend {
    pub(crate) async fn start(handler: Handler) -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let stopped = Arc::new(AtomicUsize::new(0));
        let stops = Arc::clone(&stopped);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (handler, kept, stops) = (Arc::clone(&handler), Arc::clone(&kept), Arc::clone(&stops));
                tokio::spawn(connection(stream, handler, kept, stops));
            }
        });
        Backend { address, seen, stopped, task }
    }

    /// Requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until the other side has ended a flood.
    pub(crate) async fn stopped(&self) {
        let end = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.stopped.load(Ordering::Relaxed) == 0 {
            assert!(tokio::time::Instant::now() < end, "the backend's connection stays open");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The one request that was sent.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(
    mut stream: TcpStream,
    handler: Handler,
    seen: Arc<Mutex<Vec<Seen>>>,
    stopped: Arc<AtomicUsize>,
) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        seen.lock().unwrap().push(request.clone());
        let script = handler(&request);
        if stream.write_all(&script.bytes).await.is_err() {
            return;
        }
        match script.then {
            Then::Keep => {}
            Then::Close => return,
            Then::Hang => {
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            Then::Reset => {
                // What was sent is to arrive before the reset does.
                tokio::time::sleep(Duration::from_millis(1)).await;
                stream.set_zero_linger().unwrap();
                return;
            }
            Then::Trickle(bytes, pause) => {
                for byte in bytes {
                    tokio::time::sleep(pause).await;
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                }
            }
            Then::Flood(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                stopped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Then::Fed(feed) => {
                let mut feed = feed.lock().await;
                while let Some(text) = feed.recv().await {
                    let chunk = format!("{:x}\r\n{text}\r\n", text.len());
                    if stream.write_all(chunk.as_bytes()).await.is_err() {
                        return;
                    }
                }
                let _ = stream.write_all(b"0\r\n\r\n").await;
            }
        }
    }
}

/// Reads one request, of which only what a well-formed one has is understood.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    let head = read_until(stream, buffer, b"\r\n\r\n").await?;
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect::<Vec<_>>();
    let mut seen = Seen { method, target, headers, body: Vec::new() };
    if seen.header("transfer-encoding") == Some("chunked") {
        loop {
            let line = read_until(stream, buffer, b"\r\n").await?;
            let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
            let data = read_exactly(stream, buffer, size + 2).await?;
            seen.body.extend_from_slice(&data[..size]);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = seen.header("content-length") {
        seen.body = read_exactly(stream, buffer, length.parse().unwrap()).await?;
    }
    Some(seen)
}

async fn read_until(stream: &mut TcpStream, buffer: &mut Vec<u8>, end: &[u8]) -> Option<Vec<u8>> {
    loop {
        if let Some(at) = buffer.windows(end.len()).position(|window| window == end) {
            return Some(buffer.drain(..at + end.len()).collect());
        }
        read_more(stream, buffer).await?;
    }
}

async fn read_exactly(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while buffer.len() < length {
        read_more(stream, buffer).await?;
    }
    Some(buffer.drain(..length).collect())
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk).await {
        Ok(0) | Err(_) => None,
        Ok(length) => {
            buffer.extend_from_slice(&chunk[..length]);
            Some(())
        }
    }
}
