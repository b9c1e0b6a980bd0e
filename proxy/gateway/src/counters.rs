//! What the data plane counts. Labels are the routes of the active policy's manifest and nothing that a caller
//! chooses (H42).

use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::Report;

/// Counts since the gateway was made, and, by route, since the policy was activated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests answered, whatever the answer was.
    pub requests: u64,
    /// Refusals that the caller has to answer for: 4xx of our own.
    pub refused: u64,
    /// Exchanges that the backend failed.
    pub backend_faults: u64,
    /// Exchanges that the policy failed.
    pub policy_faults: u64,
    /// Exchanges that we failed.
    pub own_faults: u64,
    /// Responses broken off after their head was sent (H10), by the backend, the policy or the client.
    pub broken_off: u64,
    /// By route, in the manifest's order.
    pub routes: Vec<RouteCounts>,
}

/// Counts of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCounts {
    /// The route's name.
    pub route: String,
    /// Requests that matched.
    pub requests: u64,
    /// Records that passed.
    pub kept: u64,
    /// Records dropped; in observe mode those that would have been.
    pub dropped: u64,
    /// Values removed by an edit.
    pub removed: u64,
    /// Values masked.
    pub masked: u64,
    /// Values removed because nothing names them.
    pub unlisted: u64,
    /// In observe mode: exchanges that enforcement would have refused.
    pub would_refuse: u64,
}

/// The process-wide ones.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) requests: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) backend_faults: AtomicU64,
    pub(crate) policy_faults: AtomicU64,
    pub(crate) own_faults: AtomicU64,
    pub(crate) broken_off: AtomicU64,
}

/// Those of a route.
#[derive(Default)]
pub(crate) struct RouteCounters {
    requests: AtomicU64,
    kept: AtomicU64,
    dropped: AtomicU64,
    removed: AtomicU64,
    masked: AtomicU64,
    unlisted: AtomicU64,
    would_refuse: AtomicU64,
}

/// The sums of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) kept: u64,
    pub(crate) dropped: u64,
    pub(crate) removed: u64,
    pub(crate) masked: u64,
    pub(crate) unlisted: u64,
}

impl Tally {
    pub(crate) fn of(report: &Report) -> Tally {
        Tally {
            kept: report.sets.iter().map(|set| set.kept).sum(),
            dropped: report.sets.iter().map(|set| set.dropped).sum(),
            removed: report.removed.total(),
            masked: report.masked.total(),
            unlisted: report.unlisted.total(),
        }
    }
}

impl RouteCounters {
    pub(crate) fn request(&self) {
        add(&self.requests, 1);
    }

    pub(crate) fn would_refuse(&self) {
        add(&self.would_refuse, 1);
    }

    pub(crate) fn edited(&self, tally: &Tally) {
        add(&self.kept, tally.kept);
        add(&self.dropped, tally.dropped);
        add(&self.removed, tally.removed);
        add(&self.masked, tally.masked);
        add(&self.unlisted, tally.unlisted);
    }

    pub(crate) fn read(&self, route: &str) -> RouteCounts {
        RouteCounts {
            route: route.to_owned(),
            requests: get(&self.requests),
            kept: get(&self.kept),
            dropped: get(&self.dropped),
            removed: get(&self.removed),
            masked: get(&self.masked),
            unlisted: get(&self.unlisted),
            would_refuse: get(&self.would_refuse),
        }
    }
}

impl Totals {
    pub(crate) fn read(&self, routes: Vec<RouteCounts>) -> Counters {
        Counters {
            requests: get(&self.requests),
            refused: get(&self.refused),
            backend_faults: get(&self.backend_faults),
            policy_faults: get(&self.policy_faults),
            own_faults: get(&self.own_faults),
            broken_off: get(&self.broken_off),
            routes,
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, number: u64) {
    if number > 0 {
        counter.fetch_add(number, Ordering::Relaxed);
    }
}

pub(crate) fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
