//! Connections: accepted, limited, served until they end or the gateway stops.

pub(crate) mod activity;
mod framing;
mod guard;
mod stall;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

use crate::gateway::Gateway;
use crate::stack::Origin;
use crate::tls::server::ServerTls;
use activity::{Activity, Useless};
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

/// Changes when the gateway stops. It is kept for as long as the connection.
type Draining = watch::Receiver<()>;

/// Serves until `shutdown` is done, and drains.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    tls: Option<Arc<ServerTls>>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let http = Arc::new(builder(&gateway));
    let (drain, draining) = watch::channel(());
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
                    let (tls, draining) = (tls.clone(), draining.clone());
                    connections.spawn(async move {
                        connection(gateway, &http, stream, address, tls, draining).await;
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
    drop((listener, draining));
    drain.send_replace(());
    if tokio::time::timeout(gateway.config.deadlines.drain, drain.closed()).await.is_err() {
        tracing::warn!("requests still under way after the time to drain; their connections are closed");
    }
    connections.shutdown().await;
}

/// Serves a connection that is there already, until the other side closes it.
pub(crate) async fn stream<S>(gateway: Arc<Gateway>, stream: S, origin: Origin)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let http = builder(&gateway);
    let stream = Stalling::new(stream, gateway.config.deadlines.idle);
    // Nobody drains what ends with its other side.
    let (_drain, draining) = watch::channel(());
    serve(gateway, &http, stream, origin, draining).await;
}

async fn connection(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<ServerTls>>,
    draining: Draining,
) {
    // Without it small writes wait for acknowledgements. It fails on a connection that is gone already.
    let _ = stream.set_nodelay(true);
    let deadlines = gateway.config.deadlines;
    let stream = Stalling::new(stream, deadlines.idle);
    let mut origin = Origin { address: Some(address), is_tls: tls.is_some(), ..Origin::default() };
    let Some(tls) = tls else {
        return serve(gateway, http, stream, origin, draining).await;
    };
    let handshake = TlsAcceptor::from(tls.current()).accept(stream);
    match tokio::time::timeout(deadlines.request_head, handshake).await {
        Ok(Ok(stream)) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            origin.client_certificate = shown.map(|leaf| Arc::new(leaf.clone().into_owned()));
            serve(gateway, http, stream, origin, draining).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn serve<S>(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: S,
    origin: Origin,
    mut draining: Draining,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let deadlines = gateway.config.deadlines;
    let due = Instant::now() + deadlines.request_head;
    // Longer than the backend may take for an answer.
    let stuck = deadlines.whole + deadlines.idle;
    let activity = Activity::new();
    let watched = Arc::clone(&activity);
    let service = service_fn(move |request| {
        let (gateway, origin, under_way) = (Arc::clone(&gateway), origin.clone(), activity.begin());
        async move {
            let mut response = gateway.answer(request, origin).await;
            response.body_mut().keep(under_way);
            Ok::<_, Infallible>(response)
        }
    });
    let guarded = Guarded::new(stream, due);
    let connection = http.serve_connection(TokioIo::new(guarded), service);
    let mut connection = std::pin::pin!(connection.into_owned());
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Ok(outcome),
        _ = draining.changed() => Err(None),
        useless = watched.useless(deadlines.request_head, stuck) => Err(Some(useless)),
    };
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(Some(Useless::Stuck)) => return tracing::debug!("connection on which nothing moves"),
        Err(None | Some(Useless::Idle)) => {
            connection.as_mut().graceful_shutdown();
            // A request may have come meanwhile.
            match tokio::time::timeout(stuck, connection).await {
                Ok(outcome) => outcome,
                Err(_) => return tracing::debug!("connection that does not close"),
            }
        }
    };
    if let Err(error) = outcome {
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
