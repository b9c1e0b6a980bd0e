//! The request body on its way to the backend: limited, timed, without trailers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::rescue::Cause;

/// A body for the backend. Trailers are dropped (H4).
pub(crate) struct UpstreamBody {
    source: Option<Incoming>,
    left: u64,
    idle: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    fate: Fate,
}

/// How a request body ended, if not well: the backend's client reports all failures alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate(Option<Arc<AtomicU8>>);

const TOO_LARGE: u8 = 1;
const LATE: u8 = 2;
const BROKEN: u8 = 3;

/// A body of which no more will be sent.
#[derive(Debug, thiserror::Error)]
#[error("request body ended early")]
pub(crate) struct EndedEarly;

impl UpstreamBody {
    /// No body.
    pub(crate) fn empty() -> UpstreamBody {
        UpstreamBody {
            source: None,
            left: 0,
            idle: Duration::ZERO,
            timer: None,
            fate: Fate(None),
        }
    }

    /// The client's body, of at most `limit` bytes, with at most `idle` between two pieces.
    pub(crate) fn streamed(source: Incoming, limit: u64, idle: Duration) -> Result<UpstreamBody, Cause> {
        if source.is_end_stream() {
            return Ok(UpstreamBody::empty());
        }
        if source.size_hint().lower() > limit {
            return Err(Cause::BodyTooLarge);
        }
        let fate = Fate(Some(Arc::default()));
        Ok(UpstreamBody {
            source: Some(source),
            left: limit,
            idle,
            timer: None,
            fate,
        })
    }

    /// What became of it, to be asked when the exchange with the backend failed.
    pub(crate) fn fate(&self) -> Fate {
        self.fate.clone()
    }

    fn end(&mut self, how: u8) -> Poll<Option<Result<Frame<Bytes>, EndedEarly>>> {
        if let Some(fate) = &self.fate.0 {
            fate.store(how, Ordering::Relaxed);
        }
        self.source = None;
        Poll::Ready(Some(Err(EndedEarly)))
    }
}

impl Fate {
    /// The cause, if the client or a limit ended the body.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self.0.as_ref()?.load(Ordering::Relaxed) {
            TOO_LARGE => Some(Cause::BodyTooLarge),
            LATE => Some(Cause::BodyLate),
            BROKEN => Some(Cause::BodyBroken),
            _ => None,
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = EndedEarly;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EndedEarly>>> {
        let body = &mut *self;
        loop {
            let Some(source) = &mut body.source else {
                return Poll::Ready(None);
            };
            match Pin::new(source).poll_frame(context) {
                Poll::Pending => {
                    let idle = body.idle;
                    let timer = body
                        .timer
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
                    ready!(timer.as_mut().poll(context));
                    return body.end(LATE);
                }
                Poll::Ready(None) => {
                    body.source = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(_))) => return body.end(BROKEN),
                Poll::Ready(Some(Ok(frame))) => {
                    if let Some(timer) = &mut body.timer {
                        timer.as_mut().reset(Instant::now() + body.idle);
                    }
                    let Ok(data) = frame.into_data() else { continue };
                    match body.left.checked_sub(data.len() as u64) {
                        Some(left) => body.left = left,
                        None => return body.end(TOO_LARGE),
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.source
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
