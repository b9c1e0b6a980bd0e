//! A place at a host, from the choice of the host to the last byte of the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::upstream::connect::Connection;
use crate::upstream::host::Host;
use crate::upstream::shared::Shared;

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
    body: Incoming,
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
        let mut body = BackendBody { body, held: Some((lease, connection)), is_switched };
        body.settle();
        body
    }

    /// Gives the connection back if the body has ended as it said it would. A connection on which anything is left is
    /// never used again: what is left could be taken for an answer to somebody else.
    fn settle(&mut self) {
        if self.body.is_end_stream() && !self.is_switched {
            self.end();
        }
    }

    fn end(&mut self) {
        let Some((lease, mut connection)) = self.held.take() else { return };
        if connection.sender.is_ready() {
            return lease.host.keep(connection, &lease.shared.limits);
        }
        // The connection's own task has not noticed yet.
        let idle_time = lease.shared.limits.idle_time;
        tokio::spawn(async move {
            if let Ok(Ok(())) = tokio::time::timeout(idle_time, connection.sender.ready()).await {
                lease.host.keep(connection, &lease.shared.limits);
            }
        });
    }
}

impl Body for BackendBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
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
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
