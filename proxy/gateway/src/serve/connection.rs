//! One connection: TLS, HTTP/1.1 or HTTP/2, and when it is not kept any longer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::gateway::Gateway;
use crate::serve::activity::{Activity, Useless};
use crate::serve::guard::Guarded;
use crate::serve::listener::Stream;
use crate::serve::stall::Stalling;
use crate::stack::Origin;
use crate::tls::server::ServerTls;
use crate::websocket::Tunnel;

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

/// How long a connection without a request is kept when the gateway stops. What is sent on it when it is closed would be
/// lost.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// Changes when the gateway stops. It is kept for as long as the connection.
pub(super) type Draining = watch::Receiver<()>;

/// Serves a client that has just come.
pub(super) async fn begin(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: impl Stream,
    mut origin: Origin,
    tls: Option<Arc<ServerTls>>,
    draining: Draining,
) {
    let deadlines = gateway.config.deadlines;
    let stream = Stalling::new(stream, &gateway);
    origin.is_tls = tls.is_some();
    let Some(tls) = tls else {
        return serve(gateway, http, stream, origin, draining).await;
    };
    match tokio::time::timeout(deadlines.handshake, tls.accept(stream)).await {
        Ok(Ok(Some(stream))) => {
            let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
            origin.client_certificate = shown.map(|leaf| Arc::new(leaf.clone().into_owned()));
            serve(gateway, http, stream, origin, draining).await;
        }
        Ok(Ok(None)) => tracing::debug!("answered an ACME server"),
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

/// Serves a connection by HTTP until it ends, or has nothing under way any more when the gateway stops.
pub(super) async fn serve(
    gateway: Arc<Gateway>,
    http: &auto::Builder<TokioExecutor>,
    stream: impl Stream,
    mut origin: Origin,
    mut draining: Draining,
) {
    let deadlines = gateway.config.deadlines;
    let due = Instant::now() + deadlines.request_head;
    // Longer than the backend may take for an answer.
    let stuck = deadlines.whole + deadlines.idle;
    let tunnel = Arc::new(Tunnel::default());
    if origin.explaining.is_none() {
        origin.tunnel = Some(Arc::clone(&tunnel));
    }
    let mut stopping = draining.clone();
    let activity = Activity::new();
    let watched = Arc::clone(&activity);
    let ending = stopping.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, origin, under_way) = (Arc::clone(&gateway), origin.clone(), activity.begin());
        let (ending, version) = (ending.clone(), request.version());
        // In a box, since hyper moves it about, and it is large.
        Box::pin(async move {
            let mut response = gateway.answer(request, origin).await;
            response.body_mut().keep(under_way);
            let is_last = version < Version::HTTP_2 && ending.has_changed().unwrap_or(true);
            if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                // Even if it is answered before anybody has looked whether the connection is used.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        })
    });
    let guarded = Guarded::new(stream, due, Arc::clone(&tunnel));
    let connection = http.serve_connection_with_upgrades(TokioIo::new(guarded), service);
    let mut connection = std::pin::pin!(connection.into_owned());
    let told_to_end = async {
        let _ = draining.changed().await;
        // A request may be on its way: it is answered with word that the connection ends.
        watched.used(LAST_REQUEST.min(deadlines.drain / 2)).await;
    };
    let outcome = tokio::select! {
        outcome = connection.as_mut() => Ok(outcome),
        () = told_to_end => Err(None),
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
    let ending = async move {
        let _ = stopping.changed().await;
    };
    tunnel.run(Box::pin(ending)).await;
}

/// How HTTP is spoken.
pub(super) fn builder(gateway: &Gateway) -> auto::Builder<TokioExecutor> {
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
