//! A backend in this process, for cases of policies and for measurements: everything but the network is as it is with
//! a real one.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower_service::Service;

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

/// Makes connections to a backend in memory, whatever the address.
#[derive(Clone)]
pub(crate) struct MemoryConnector(pub(crate) MemoryBackend);

impl Service<Uri> for MemoryConnector {
    type Response = MemoryStream;
    type Error = Infallible;
    type Future = Ready<Result<MemoryStream, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        // It ends with our end of the connection, which the pool holds.
        tokio::spawn(self.0.clone().serve(theirs));
        ready(Ok(MemoryStream(TokioIo::new(ours))))
    }
}

/// Our end of a connection in memory.
pub(crate) struct MemoryStream(TokioIo<DuplexStream>);

impl Connection for MemoryStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for MemoryStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for MemoryStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
