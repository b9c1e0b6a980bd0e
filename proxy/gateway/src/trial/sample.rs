//! What is kept of an exchange until both policies are run over it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::active::Active;
use crate::request::target::Target;
use crate::trial::Trial;
use crate::view::{CallerScope, View};

/// An exchange as it came: whatever policy served it, both are run over this.
pub(crate) struct Question {
    pub(crate) view: Arc<View>,
    pub(crate) active: Arc<Active>,
    pub(crate) scope: Arc<CallerScope>,
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) has_body: bool,
}

/// The backend's answer with its whole body, decoded.
pub(crate) struct Answered {
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: Vec<Bytes>,
}

/// An exchange that is over.
pub(crate) struct Job {
    pub(crate) trial: Arc<Trial>,
    pub(crate) question: Question,
    /// `None`: it went no further than us, or the backend had nothing to show.
    pub(crate) answer: Option<Answered>,
    held: usize,
}

/// An exchange under way. When the last who knows it lets go, it is handed over to be compared.
pub(crate) struct Sample {
    trial: Arc<Trial>,
    state: Mutex<State>,
}

struct State {
    question: Option<Question>,
    answer: Option<Answered>,
    held: usize,
    body: Body,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// None is to come.
    None,
    Expected,
    Whole,
    /// Too long, or there is no room.
    GivenUp,
}

impl Sample {
    pub(crate) fn new(trial: Arc<Trial>, question: Question) -> Arc<Sample> {
        let state = State { question: Some(question), answer: None, held: 0, body: Body::None };
        Arc::new(Sample { trial, state: Mutex::new(state) })
    }

    /// The backend has answered with something to show.
    pub(crate) fn answered(&self, headers: &HeaderMap) {
        self.with(|state| {
            state.answer = Some(Answered { headers: headers.clone(), chunks: Vec::new() });
            state.body = Body::Expected;
        });
    }

    /// The next part of the decoded body. Nothing is copied: it is the buffer that the caller is served from.
    pub(crate) fn chunk(&self, chunk: &Bytes) {
        self.with(|state| {
            let State { answer: Some(answer), body: Body::Expected, .. } = state else {
                return;
            };
            let fits = state.held + chunk.len() <= self.trial.options().body;
            if fits && self.trial.hold(chunk.len()) {
                state.held += chunk.len();
                answer.chunks.push(chunk.clone());
            } else {
                state.body = Body::GivenUp;
                answer.chunks = Vec::new();
            }
        });
    }

    /// The body is complete.
    pub(crate) fn complete(&self) {
        self.with(|state| {
            if state.body == Body::Expected {
                state.body = Body::Whole;
            }
        });
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let held = std::mem::take(&mut state.held);
        match (state.question.take(), state.body) {
            (Some(question), Body::None | Body::Whole) => {
                let answer = state.answer.take();
                let trial = Arc::clone(&self.trial);
                self.trial.hand_over(Job { trial, question, answer, held });
            }
            _ => {
                self.trial.release(held);
                self.trial.ledger().skipped();
            }
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.trial.release(self.held);
    }
}
