//! Clients: accepted, limited, served until they end or the gateway stops.

pub(crate) mod activity;
mod connection;
mod control;
mod framing;
mod guard;
pub(crate) mod listener;
pub(crate) mod places;
mod stall;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper_util::rt::TokioExecutor;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use crate::counters::add;
use crate::gateway::Gateway;
use crate::stack::Origin;
use crate::tls::server::ServerTls;
use crate::workers::Workers;
use connection::Draining;
use listener::{Accepted, Leaving, Listener, Stream};
use stall::Stalling;

/// After a failed accept, which is mostly a lack of file descriptors: connections that end free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Lets clients in.
struct Door {
    gateway: Arc<Gateway>,
    tls: Option<Arc<ServerTls>>,
    http: Arc<auto::Builder<TokioExecutor>>,
    draining: Draining,
    connections: JoinSet<()>,
}

/// Serves until `shutdown` is done, and drains.
pub(crate) async fn run(
    gateway: Arc<Gateway>,
    listener: Listener,
    tls: Option<Arc<ServerTls>>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (drain, draining) = watch::channel(());
    let http = Arc::new(connection::builder(&gateway));
    let mut door = Door { gateway: Arc::clone(&gateway), tls, http, draining, connections: JoinSet::new() };
    door.open(&listener, shutdown).await;
    gateway.totals.draining.store(true, Ordering::Relaxed);
    if let Some(notice) = gateway.config.deadlines.drain_notice {
        // Whoever spreads requests over several proxies learns that this one stops, and still finds it.
        door.open(&listener, tokio::time::sleep(notice)).await;
    }
    door.close(listener).await;
    let Door { mut connections, draining, .. } = door;
    drop(draining);
    drain.send_replace(());
    tracing::info!("nobody is let in any more; connections end with what is under way");
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
    let http = connection::builder(&gateway);
    let stream = Stalling::new(stream, &gateway);
    // Nobody drains what ends with its other side.
    let (_drain, draining) = watch::channel(());
    connection::serve(gateway, &http, stream, origin, draining).await;
}

impl Door {
    /// Lets clients in until `end`.
    async fn open(&mut self, listener: &Listener, end: impl Future<Output = ()>) {
        let places = Arc::clone(&self.gateway.places);
        let mut end = std::pin::pin!(end);
        loop {
            let accepted = async {
                let one = places.one().await;
                (listener.accept().await, one)
            };
            tokio::select! {
                () = &mut end => return,
                Some(_) = self.connections.join_next() => {}
                (accepted, one) = accepted => match accepted {
                    Ok(accepted) => self.admit(accepted, one),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }

    /// Lets in who has come already, and closes the socket.
    async fn close(&mut self, listener: Listener) {
        match listener.leaving() {
            Leaving::Kept => return,
            Leaving::Closed => {}
            Leaving::Shared => {
                let handshakes = listener.turn_away();
                self.open(&listener, tokio::time::sleep(handshakes)).await;
            }
        }
        for accepted in listener.close() {
            let one = self.gateway.places.one_now();
            self.admit(accepted, one);
        }
    }

    /// Serves a client on a task of its own, if there is a place for it.
    fn admit(&mut self, accepted: Accepted, one: Option<OwnedSemaphorePermit>) {
        match accepted {
            Accepted::Tcp(stream, address) => {
                // Without it small writes wait for acknowledgements. It fails on a connection that is gone already.
                let _ = stream.set_nodelay(true);
                let Ok(stream) = stream.into_std() else { return };
                let origin = Origin { address: Some(address), ..Origin::default() };
                self.begin(move || TcpStream::from_std(stream), origin, one);
            }
            Accepted::Unix(stream) => {
                let Ok(stream) = stream.into_std() else { return };
                self.begin(move || UnixStream::from_std(stream), Origin::default(), one);
            }
        }
    }

    /// `stream` makes the connection one of the thread on which it will be served.
    fn begin<S: Stream>(
        &mut self,
        stream: impl FnOnce() -> io::Result<S> + Send + 'static,
        origin: Origin,
        one: Option<OwnedSemaphorePermit>,
    ) {
        let address = origin.address.map(|address| address.ip());
        let Some(place) = one.and_then(|one| self.gateway.places.take(one, address)) else {
            add(&self.gateway.totals.connections_refused, 1);
            return tracing::debug!(?address, "connection without a place");
        };
        let (gateway, http) = (Arc::clone(&self.gateway), Arc::clone(&self.http));
        let (tls, draining) = (self.tls.clone(), self.draining.clone());
        let workers = self.gateway.workers.get().map(Workers::pick);
        let (runtime, load) = workers.unzip();
        let serving = async move {
            let totals = Arc::clone(&gateway.totals);
            let _open = totals.connection();
            match stream() {
                Ok(stream) => connection::begin(gateway, &http, stream, origin, tls, draining).await,
                Err(error) => tracing::warn!(%error, "a connection was given up"),
            }
            drop((place, load));
        };
        match runtime {
            Some(runtime) => self.connections.spawn_on(serving, runtime),
            None => self.connections.spawn(serving),
        };
    }
}
