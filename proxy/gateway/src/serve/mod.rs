//! Connections: accepted, limited, served until they end or the gateway stops.

mod framing;
mod guard;
mod stall;
pub(crate) mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::gateway::Gateway;
use crate::stack::Origin;
use guard::Guarded;
use stall::Stalling;

/// After a failed accept, which is mostly a lack of file descriptors: connections that end free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Resets that a client may have pending before its connection is closed (H9, rapid reset).
const PENDING_RESETS: usize = 20;
/// Resets that our own refusals may cause on a connection (H9).
const LOCAL_RESETS: usize = 256;
/// How often an HTTP/2 client that is silent is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);
/// Bytes of a response that wait in memory for an HTTP/2 stream's window.
const SEND_BUFFER: usize = 64 << 10;
/// The least that hyper takes as the size of its read buffer.
const LEAST_HEAD: usize = 8 << 10;

/// Serves until `shutdown` is done, and drains.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let http = Arc::new(builder(&gateway));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(gateway.config.limits.connections));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (accepted, place) = accepted => match accepted {
                Ok((stream, address)) => {
                    let (gateway, http) = (Arc::clone(&gateway), Arc::clone(&http));
                    let (acceptor, watcher) = (acceptor.clone(), graceful.watcher());
                    connections.spawn(async move {
                        connection(gateway, &http, stream, address, acceptor, watcher).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(gateway.config.deadlines.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still under way after the time to drain; their connections are closed");
    }
    connections.shutdown().await;
}

async fn connection(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    address: SocketAddr,
    acceptor: Option<TlsAcceptor>,
    watcher: Watcher,
) {
    // Without it small writes wait for acknowledgements. It fails on a connection that is gone already.
    let _ = stream.set_nodelay(true);
    let deadlines = gateway.config.deadlines;
    let stream = Stalling::new(stream, deadlines.idle);
    let origin = Origin { address: Some(address), is_tls: acceptor.is_some() };
    let Some(acceptor) = acceptor else {
        return serve(gateway, http, stream, origin, watcher).await;
    };
    match tokio::time::timeout(deadlines.request_head, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve(gateway, http, stream, origin, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn serve<S>(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: S,
    origin: Origin,
    watcher: Watcher,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let due = Instant::now() + gateway.config.deadlines.request_head;
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(gateway.answer(request, origin).await) }
    });
    let guarded = Guarded::new(stream, due);
    let connection = http.serve_connection(TokioIo::new(guarded), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error, "connection ended");
    }
}

fn builder(gateway: &Gateway) -> auto::Builder<TokioExecutor> {
    let (deadlines, limits) = (&gateway.config.deadlines, &gateway.config.limits);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(deadlines.request_head)
        .max_headers(limits.request_headers)
        .max_buf_size(limits.request_head.max(LEAST_HEAD))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.request_head).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(deadlines.idle);
    builder
}
