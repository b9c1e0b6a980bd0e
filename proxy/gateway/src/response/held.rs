//! A backend's body, which is let go when nobody asks for it (H11).

use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::rescue::Cause;
use crate::upstream::BackendBody;

/// A body that holds a connection to the backend.
pub(crate) enum Held {
    /// Asked for by ourselves, without anybody to wait for.
    Own(BackendBody),
    /// Asked for at a client's pace.
    Watched(Watched),
}

/// A body that goes away by itself. Deadlines that are looked at when the body is asked for are none for an HTTP/2
/// client that opens no window: then nobody asks.
pub(crate) struct Watched {
    shared: Arc<Mutex<Shared>>,
    watchdog: AbortHandle,
}

struct Shared {
    /// Taken away by the watchdog.
    body: Option<BackendBody>,
    asked: Instant,
    /// It was asked for when it had nothing: the wait is the backend's, which has its own deadline.
    waiting: bool,
}

impl Held {
    /// Lets go of the body from now on if it is not asked for during `idle`, and at `end`.
    pub(crate) fn watched(self, idle: Duration, end: Instant) -> Held {
        match self {
            Held::Own(body) if !body.is_end_stream() => Held::Watched(Watched::new(body, idle, end)),
            held => held,
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Held::Own(body) => body.is_end_stream(),
            Held::Watched(watched) => lock(&watched.shared).body.as_ref().is_some_and(Body::is_end_stream),
        }
    }

    /// How much is left, as far as the backend has said so.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Held::Own(body) => body.size_hint(),
            Held::Watched(watched) => {
                lock(&watched.shared).body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
            }
        }
    }

    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
        let watched = match self {
            Held::Own(body) => return poll_body(body, context),
            Held::Watched(watched) => watched,
        };
        let mut shared = lock(&watched.shared);
        let Some(body) = &mut shared.body else {
            return Poll::Ready(Some(Err(Cause::NotTaken)));
        };
        let polled = poll_body(body, context);
        shared.asked = Instant::now();
        shared.waiting = polled.is_pending();
        polled
    }
}

impl Watched {
    fn new(body: BackendBody, idle: Duration, end: Instant) -> Watched {
        let shared = Shared { body: Some(body), asked: Instant::now(), waiting: false };
        let shared = Arc::new(Mutex::new(shared));
        let watchdog = tokio::spawn(watch(Arc::clone(&shared), idle, end)).abort_handle();
        Watched { shared, watchdog }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watchdog.abort();
        // The task may be dropped later than this.
        lock(&self.shared).body = None;
    }
}

async fn watch(shared: Arc<Mutex<Shared>>, idle: Duration, end: Instant) {
    loop {
        let due = {
            let mut shared = lock(&shared);
            let patience = if shared.waiting { idle * 2 } else { idle };
            let due = (shared.asked + patience).min(end);
            if Instant::now() >= due {
                shared.body = None;
                return tracing::debug!("a client does not take its answer; the backend's is given up");
            }
            due
        };
        tokio::time::sleep_until(due).await;
    }
}

fn poll_body(body: &mut BackendBody, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cause>>> {
    Pin::new(body).poll_frame(context).map_err(|error| broken(&error))
}

fn broken(error: &hyper::Error) -> Cause {
    let reason = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    Cause::Lost(reason)
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
