//! What a case says, after it was read.

use std::sync::Arc;

use bytes::Bytes;
use cordon_directory::Store;
use http::{HeaderMap, HeaderName, Method, Request, StatusCode};

use crate::tree::Tree;

/// One question to the gateway, and what each of some callers must get as an answer.
#[derive(Clone)]
pub struct Case {
    /// Its file among the bundle's cases.
    pub(crate) file: String,
    /// One sentence.
    pub(crate) shows: String,
    /// All texts that it is made of: its own, and those that it names.
    pub(crate) texts: Vec<String>,
    /// The directory of the case, which no other thing has than the cases that share it.
    pub(crate) directory: Arc<Store>,
    pub(crate) request: Request<Bytes>,
    pub(crate) backend: Arc<[BackendAnswer]>,
    pub(crate) answers: Vec<Expected>,
}

/// What the backend answers.
#[derive(Clone, Debug)]
pub(crate) struct BackendAnswer {
    /// To which method; without one to each.
    pub(crate) method: Option<Method>,
    /// To which path: one without a query is meant with any. Without one to each.
    pub(crate) path: Option<String>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What some callers must get.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// Logins.
    pub(crate) callers: Vec<String>,
    pub(crate) content: Content,
    /// `None`: whatever status the refusal has.
    pub(crate) status: Option<StatusCode>,
    /// Headers with their values; without one they must not be there.
    pub(crate) headers: Vec<(HeaderName, Option<String>)>,
    /// What the backend must have been asked, in this order. `None`: it is not looked at.
    pub(crate) asked: Option<Vec<String>>,
}

/// What an answer must hold.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// This document.
    Json(Tree),
    /// These bytes; none is a body that is empty.
    Exactly(String),
    /// A refusal with this code.
    Refused(String),
}

impl Case {
    /// Whether another case says the same in every word.
    pub(crate) fn is_same(&self, other: &Case) -> bool {
        self.file == other.file && self.texts == other.texts
    }

    /// Its file among the bundle's cases.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What it shows, in one sentence.
    pub fn shows(&self) -> &str {
        &self.shows
    }

    /// The logins that it asks as, in the order of the file.
    pub fn callers(&self) -> impl Iterator<Item = &str> {
        self.answers.iter().flat_map(|expected| &expected.callers).map(String::as_str)
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Case")
            .field("file", &self.file)
            .field("shows", &self.shows)
            .finish_non_exhaustive()
    }
}
