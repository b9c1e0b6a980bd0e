//! What the data plane counts. Labels are the routes of the active policy's manifest and nothing that a caller
//! chooses (H42).

pub(crate) mod histogram;
pub(crate) mod refusals;
pub(crate) mod route;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::counters::histogram::Histogram;
use crate::counters::refusals::Refusals;
use crate::counters::route::{RouteCounters, Routes};
use crate::stage::{STAGES, Stage};

pub use histogram::Durations;
pub use refusals::RefusalCount;
pub use route::{Messages, RouteCounts};

/// Counts since the gateway was made. Those of a route go on when a policy is activated that has it too.
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

/// What stands for the route of requests that have none. A policy that calls a route so shares it.
const UNROUTED: &str = "none";

/// The process-wide ones.
pub(crate) struct Totals {
    pub(crate) requests: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) backend_faults: AtomicU64,
    pub(crate) policy_faults: AtomicU64,
    pub(crate) own_faults: AtomicU64,
    pub(crate) broken_off: AtomicU64,
    /// The gateway was told to stop.
    pub(crate) draining: AtomicBool,
    /// Exchanges under way.
    pub(crate) under_way: AtomicU64,
    /// Connections that are open.
    pub(crate) connections: AtomicU64,
    /// Connections that were ever accepted.
    pub(crate) accepted: AtomicU64,
    /// Connections that were closed at once, since their address has enough.
    pub(crate) connections_refused: AtomicU64,
    pub(crate) audit: AuditCounters,
    pub(crate) refusals: Refusals,
    pub(crate) routes: Routes,
    /// Requests that matched no route.
    pub(crate) unrouted: Arc<RouteCounters>,
    stages: [Histogram; STAGES.len()],
}

/// What special rights revealed.
#[derive(Default)]
pub(crate) struct AuditCounters {
    pub(crate) records: AtomicU64,
    pub(crate) fields: AtomicU64,
    /// Requests refused since the entry could not be written.
    pub(crate) refused: AtomicU64,
}

impl Default for Totals {
    fn default() -> Totals {
        let routes = Routes::default();
        Totals {
            requests: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            backend_faults: AtomicU64::new(0),
            policy_faults: AtomicU64::new(0),
            own_faults: AtomicU64::new(0),
            broken_off: AtomicU64::new(0),
            draining: AtomicBool::new(false),
            under_way: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            connections_refused: AtomicU64::new(0),
            audit: AuditCounters::default(),
            refusals: Refusals::default(),
            unrouted: routes.named(UNROUTED),
            routes,
            stages: Default::default(),
        }
    }
}

/// Something that is under way, and ends when this is dropped.
pub(crate) struct Open<'a>(&'a AtomicU64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Totals {
    /// A connection was accepted. It lasts until what is returned is dropped.
    pub(crate) fn connection(&self) -> Open<'_> {
        add(&self.accepted, 1);
        add(&self.connections, 1);
        Open(&self.connections)
    }

    /// A stage of an exchange took this long.
    pub(crate) fn took(&self, stage: Stage, duration: Duration) {
        self.stages[stage as usize].enter(duration);
    }

    /// How long the stages took.
    pub(crate) fn stages(&self) -> Vec<(Stage, Durations)> {
        STAGES.iter().map(|stage| (*stage, self.stages[*stage as usize].read())).collect()
    }

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
