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

/// An answer of the backend with its whole body, decoded.
pub(crate) struct Answered {
    pub(crate) headers: HeaderMap,
    pub(crate) chunks: Vec<Bytes>,
}

/// An exchange that is over.
pub(crate) struct Job {
    pub(crate) trial: Arc<Trial>,
    pub(crate) question: Question,
    /// `None`: no record was asked for first, or the backend had none.
    pub(crate) probed: Option<Answered>,
    /// `None`: it went no further than us, or the backend had nothing to show.
    pub(crate) answer: Option<Answered>,
    held: usize,
}

/// Which of the backend's answers.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// To the question whether the record may be seen.
    Probe,
    /// To the request.
    Answer,
}

/// An exchange under way. When the last who knows it lets go, it is handed over to be compared.
pub(crate) struct Sample {
    trial: Arc<Trial>,
    state: Mutex<State>,
}

/// Takes what comes of one of the backend's answers.
pub(crate) struct Copying {
    sample: Arc<Sample>,
    part: Part,
}

struct State {
    question: Option<Question>,
    parts: [Body; 2],
    held: usize,
}

enum Body {
    /// None is to come.
    None,
    Expected(Answered),
    Whole(Answered),
    /// Too long, or there is no room.
    GivenUp,
}

impl Sample {
    pub(crate) fn new(trial: Arc<Trial>, question: Question) -> Arc<Sample> {
        let state = State { question: Some(question), parts: [Body::None, Body::None], held: 0 };
        Arc::new(Sample { trial, state: Mutex::new(state) })
    }

    /// The backend has answered with something to show, which is copied through what this gives.
    pub(crate) fn answered(self: &Arc<Self>, part: Part, headers: &HeaderMap) -> Copying {
        let answered = Answered { headers: headers.clone(), chunks: Vec::new() };
        self.with(|state| state.parts[part as usize] = Body::Expected(answered));
        Copying { sample: Arc::clone(self), part }
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Copying {
    /// The next part of the decoded body. Nothing is copied: it is the buffer that the caller is served from.
    pub(crate) fn chunk(&self, chunk: &Bytes) {
        let trial = &self.sample.trial;
        self.sample.with(|state| {
            let fits = state.held + chunk.len() <= trial.options().body;
            let body = &mut state.parts[self.part as usize];
            let Body::Expected(answered) = body else { return };
            if fits && trial.hold(chunk.len()) {
                state.held += chunk.len();
                answered.chunks.push(chunk.clone());
            } else {
                // What cannot be compared as a whole is not held in part.
                state.parts = [Body::GivenUp, Body::GivenUp];
                trial.release(std::mem::take(&mut state.held));
            }
        });
    }

    /// The body is complete.
    pub(crate) fn complete(&self) {
        self.sample.with(|state| {
            let body = &mut state.parts[self.part as usize];
            *body = match std::mem::replace(body, Body::None) {
                Body::Expected(answered) => Body::Whole(answered),
                other => other,
            };
        });
    }
}

impl Body {
    /// What there is to compare; nothing where something is missing.
    fn into_whole(self) -> Result<Option<Answered>, ()> {
        match self {
            Body::None => Ok(None),
            Body::Whole(answered) => Ok(Some(answered)),
            Body::Expected(_) | Body::GivenUp => Err(()),
        }
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let held = std::mem::take(&mut state.held);
        let [probed, answer] =
            std::mem::replace(&mut state.parts, [Body::None, Body::None]).map(Body::into_whole);
        match (state.question.take(), probed, answer) {
            (Some(question), Ok(probed), Ok(answer)) => {
                let trial = Arc::clone(&self.trial);
                self.trial.hand_over(Job { trial, question, probed, answer, held });
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
