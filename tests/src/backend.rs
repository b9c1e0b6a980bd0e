//! A backend whose answers a test writes, down to where the connection breaks.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// A piece of a scripted body.
#[derive(Clone, Debug)]
pub enum Part {
    /// These bytes.
    Bytes(Bytes),
    /// Nothing until the gate opens.
    Wait(Gate),
    /// The connection breaks here.
    Cut,
}

impl From<&str> for Part {
    fn from(text: &str) -> Part {
        Part::Bytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// Something to wait for; closed at first.
#[derive(Clone, Debug)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
}

impl Gate {
    /// A closed gate.
    pub fn closed() -> Gate {
        Gate { open: Arc::new(watch::Sender::new(false)) }
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    async fn pass(&self) {
        let mut open = self.open.subscribe();
        // The sender lives in `self`: it cannot be gone.
        _ = open.wait_for(|open| *open).await;
    }
}

/// What the backend answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    parts: Vec<Part>,
    /// Sent as one piece with its length, instead of in chunks.
    one_piece: bool,
    before: Option<Gate>,
}

impl Reply {
    /// 200 with a JSON document and its length.
    pub fn json(text: impl Into<Bytes>) -> Reply {
        Reply {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            parts: vec![Part::Bytes(text.into())],
            one_piece: true,
            before: None,
        }
    }

    /// 200 with a JSON document in these pieces, chunked unless a `Content-Length` is set.
    pub fn parts(parts: Vec<Part>) -> Reply {
        Reply { parts, one_piece: false, ..Reply::json("") }
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// With this header, instead of those of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.retain(|(header, _)| header != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Reply {
        self.headers.retain(|(header, _)| header != name);
        self
    }

    /// Only after the gate has opened.
    #[must_use]
    pub fn after(mut self, gate: &Gate) -> Reply {
        self.before = Some(gate.clone());
        self
    }
}

/// A request as the backend saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// The backend. It stops, with its connections, when it is dropped.
pub struct Backend {
    address: SocketAddr,
    script: Arc<Script>,
    task: AbortHandle,
}

#[derive(Default)]
struct Script {
    replies: Mutex<HashMap<String, Reply>>,
    seen: Mutex<Vec<Seen>>,
}

impl Backend {
    /// Starts one that answers 404 to everything.
    ///
    /// # Panics
    /// If the loopback interface has no port left.
    pub async fn start() -> Backend {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let script = Arc::new(Script::default());
        let serving = Arc::clone(&script);
        let task = tokio::spawn(async move {
            // Dropped with the task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                _ = stream.set_nodelay(true);
                let script = Arc::clone(&serving);
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&script), request));
                    // A connection that a script breaks ends in an error, as it should.
                    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Backend { address, script, task: task.abort_handle() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers from now on to a path, with or without its query.
    pub fn answer(&self, path: &str, reply: Reply) {
        lock(&self.script.replies).insert(path.to_owned(), reply);
    }

    /// The requests since the last call.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.script.seen))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type AnyBody = Pin<Box<dyn Body<Data = Bytes, Error = io::Error> + Send>>;

async fn answer(script: Arc<Script>, request: Request<Incoming>) -> Result<Response<AnyBody>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    let headers = head.headers.iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    lock(&script.seen).push(Seen {
        method: head.method.to_string(),
        target: target.to_owned(),
        headers: headers.collect(),
        body,
    });
    let reply = {
        let replies = lock(&script.replies);
        replies.get(target).or_else(|| replies.get(head.uri.path())).cloned()
    };
    let reply = reply.unwrap_or_else(|| Reply::json(r#"{"message":"no such thing"}"#).status(404));
    if let Some(gate) = &reply.before {
        gate.pass().await;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    Ok(response.body(body_of(reply)).expect("a test writes valid heads"))
}

fn body_of(reply: Reply) -> AnyBody {
    if reply.one_piece {
        let bytes = reply.parts.iter().flat_map(|part| match part {
            Part::Bytes(bytes) => bytes.to_vec(),
            Part::Wait(_) | Part::Cut => Vec::new(),
        });
        return Box::pin(
            Full::new(bytes.collect::<Vec<u8>>().into()).map_err(|never: Infallible| match never {}),
        );
    }
    let parts = VecDeque::from(reply.parts);
    Box::pin(StreamBody::new(stream::unfold(parts, |mut parts| async move {
        loop {
            match parts.pop_front()? {
                Part::Bytes(bytes) => return Some((Ok(Frame::data(bytes)), parts)),
                Part::Wait(gate) => gate.pass().await,
                Part::Cut => {
                    // Once around the loop, so that what came before is sent before the connection is dropped.
                    tokio::task::yield_now().await;
                    return Some((Err(io::Error::other("cut by the script")), VecDeque::new()));
                }
            }
        }
    })))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
