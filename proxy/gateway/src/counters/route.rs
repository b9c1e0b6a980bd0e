//! What is counted of one route.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordon_rewrite::Report;
use http::StatusCode;

use crate::counters::histogram::{Durations, Histogram};
use crate::counters::{add, get};

/// Routes that are told apart over all policies that were in force. Those beyond are counted together.
const ROUTES: usize = 1000;
/// The name of everything beyond.
const REST: &str = "…";

/// Counts of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCounts {
    /// The route's name.
    pub route: String,
    /// Requests that matched.
    pub requests: u64,
    /// Answers by their status's first digit, from 1 to 5.
    pub statuses: [u64; 5],
    /// Bytes of request bodies.
    pub received: u64,
    /// Bytes of answers' bodies.
    pub sent: u64,
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
    /// From a request's head to the last byte of its answer.
    pub durations: Durations,
    /// Messages over WebSockets.
    pub messages: Messages,
}

/// Counts of messages over WebSockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// Messages of clients that went on.
    pub said: u64,
    /// Messages of the backend that went on.
    pub told: u64,
    /// Those of them of which something was taken away.
    pub edited: u64,
    /// Messages of the backend of which nothing went on.
    pub dropped: u64,
}

/// Those of a route, as they come in.
#[derive(Default)]
pub(crate) struct RouteCounters {
    requests: AtomicU64,
    statuses: [AtomicU64; 5],
    received: AtomicU64,
    sent: AtomicU64,
    kept: AtomicU64,
    dropped: AtomicU64,
    removed: AtomicU64,
    masked: AtomicU64,
    unlisted: AtomicU64,
    would_refuse: AtomicU64,
    durations: Histogram,
    said: AtomicU64,
    told: AtomicU64,
    edited_messages: AtomicU64,
    dropped_messages: AtomicU64,
}

/// The counters of all routes by their names. A policy that comes into force goes on with those of the policies
/// before it, so that no count ever goes back.
#[derive(Default)]
pub(crate) struct Routes(Mutex<BTreeMap<Box<str>, Arc<RouteCounters>>>);

/// The sums of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) kept: u64,
    pub(crate) dropped: u64,
    pub(crate) removed: u64,
    pub(crate) masked: u64,
    pub(crate) unlisted: u64,
}

impl Routes {
    /// The counters of the route of this name.
    pub(crate) fn named(&self, name: &str) -> Arc<RouteCounters> {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.get(name) {
            return Arc::clone(known);
        }
        if routes.len() >= ROUTES {
            return Arc::clone(routes.entry(REST.into()).or_default());
        }
        Arc::clone(routes.entry(name.into()).or_default())
    }

    /// What was counted of all routes, in the order of their names.
    pub(crate) fn read(&self) -> Vec<RouteCounts> {
        let routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        routes.iter().map(|(name, counters)| counters.read(name)).collect()
    }
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

    pub(crate) fn add(&mut self, other: &Tally) {
        self.kept += other.kept;
        self.dropped += other.dropped;
        self.removed += other.removed;
        self.masked += other.masked;
        self.unlisted += other.unlisted;
    }

    /// What has come since an earlier time. A body that breaks off may be told of anew, with less.
    pub(crate) fn since(&self, earlier: &Tally) -> Tally {
        Tally {
            kept: self.kept.saturating_sub(earlier.kept),
            dropped: self.dropped.saturating_sub(earlier.dropped),
            removed: self.removed.saturating_sub(earlier.removed),
            masked: self.masked.saturating_sub(earlier.masked),
            unlisted: self.unlisted.saturating_sub(earlier.unlisted),
        }
    }

    /// Whether something was taken away.
    pub(crate) fn is_change(&self) -> bool {
        self.dropped + self.removed + self.masked + self.unlisted > 0
    }
}

impl Messages {
    /// What has come since an earlier time.
    pub(crate) fn since(&self, earlier: &Messages) -> Messages {
        Messages {
            said: self.said - earlier.said,
            told: self.told - earlier.told,
            edited: self.edited - earlier.edited,
            dropped: self.dropped - earlier.dropped,
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

    pub(crate) fn messages(&self, messages: &Messages) {
        add(&self.said, messages.said);
        add(&self.told, messages.told);
        add(&self.edited_messages, messages.edited);
        add(&self.dropped_messages, messages.dropped);
    }

    pub(crate) fn bytes(&self, received: u64, sent: u64) {
        add(&self.received, received);
        add(&self.sent, sent);
    }

    pub(crate) fn ended(&self, status: StatusCode, duration: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, self.statuses.len());
        add(&self.statuses[class - 1], 1);
        self.durations.enter(duration);
    }

    pub(crate) fn read(&self, route: &str) -> RouteCounts {
        RouteCounts {
            route: route.to_owned(),
            requests: get(&self.requests),
            statuses: self.statuses.each_ref().map(get),
            received: get(&self.received),
            sent: get(&self.sent),
            kept: get(&self.kept),
            dropped: get(&self.dropped),
            removed: get(&self.removed),
            masked: get(&self.masked),
            unlisted: get(&self.unlisted),
            would_refuse: get(&self.would_refuse),
            durations: self.durations.read(),
            messages: Messages {
                said: get(&self.said),
                told: get(&self.told),
                edited: get(&self.edited_messages),
                dropped: get(&self.dropped_messages),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h42_names_of_routes_are_bounded() {
        let routes = Routes::default();
        for number in 0..3 * ROUTES {
            routes.named(&format!("route-{number}")).request();
        }
        let read = routes.read();
        assert_eq!(read.len(), ROUTES + 1);
        let rest = read.iter().find(|counts| counts.route == REST).expect("there are more");
        assert_eq!(rest.requests, 2 * ROUTES as u64);
    }

    #[test]
    fn a_policy_after_another_goes_on_counting() {
        let routes = Routes::default();
        routes.named("calls").request();
        routes.named("calls").request();
        assert_eq!(routes.read()[0].requests, 2);
    }
}
