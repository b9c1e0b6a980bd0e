//! A backend in this process, for cases of policies and for measurements: everything but the network is as it is with
//! a real one.

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

/// A backend that answers without a network: whole requests in, whole responses out.
#[derive(Clone)]
pub struct MemoryBackend(Arc<dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync>);

impl MemoryBackend {
    /// A backend that answers by this function. It is called on the runtime's threads and must not block.
    pub fn new(answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> MemoryBackend {
        MemoryBackend(Arc::new(answer))
    }

    /// A connection to it, which ends with what is returned.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        tokio::spawn(self.clone().serve(theirs));
        ours
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok((self.0)(Request::from_parts(head, body)).map(Full::new))
    }

    async fn serve(self, stream: DuplexStream) {
        let service = service_fn(|request| self.clone().answer(request));
        let mut http = http1::Builder::new();
        // What it answers is what it was told to answer.
        http.auto_date_header(false);
        if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "connection in memory ended");
        }
    }
}
