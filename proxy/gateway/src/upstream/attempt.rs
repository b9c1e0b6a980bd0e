//! One request on its way to one host.

use std::error::Error;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Deadlines;
use crate::request::body::{Fate, UpstreamBody};
use crate::rescue::Cause;
use crate::upstream::connect::{Connection, Tls};
use crate::upstream::lease::{BackendBody, Lease};

/// A place at a host, to be used once.
pub(super) struct Attempt<'a> {
    pub(super) lease: Lease,
    pub(super) tls: Option<&'a Tls>,
    pub(super) deadlines: &'a Deadlines,
    /// When everything must be over.
    pub(super) end: Instant,
}

/// What of a failed request the host may know.
pub(super) enum Failed {
    /// Nothing: no byte of it was sent, and here it is.
    Unsent(Cause, Box<Request<UpstreamBody>>),
    /// The connection ended without a byte of an answer; the host may have got the request and done what it asks for.
    /// True: the connection was one that had been kept, which the host may have closed before.
    Unanswered(Cause, bool),
    /// It answered, or was given enough time to.
    Answered(Cause),
}

impl Attempt<'_> {
    pub(super) async fn send(
        self,
        mut request: Request<UpstreamBody>,
        fate: &Fate,
    ) -> Result<Response<BackendBody>, Failed> {
        // Connections that turn out to be closed before a byte was sent are passed over.
        loop {
            let kept = self.lease.host.idle_connection(&self.lease.shared.limits);
            let was_kept = kept.is_some();
            let mut connection = match kept {
                Some(connection) => connection,
                None => match Box::pin(self.connect()).await {
                    Ok(connection) => connection,
                    Err(cause) => return Err(Failed::Unsent(cause, Box::new(request))),
                },
            };
            connection.forget();
            match self.exchange(&mut connection, request, fate).await {
                Ok(Ok(response)) => return Ok(self.answered(response, connection)),
                Ok(Err(mut failure)) => match failure.take_message() {
                    Some(unsent) if was_kept => request = unsent,
                    Some(unsent) => {
                        self.failed();
                        let cause = unreachable(failure.error());
                        return Err(Failed::Unsent(cause, Box::new(unsent)));
                    }
                    None => return Err(self.broken(failure.error(), &connection, was_kept, fate)),
                },
                Err(cause) => return Err(Failed::Answered(cause)),
            }
        }
    }

    async fn connect(&self) -> Result<Connection, Cause> {
        let host = &self.lease.host;
        let due = self.lease.shared.connect.min(self.end - Instant::now());
        let opened = match timeout(due, Connection::open(&host.place, self.tls)).await {
            Ok(opened) => opened,
            Err(_) => Err("connecting took too long".to_owned()),
        };
        match opened {
            Ok(connection) => {
                host.connected();
                Ok(connection)
            }
            Err(reason) => {
                host.not_connected(&self.lease.shared.checks);
                Err(Cause::Unreachable(format!("{}: {reason}", host.address())))
            }
        }
    }

    /// The outer error: it took too long.
    async fn exchange(
        &self,
        connection: &mut Connection,
        request: Request<UpstreamBody>,
        fate: &Fate,
    ) -> Result<Result<Response<Incoming>, TrySendError<Request<UpstreamBody>>>, Cause> {
        let mut exchange = std::pin::pin!(connection.sender.try_send_request(request));
        loop {
            let due = (Instant::now() + self.deadlines.head).min(self.end);
            match timeout_at(due, &mut exchange).await {
                Ok(outcome) => return Ok(outcome),
                // The backend has not heard all of the request yet; the client has its own deadline for that.
                Err(_) if fate.is_under_way() && due < self.end => {}
                Err(_) => {
                    return Err(fate.cause().unwrap_or_else(|| {
                        self.failed();
                        Cause::Late("response head")
                    }));
                }
            }
        }
    }

    fn answered(self, response: Response<Incoming>, connection: Connection) -> Response<BackendBody> {
        let (head, body) = response.into_parts();
        if head.status.is_server_error() {
            self.failed();
        } else {
            self.lease.host.health.success(Instant::now());
        }
        let body = BackendBody::new(body, self.lease, connection, head.status);
        Response::from_parts(head, body)
    }

    fn broken(&self, error: &hyper::Error, connection: &Connection, was_kept: bool, fate: &Fate) -> Failed {
        // It was the client that broke off, or went on for too long.
        if let Some(cause) = fate.cause() {
            return Failed::Answered(cause);
        }
        if connection.has_heard() {
            self.failed();
            return Failed::Answered(unreachable(error));
        }
        if !was_kept {
            self.failed();
        }
        Failed::Unanswered(unreachable(error), was_kept)
    }

    fn failed(&self) {
        self.lease.host.failed(&self.lease.shared.checks);
    }
}

/// What went wrong, by its kind: an error's text may hold addresses, but never what was sent.
fn unreachable(error: &hyper::Error) -> Cause {
    if error.is_parse() {
        return Cause::Response("not HTTP");
    }
    let mut reason = error.to_string();
    let mut source = Error::source(error);
    while let Some(inner) = source {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        source = inner.source();
    }
    Cause::Unreachable(reason)
}
