//! The request body on its way to the backend: limited, timed, without trailers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::config::{GatewayConfig, LeastRate};
use crate::limit::patience::{Over, Patience};
use crate::rescue::Cause;

/// Bytes that are read of a body without a length before the backend hears of it.
const HELD: usize = 16 << 10;

/// A body for the backend. Trailers are dropped (H4).
pub(crate) struct UpstreamBody {
    /// What was read before the backend heard of the request.
    held: VecDeque<Bytes>,
    source: Option<Incoming>,
    left: u64,
    patience: Patience,
    fate: Fate,
}

/// How far a request body got: the backend's client reports all failures alike, and a response can only be late once
/// the request is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate(Option<Arc<Way>>);

#[derive(Debug, Default)]
struct Way {
    state: AtomicU8,
    bytes: AtomicU64,
}

const UNDER_WAY: u8 = 0;
const SENT: u8 = 1;
const TOO_LARGE: u8 = 2;
const LATE: u8 = 3;
const BROKEN: u8 = 4;
const SLOW: u8 = 5;

/// A body of which no more will be sent.
#[derive(Debug, thiserror::Error)]
#[error("request body ended early")]
pub(crate) struct EndedEarly;

impl UpstreamBody {
    /// No body.
    pub(crate) fn empty() -> UpstreamBody {
        let none = LeastRate { bytes: 0, every: Duration::ZERO };
        UpstreamBody {
            held: VecDeque::new(),
            source: None,
            left: 0,
            patience: Patience::new(Duration::ZERO, None, none),
            fate: Fate(None),
        }
    }

    /// The client's body, within the limits and deadlines that are configured, all there by `end`.
    pub(crate) fn streamed(
        source: Incoming,
        config: &GatewayConfig,
        end: Instant,
    ) -> Result<UpstreamBody, Cause> {
        if source.is_end_stream() {
            return Ok(UpstreamBody::empty());
        }
        let limit = config.limits.request_body;
        if source.size_hint().lower() > limit {
            return Err(Cause::BodyTooLarge);
        }
        Ok(UpstreamBody {
            held: VecDeque::new(),
            source: Some(source),
            left: limit,
            patience: Patience::new(config.deadlines.idle, Some(end), config.limits.least_rate),
            fate: Fate(Some(Arc::default())),
        })
    }

    /// Reads the beginning of a body that does not say its length: one that breaks off there, or is chunked wrongly,
    /// reaches nobody (H3), and one that ends there gets a length.
    ///
    /// # Errors
    /// The body has ended early.
    pub(crate) async fn begun(mut self) -> Result<UpstreamBody, Cause> {
        let mut held = VecDeque::new();
        let mut size = 0;
        while size <= HELD && self.source.is_some() && self.size_hint().exact().is_none() {
            match poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await {
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    size += data.len();
                    held.push_back(data);
                }
                Some(Err(EndedEarly)) => return Err(self.fate.cause().unwrap_or(Cause::BodyBroken)),
                None => break,
            }
        }
        self.held = held;
        Ok(self)
    }

    /// What became of it, to be asked when the exchange with the backend failed.
    pub(crate) fn fate(&self) -> Fate {
        self.fate.clone()
    }

    fn settle(&mut self, how: u8) {
        if let Some(fate) = &self.fate.0 {
            fate.state.store(how, Ordering::Relaxed);
        }
        self.source = None;
    }

    fn fail(&mut self, how: u8) -> Poll<Option<Result<Frame<Bytes>, EndedEarly>>> {
        self.settle(how);
        Poll::Ready(Some(Err(EndedEarly)))
    }
}

impl Fate {
    /// Whether the client is still sending.
    pub(crate) fn is_under_way(&self) -> bool {
        self.0.as_ref().is_some_and(|fate| fate.state.load(Ordering::Relaxed) == UNDER_WAY)
    }

    /// How many bytes came of it.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |way| way.bytes.load(Ordering::Relaxed))
    }

    /// The cause, if the client or a limit ended the body.
    pub(crate) fn cause(&self) -> Option<Cause> {
        match self.0.as_ref()?.state.load(Ordering::Relaxed) {
            TOO_LARGE => Some(Cause::BodyTooLarge),
            LATE => Some(Cause::BodyLate),
            SLOW => Some(Cause::BodySlow),
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
        if let Some(data) = body.held.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        loop {
            let Some(source) = &mut body.source else {
                return Poll::Ready(None);
            };
            match Pin::new(source).poll_frame(context) {
                Poll::Pending => {
                    return match ready!(body.patience.poll_over(context)) {
                        Over::Late => body.fail(LATE),
                        Over::Slow => body.fail(SLOW),
                    };
                }
                Poll::Ready(None) => {
                    body.settle(SENT);
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(_))) => return body.fail(BROKEN),
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if !body.patience.moved(data.len() as u64) {
                        return body.fail(SLOW);
                    }
                    match body.left.checked_sub(data.len() as u64) {
                        Some(left) => body.left = left,
                        None => return body.fail(TOO_LARGE),
                    }
                    if let Some(way) = &body.fate.0 {
                        way.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                    }
                    // With a length, the backend's client does not ask for the end.
                    if body.source.as_ref().is_some_and(Body::is_end_stream) {
                        body.settle(SENT);
                    }
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.source.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let held: u64 = self.held.iter().map(|data| data.len() as u64).sum();
        let mut hint = self.source.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + held);
        }
        hint.set_lower(hint.lower() + held);
        hint
    }
}
