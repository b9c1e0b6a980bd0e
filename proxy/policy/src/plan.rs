//! What may be in the bodies of an exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reads::Reads;

/// What may be in the bodies of an exchange, both ways, and which response headers pass (H18).
#[derive(Debug)]
pub struct ExchangePlan {
    /// What may stand in the request's body.
    pub request: RequestPlan,
    /// What is done with the response's body.
    pub response: ResponsePlan,
    /// Lower-case names of further response headers that pass, sorted, without duplicates.
    pub headers: Vec<String>,
    /// What verdicts are kept under: no two plans made in this process share it that do not say the same to the same
    /// scope and route.
    pub(crate) id: u64,
    /// What it takes in memory, estimated.
    pub(crate) bytes: usize,
    /// What it rests on.
    pub(crate) reads: Reads,
}

/// What may stand in the body of a request. A plan that edits request bodies is unsupported in this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestPlan {
    /// There must be none: a request with a body is refused.
    Empty,
    /// Forwarded as it is.
    Pass,
}

/// What is done with the body of a response.
#[derive(Clone)]
pub enum ResponsePlan {
    /// There must be none. One that comes all the same is not forwarded.
    Empty,
    /// Forwarded as it is.
    Pass,
    /// Edited by this plan.
    Edit(Arc<cordon_rewrite::Plan>),
}

impl ExchangePlan {
    pub(crate) fn new(
        request: RequestPlan,
        response: ResponsePlan,
        headers: Vec<String>,
        bytes: usize,
        reads: Reads,
    ) -> ExchangePlan {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let bytes = bytes + reads.share();
        ExchangePlan { request, response, headers, id: NEXT.fetch_add(1, Ordering::Relaxed), bytes, reads }
    }

    /// Whether the response is about one record, the answer for a missing one taking its place.
    pub fn has_sole_set(&self) -> bool {
        self.body().is_some_and(cordon_rewrite::Plan::has_sole_set)
    }

    /// Whether the response is a stream that need not end.
    pub fn is_endless(&self) -> bool {
        self.body().is_some_and(|plan| plan.spec().format == cordon_rewrite::Format::Sse)
    }

    /// Whether another plan says the same, whenever and from whatever it was made.
    pub fn says_the_same(&self, other: &ExchangePlan) -> bool {
        let response = match (&self.response, &other.response) {
            (ResponsePlan::Empty, ResponsePlan::Empty) | (ResponsePlan::Pass, ResponsePlan::Pass) => true,
            (ResponsePlan::Edit(one), ResponsePlan::Edit(two)) => one.spec() == two.spec(),
            _ => false,
        };
        response && self.request == other.request && self.headers == other.headers
    }

    /// The same plan as one that says the same and rests on what holds no more: verdicts under that one are under it.
    pub(crate) fn succeeding(self, stale: &ExchangePlan) -> ExchangePlan {
        ExchangePlan { id: stale.id, response: stale.response.clone(), ..self }
    }

    /// The plan for the response's body, if it is edited.
    pub(crate) fn body(&self) -> Option<&cordon_rewrite::Plan> {
        match &self.response {
            ResponsePlan::Edit(plan) => Some(plan),
            ResponsePlan::Empty | ResponsePlan::Pass => None,
        }
    }
}

impl std::fmt::Debug for ResponsePlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ResponsePlan::Empty => f.write_str("Empty"),
            ResponsePlan::Pass => f.write_str("Pass"),
            ResponsePlan::Edit(plan) => f.debug_tuple("Edit").field(plan.spec()).finish(),
        }
    }
}
