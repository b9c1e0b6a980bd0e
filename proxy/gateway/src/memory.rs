//! A backend in this process, for cases of policies and for measurements: everything but the network is as it is with
//! a real one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;

/// Bytes that are under way in each direction of a connection in memory.
pub(crate) const PIPE: usize = 64 << 10;

type Answers = dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync;
type Serves = dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// A backend that is reached without a network.
#[derive(Clone)]
pub struct MemoryBackend(Arc<Serves>);

impl MemoryBackend {
    /// A backend that answers by this function: whole requests in, whole responses out. It is called on the runtime's
    /// threads and must not block.
    pub fn new(answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> MemoryBackend {
        let answers: Arc<Answers> = Arc::new(answer);
        MemoryBackend::speaking(move |stream| serve(Arc::clone(&answers), stream))
    }

    /// A backend that is given its end of each connection, and says there what it likes: also what is no HTTP.
    pub fn speaking<F>(serve: impl Fn(DuplexStream) -> F + Send + Sync + 'static) -> MemoryBackend
    where
        F: Future<Output = ()> + Send + 'static,
    {
        MemoryBackend(Arc::new(move |stream| Box::pin(serve(stream))))
    }

    /// A connection to it, which ends with what is returned.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn((self.0)(theirs));
        ours
    }
}

async fn serve(answers: Arc<Answers>, stream: DuplexStream) {
    let service = service_fn(|request| answer(Arc::clone(&answers), request));
    let mut http = http1::Builder::new();
    // What it answers is what it was told to answer.
    http.auto_date_header(false);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "connection in memory ended");
    }
}

async fn answer(
    answers: Arc<Answers>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(answers(Request::from_parts(head, body)).map(Full::new))
}
