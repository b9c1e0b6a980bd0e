//! Listens and serves.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::data::{Data, SEED};
use crate::faults;
use crate::query::Query;
use crate::reply::{Answer, Body};
use crate::routes;

/// The most that is taken of a request's body, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

/// What a backend is started with.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackendOptions {
    /// Whether `/api/faults/…` is there.
    pub faults: bool,
}

/// The sample backend.
#[derive(Debug)]
pub struct Backend;

impl Backend {
    /// Starts a backend with the demo's data and no faults. Port 0 takes any free port. It must be called within a
    /// tokio runtime.
    pub async fn start(address: SocketAddr) -> io::Result<Running> {
        Backend::start_with(address, BackendOptions::default()).await
    }

    /// Starts a backend with options.
    pub async fn start_with(address: SocketAddr, options: BackendOptions) -> io::Result<Running> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { data: RwLock::new(Data::generate(SEED)), options });
        Ok(Running { address, task: Some(tokio::spawn(listen(listener, shared))) })
    }
}

/// A backend that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops serving and closes all connections.
    pub async fn stop(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // It ends by being aborted: that is no error.
            _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Shared {
    data: RwLock<Data>,
    options: BackendOptions,
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // Connections live in this set, so that they go when the task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((socket, _)) = accepted {
                    connections.spawn(serve(socket, Arc::clone(&shared)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(socket: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { respond(&shared, request).await }
    });
    // A caller who goes away, or a fault that closes the connection, ends it with an error that is nobody's concern.
    _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(socket), service).await;
}

async fn respond(shared: &Shared, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    if let Some(fault) = head.uri.path().strip_prefix("/api/faults/").filter(|_| shared.options.faults)
        && routes::is_authenticated(&head, &Query::parse(head.uri.query()))
    {
        let data = shared.data.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(response) = faults::answer(&data, fault).await {
            return response;
        }
    }
    let answer = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => routes::answer(&shared.data, &head, &body.to_bytes()),
        Err(_) => Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "a body of 1 MiB at the most"),
    };
    Ok(answer.respond(&head.method, &head.headers).await)
}
