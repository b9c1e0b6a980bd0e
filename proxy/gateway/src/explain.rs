//! One exchange with both sides shown, for `cordon see` and for tests of rules.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use cordon_rewrite::Report;
use http::{HeaderMap, StatusCode};

use crate::problem::Problem;

/// Most bytes of the backend's body that are kept.
const KEPT: usize = 64 << 20;

/// What the backend sent, what the caller gets, and why they differ.
#[derive(Debug)]
pub struct Explained {
    /// The backend's answer. `None`: the request did not get that far.
    pub backend: Option<BackendAnswer>,
    /// What the caller gets.
    pub answer: Answer,
    /// What the editor did, difference by difference. `None`: the body was not edited to its end.
    pub report: Option<Report>,
    /// Why the answer is not the backend's, and whose doing that is.
    pub refusal: Option<Refused>,
}

/// A backend's answer as it came, after its content coding was noted but before it was decoded.
#[derive(Clone, Debug, Default)]
pub struct BackendAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, up to 64 MiB of it.
    pub body: Bytes,
}

/// A caller's answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as far as it came.
    pub body: Bytes,
    /// The body is not the whole: the connection would have been broken off here (H10).
    pub broken_off: bool,
}

/// Why an exchange ended in a refusal, with what the caller is not told.
#[derive(Clone, Debug)]
pub struct Refused {
    /// What the caller is told.
    pub problem: Problem,
    /// For the operator: what happened. It holds no value of a body.
    pub cause: String,
}

/// Watches an exchange from inside.
#[derive(Default)]
pub(crate) struct Tap(Mutex<Watched>);

#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) backend: Option<(StatusCode, HeaderMap)>,
    pub(crate) body: Vec<u8>,
    pub(crate) report: Option<Report>,
    pub(crate) refusal: Option<Refused>,
}

impl Tap {
    /// The backend has answered. A probe's answer gives way to that of the request itself.
    pub(crate) fn backend_head(&self, status: StatusCode, headers: &HeaderMap) {
        self.with(|watched| {
            watched.backend = Some((status, headers.clone()));
            watched.body.clear();
            watched.report = None;
        });
    }

    pub(crate) fn backend_chunk(&self, chunk: &[u8]) {
        self.with(|watched| {
            let room = KEPT.saturating_sub(watched.body.len());
            watched.body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        });
    }

    pub(crate) fn report(&self, report: &Report) {
        self.with(|watched| watched.report = Some(report.clone()));
    }

    pub(crate) fn refusal(&self, problem: Problem, cause: String) {
        self.with(|watched| watched.refusal = Some(Refused { problem, cause }));
    }

    pub(crate) fn take(&self) -> Watched {
        self.with(std::mem::take)
    }

    fn with<T>(&self, change: impl FnOnce(&mut Watched) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
