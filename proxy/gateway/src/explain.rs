//! One exchange with both sides shown, for `cordon see` and for tests of rules.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cordon_directory::UserId;
use cordon_rewrite::Report;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use crate::gateway::Gateway;
use crate::memory::PIPE;
use crate::problem::Problem;
use crate::serve;
use crate::stack::Origin;

/// Most bytes of the backend's body that are kept.
const KEPT: usize = 64 << 20;

/// What the backend sent, what the caller gets, and why they differ.
#[derive(Debug)]
pub struct Explained {
    /// The route that the request is of, by its name in the policy's manifest. `None`: of none, or it was refused
    /// before that was asked.
    pub route: Option<String>,
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

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
#[error("the request cannot be sent: {0}")]
pub struct ExplainError(#[from] hyper::Error);

/// On whose behalf an exchange is shown, and where it is watched from.
#[derive(Clone)]
pub(crate) struct Explaining {
    /// Who asks, instead of whoever a credential would name.
    pub(crate) user: UserId,
    pub(crate) tap: Arc<Tap>,
}

/// Asks a gateway over a connection in memory, as this user.
pub(crate) async fn explain(
    gateway: Arc<Gateway>,
    user: UserId,
    mut request: Request<Bytes>,
) -> Result<Explained, ExplainError> {
    request.headers_mut().entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
    let tap = Arc::new(Tap::default());
    let explaining = Explaining { user, tap: Arc::clone(&tap) };
    let origin = Origin { explaining: Some(explaining), ..Origin::default() };
    let (ours, theirs) = tokio::io::duplex(PIPE);
    // Whatever happens, both ends of the connection go when this is left.
    let mut ends = JoinSet::new();
    ends.spawn(serve::stream(gateway, theirs, origin));
    let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await?;
    ends.spawn(async {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection in memory ended");
        }
    });
    let answer = answer(sender.send_request(request.map(Full::new)).await?).await;
    let watched = tap.take();
    let backend = watched.backend.map(|(status, headers)| BackendAnswer {
        status,
        headers,
        body: Bytes::from(watched.body),
    });
    let Watched { route, report, refusal, .. } = watched;
    Ok(Explained { route, backend, answer, report, refusal })
}

/// What came, until it ended or broke off.
async fn answer(response: Response<Incoming>) -> Answer {
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    let mut broken_off = false;
    while let Some(frame) = body.frame().await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            Ok(Err(_)) => {}
            Err(_) => broken_off = true,
        }
        if broken_off {
            break;
        }
    }
    Answer { status: head.status, headers: head.headers, body: Bytes::from(bytes), broken_off }
}

/// Watches an exchange from inside.
#[derive(Default)]
pub(crate) struct Tap(Mutex<Watched>);

#[derive(Default)]
pub(crate) struct Watched {
    pub(crate) route: Option<String>,
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

    /// The request is of this route.
    pub(crate) fn route(&self, name: &str) {
        self.with(|watched| watched.route = Some(name.to_owned()));
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
