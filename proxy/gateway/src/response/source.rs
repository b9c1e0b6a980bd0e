//! The backend's body as chunks: timed, limited, decoded, without trailers.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::SizeHint;
use tokio::time::{Instant, Sleep};

use crate::config::{Deadlines, Limits};
use crate::explain::Tap;
use crate::rescue::Cause;
use crate::response::coding::{Coding, Decoder};
use crate::response::gathered::Gathered;
use crate::response::held::Held;
use crate::trial::Copying;
use crate::upstream::BackendBody;

/// Where the bytes of a response come from. Memory is one chunk and one decoding step.
pub(crate) struct Source {
    body: Option<Held>,
    decoder: Option<Decoder>,
    pace: Pace,
    left: u64,
    tap: Option<Arc<Tap>>,
    copying: Option<Copying>,
}

/// How long one may wait: for the next chunk, and for all of them. The timer is made when there is something to wait
/// for, so that a body that is already there costs none.
pub(crate) struct Pace {
    idle: Duration,
    end: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Longer than any process runs, and within what clocks can add.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl Pace {
    /// A pace whose whole ends at `end`.
    pub(crate) fn new(deadlines: &Deadlines, end: Instant) -> Pace {
        Pace { idle: deadlines.idle, end, timer: None }
    }

    /// Only the wait for the next chunk is limited from now on.
    fn without_end(&mut self) {
        self.end = Instant::now() + FOREVER;
        self.timer = None;
    }

    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let next = (Instant::now() + self.idle).min(self.end);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        timer.as_mut().poll(context)
    }

    /// Something came. False: too late, since the whole takes too long.
    fn progress(&mut self) -> bool {
        let now = Instant::now();
        if let Some(timer) = &mut self.timer {
            timer.as_mut().reset((now + self.idle).min(self.end));
        }
        now < self.end
    }
}

impl Source {
    pub(crate) fn new(
        body: BackendBody,
        coding: Option<Coding>,
        limits: &Limits,
        pace: Pace,
        tap: Option<Arc<Tap>>,
    ) -> Source {
        let decoder = coding.map(|coding| Decoder::new(coding, limits.decoded_body, limits.decoded_ratio));
        Source { body: Some(Held::Own(body)), decoder, pace, left: limits.response_body, tap, copying: None }
    }

    /// As [`Source::watch`], for bodies that are meant to go on: neither how long they take in all nor how much comes
    /// is limited.
    pub(crate) fn without_end(&mut self) {
        self.pace.without_end();
        self.left = u64::MAX;
        self.decoder.iter_mut().for_each(Decoder::without_end);
        self.watch();
    }

    /// From now on a client's pace decides when chunks are asked for.
    pub(crate) fn watched(mut self) -> Source {
        self.watch();
        self
    }

    /// The same, in place.
    pub(crate) fn watch(&mut self) {
        self.body = self.body.take().map(|body| body.watched(self.pace.idle, self.pace.end));
    }

    /// All of a body that is, as the backend has said, no longer than this: it is waited for, since it is there soon.
    /// None: it is longer, or of a length that nobody knows.
    pub(crate) async fn whole(&mut self, limit: usize) -> Result<Option<Bytes>, Cause> {
        let length = self.size_hint().exact().and_then(|length| usize::try_from(length).ok());
        if self.is_at_end() || length.is_none_or(|length| length > limit) {
            return Ok(None);
        }
        let mut gathered = Gathered::default();
        while !self.is_at_end()
            && let Some(chunk) = poll_fn(|context| self.poll_chunk(context)).await.transpose()?
        {
            gathered.push(chunk);
        }
        Ok(Some(gathered.whole()))
    }

    /// Copies what comes, decoded, to where it is compared.
    pub(crate) fn copy_to(&mut self, copying: Option<Copying>) {
        self.copying = copying;
    }

    /// The next decoded chunk. A body that is shorter than it said is an error (H12).
    pub(crate) fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        let chunk = self.poll_decoded(context);
        if let (Some(copying), Poll::Ready(chunk)) = (&self.copying, &chunk) {
            match chunk {
                Some(Ok(chunk)) => {
                    copying.chunk(chunk);
                    if self.is_at_end() {
                        copying.complete();
                    }
                }
                None => copying.complete(),
                Some(Err(_)) => {}
            }
        }
        chunk
    }

    fn poll_decoded(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        loop {
            if let Some(decoder) = &mut self.decoder {
                match decoder.step() {
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                    Ok(None) => {}
                    Err(cause) => return self.fail(cause),
                }
            }
            let chunk = match ready!(self.poll_raw(context)) {
                Some(Ok(chunk)) => chunk,
                Some(Err(cause)) => return self.fail(cause),
                None => {
                    return match self.decoder.take().map(|mut decoder| decoder.finish()) {
                        Some(Err(cause)) => self.fail(cause),
                        _ => Poll::Ready(None),
                    };
                }
            };
            match &mut self.decoder {
                Some(decoder) => decoder.feed(chunk),
                None if chunk.is_empty() => {}
                None => return Poll::Ready(Some(Ok(chunk))),
            }
        }
    }

    /// Whether nothing more will come, without waiting for it.
    pub(crate) fn is_at_end(&self) -> bool {
        self.decoder.is_none() && self.body.as_ref().is_none_or(Held::is_end_stream)
    }

    /// How much is left, if the backend has said so and it passes as it is.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.body, &self.decoder) {
            (Some(body), None) => body.size_hint(),
            _ => SizeHint::default(),
        }
    }

    fn poll_raw(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cause>>> {
        loop {
            let Some(body) = &mut self.body else {
                return Poll::Ready(None);
            };
            let frame = match body.poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    ready!(self.pace.poll_late(context));
                    return Poll::Ready(Some(Err(Cause::Late("body"))));
                }
            };
            if !self.pace.progress() {
                return Poll::Ready(Some(Err(Cause::Late("body"))));
            }
            match frame {
                None => {
                    self.body = None;
                    return Poll::Ready(None);
                }
                Some(Err(cause)) => return Poll::Ready(Some(Err(cause))),
                // Trailers are dropped (H4).
                Some(Ok(frame)) => {
                    let Ok(chunk) = frame.into_data() else { continue };
                    let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
                        return Poll::Ready(Some(Err(Cause::Body("longer than is allowed".into()))));
                    };
                    self.left = left;
                    if let Some(tap) = &self.tap {
                        tap.backend_chunk(&chunk);
                    }
                    return Poll::Ready(Some(Ok(chunk)));
                }
            }
        }
    }

    fn fail(&mut self, cause: Cause) -> Poll<Option<Result<Bytes, Cause>>> {
        self.body = None;
        self.decoder = None;
        Poll::Ready(Some(Err(cause)))
    }
}
