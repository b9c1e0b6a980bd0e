//! Connections to hosts: TCP, sockets in the file system or memory, and TLS over them.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::memory::MemoryBackend;
use crate::request::body::UpstreamBody;
use crate::tls::client::ClientTls;
use crate::workers;

/// Where a host is, exactly.
#[derive(Clone)]
pub(super) enum Place {
    Socket(SocketAddr),
    Unix(PathBuf),
    Memory(MemoryBackend),
}

/// TLS as towards one backend: whom it trusts, and the name that it expects.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientTls>,
    pub(super) name: ServerName<'static>,
}

/// A connection on which one request at a time is under way.
pub(super) struct Connection {
    pub(super) sender: http1::SendRequest<UpstreamBody>,
    /// The thread that reads and writes it.
    pub(super) worker: usize,
    heard: Arc<AtomicBool>,
}

impl Connection {
    /// Connects. The error is for the log; it holds addresses, but never what was sent.
    pub(super) async fn open(place: &Place, tls: Option<&Tls>) -> Result<Connection, String> {
        match place {
            Place::Socket(address) => {
                let stream = TcpStream::connect(address).await.map_err(|error| said("TCP", &error))?;
                // Without it small writes wait for acknowledgements. It fails on a connection that is gone already.
                let _ = stream.set_nodelay(true);
                Connection::over(stream, tls).await
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(|error| said("socket", &error))?;
                Connection::over(stream, tls).await
            }
            Place::Memory(backend) => Connection::begin(backend.connect()).await,
        }
    }

    async fn over<S>(stream: S, tls: Option<&Tls>) -> Result<Connection, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let Some(tls) = tls else {
            return Connection::begin(stream).await;
        };
        let connector = TlsConnector::from(tls.config.current());
        let stream =
            connector.connect(tls.name.clone(), stream).await.map_err(|error| said("TLS", &error))?;
        Connection::begin(stream).await
    }

    async fn begin<S>(stream: S) -> Result<Connection, String>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let heard = Arc::new(AtomicBool::new(false));
        let listening = Listening { stream, heard: Arc::clone(&heard) };
        let (sender, connection) =
            http1::handshake(TokioIo::new(listening)).await.map_err(|error| said("HTTP", &error))?;
        // It ends with its sender, and with the body under way.
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "connection to the backend ended");
            }
        });
        Ok(Connection { sender, worker: workers::current(), heard })
    }

    /// A request goes out: what was heard before is not about it.
    pub(super) fn forget(&self) {
        self.heard.store(false, Ordering::Relaxed);
    }

    /// Whether anything came since.
    pub(super) fn has_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }
}

fn said(what: &str, error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{what}: {error}");
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// A stream that remembers whether anything came. hyper reports a connection that ended before an answer and one that
/// ended within its head alike, but only a request of the first kind may be sent once more.
struct Listening<S> {
    stream: S,
    heard: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        if buffer.filled().len() > before {
            self.heard.store(true, Ordering::Relaxed);
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
