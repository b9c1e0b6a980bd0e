//! The access log: who asked what and what became of it, without a value of the request or the body (H42).

use std::sync::Arc;

use cordon_directory::{Snapshot, UserId};
use cordon_rewrite::Report;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::active::Active;
use crate::counters::{Tally, Totals, add};
use crate::rescue::{Cause, Culprit};
use crate::trial::Trial;

/// One exchange as it will stand in the log. It is written when it is dropped, which is when the last byte of the
/// response is sent, or given up.
pub(crate) struct Entry {
    totals: Arc<Totals>,
    started: Instant,
    method: Method,
    pub(crate) active: Arc<Active>,
    /// Whose candidate serves the caller.
    trial: Option<Arc<Trial>>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) user: Option<UserId>,
    pub(crate) route: Option<usize>,
    status: StatusCode,
    code: Option<String>,
    tally: Tally,
    bytes: u64,
    outcome: Outcome,
    /// Observe mode: nothing is enforced.
    pub(crate) observed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The client went away, or the connection was lost.
    Abandoned,
    Complete,
    Broken,
}

impl Entry {
    pub(crate) fn new(
        totals: Arc<Totals>,
        method: Method,
        active: Arc<Active>,
        snapshot: Arc<Snapshot>,
    ) -> Entry {
        Entry {
            totals,
            started: Instant::now(),
            method,
            active,
            trial: None,
            snapshot,
            user: None,
            route: None,
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: None,
            tally: Tally::default(),
            bytes: 0,
            outcome: Outcome::Abandoned,
            observed: false,
        }
    }

    /// A candidate serves the caller.
    pub(crate) fn served_by(&mut self, trial: &Arc<Trial>) {
        self.active = Arc::clone(&trial.candidate);
        self.trial = Some(Arc::clone(trial));
    }

    /// The route is known.
    pub(crate) fn matched(&mut self, route: usize) {
        self.route = Some(route);
        self.active.counters[route].request();
    }

    /// There is no body to wait for: the exchange is over.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = status;
    }

    pub(crate) fn refused(&mut self, cause: &Cause) {
        self.code = Some(cause.code());
        let counter = match cause.culprit() {
            Culprit::Caller => &self.totals.refused,
            Culprit::Backend => &self.totals.backend_faults,
            Culprit::Policy => &self.totals.policy_faults,
            Culprit::Gateway => &self.totals.own_faults,
        };
        add(counter, 1);
        if let (Culprit::Policy, Some(trial)) = (cause.culprit(), &self.trial) {
            trial.failed(self.route_name());
        }
    }

    /// What the editor did, once it has finished or given up.
    pub(crate) fn edited(&mut self, report: &Report) {
        self.tally = Tally::of(report);
        if !report.unlisted.is_empty() && tracing::enabled!(tracing::Level::DEBUG) {
            let route = self.route_name();
            for (path, count) in report.unlisted.iter() {
                tracing::debug!(route, path, count, "unlisted values removed");
            }
        }
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(crate) fn complete(&mut self) {
        self.outcome = Outcome::Complete;
    }

    pub(crate) fn broken(&mut self, cause: &Cause) {
        self.outcome = Outcome::Broken;
        self.refused(cause);
    }

    fn route_name(&self) -> &str {
        self.route.map_or("-", |route| self.active.policy.manifest().routes[route].name.as_str())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        add(&self.totals.requests, 1);
        if self.outcome != Outcome::Complete {
            add(&self.totals.broken_off, 1);
        }
        if let Some(route) = self.route {
            self.active.counters[route].edited(&self.tally);
        }
        tracing::info!(
            target: "cordon::access",
            method = self.method.as_str(),
            route = self.route_name(),
            status = self.status.as_u16(),
            user = self.user.as_ref().map_or("-", |user| &*user.user().login),
            policy = self.active.digest_prefix.as_str(),
            revision = self.snapshot.revision(),
            kept = self.tally.kept,
            dropped = self.tally.dropped,
            removed = self.tally.removed,
            masked = self.tally.masked,
            unlisted = self.tally.unlisted,
            code = self.code.as_deref().unwrap_or("-"),
            outcome = ?self.outcome,
            observed = self.observed,
            bytes = self.bytes,
            microseconds = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "exchange"
        );
    }
}
