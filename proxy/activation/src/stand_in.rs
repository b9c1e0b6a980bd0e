//! The backend of a case: it answers as the case says, and remembers what it was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cordon_gateway::MemoryBackend;
use http::{Request, Response, StatusCode};

use crate::case::BackendAnswer;

/// A backend that stands in for the real one. Clones are one backend.
#[derive(Clone)]
pub(crate) struct StandIn {
    answers: Arc<[BackendAnswer]>,
    asked: Arc<Mutex<Asked>>,
}

/// What a backend was asked since it was last looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Methods and targets, in the order in which they came.
    pub(crate) all: Vec<String>,
    /// Those to which the case has no answer.
    pub(crate) unanswered: Vec<String>,
}

impl StandIn {
    pub(crate) fn new(answers: Arc<[BackendAnswer]>) -> StandIn {
        StandIn { answers, asked: Arc::default() }
    }

    /// For the gateway.
    pub(crate) fn backend(&self) -> MemoryBackend {
        let backend = self.clone();
        MemoryBackend::new(move |request| backend.answer(&request))
    }

    /// What it was asked since the last time.
    pub(crate) fn take(&self) -> Asked {
        std::mem::take(&mut *self.asked())
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let line = format!("{} {}", request.method(), request.uri());
        let given = self.answers.iter().find(|answer| answer.is_to(request));
        let mut asked = self.asked();
        let mut response = Response::new(Bytes::new());
        match given {
            Some(given) => {
                *response.status_mut() = given.status;
                *response.headers_mut() = given.headers.clone();
                *response.body_mut() = given.body.clone();
            }
            None => {
                asked.unanswered.push(line.clone());
                *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
            }
        }
        asked.all.push(line);
        response
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BackendAnswer {
    fn is_to(&self, request: &Request<Bytes>) -> bool {
        let target = request.uri();
        let asked = target.path_and_query().map_or(target.path(), |whole| whole.as_str());
        self.method.as_ref().is_none_or(|method| method == request.method())
            && self
                .path
                .as_ref()
                .is_none_or(|path| if path.contains('?') { path == asked } else { path == target.path() })
    }
}
