//! A place at a host, from the choice of the host to the last byte of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::upstream::connect::Connection;
use crate::upstream::host::Host;
use crate::upstream::shared::Shared;

/// How much is read of a body that nobody wants, so that its connection can be kept.
const DRAINED: u64 = 64 << 10;
/// How long that, and noticing that nothing more comes, may take.
const DRAINING: Duration = Duration::from_secs(1);

/// A place that a request has. It is given back when this is dropped.
pub(super) struct Lease {
    pub(super) shared: Arc<Shared>,
    pub(super) host: Arc<Host>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.host.leave();
        self.shared.leave();
    }
}

/// What the backend sends, and the place that it takes.
pub(crate) struct BackendBody {
    /// Until it is dropped.
    body: Option<Incoming>,
    /// Until the body has ended: then both can be used again.
    held: Option<(Lease, Connection)>,
    /// The connection speaks another protocol now; the place is its for as long as this lives.
    is_switched: bool,
}

impl BackendBody {
    pub(super) fn new(
        body: Incoming,
        lease: Lease,
        connection: Connection,
        status: StatusCode,
    ) -> BackendBody {
        let is_switched = status == StatusCode::SWITCHING_PROTOCOLS;
        let mut body = BackendBody { body: Some(body), held: Some((lease, connection)), is_switched };
        body.settle();
        body
    }

    /// Gives the connection back if the body has ended as it said it would. A connection on which anything is left is
    /// never used again: what is left could be taken for an answer to somebody else.
    fn settle(&mut self) {
        if self.is_end_stream() && !self.is_switched {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some((lease, connection)) = self.held.take() else { return };
        if connection.sender.is_ready() {
            return lease.host.keep(connection, &lease.shared.limits);
        }
        // The connection's own task has not noticed yet.
        tokio::spawn(async move { timeout(DRAINING, keep(lease, connection)).await });
    }
}

/// What nobody wants is read, if it is little: most errors of a backend are short pages, and a connection costs more.
impl Drop for BackendBody {
    fn drop(&mut self) {
        let (Some(body), Some((lease, connection))) = (self.body.take(), self.held.take()) else { return };
        let is_short = body.size_hint().exact().is_some_and(|left| left <= DRAINED);
        let Ok(runtime) = Handle::try_current() else { return };
        if is_short && !self.is_switched {
            runtime.spawn(async move {
                let drained = timeout(DRAINING, body.collect()).await;
                if matches!(drained, Ok(Ok(_))) {
                    let _ = timeout(DRAINING, keep(lease, connection)).await;
                }
            });
        }
    }
}

async fn keep(lease: Lease, mut connection: Connection) {
    if connection.sender.ready().await.is_ok() {
        lease.host.keep(connection, &lease.shared.limits);
    }
}

impl Body for BackendBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        match &frame {
            None if !self.is_switched => self.end(),
            Some(Err(_)) => {
                if let Some((lease, _)) = self.held.take() {
                    lease.host.failed(&lease.shared.checks);
                }
            }
            _ => self.settle(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
