//! What a policy's host counts, and how often it says so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::breaker::BreakerCounters;
use crate::failure::Failure;

/// Failures of one kind that are logged in a window of time; the rest is counted only.
const LOGGED: u32 = 5;
const WINDOW: Duration = Duration::from_secs(10);
const KINDS: usize = 9;

/// What has happened under a policy since it was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The cache of decisions on requests.
    pub decisions: CacheCounters,
    /// The cache of plans.
    pub plans: CacheCounters,
    /// The cache of verdicts on records.
    pub verdicts: CacheCounters,
    /// Sandboxes made, one for each call.
    pub sandboxes: u64,
    /// Calls that trapped.
    pub traps: u64,
    /// Calls that exceeded their time.
    pub time_outs: u64,
    /// Calls that exceeded their memory.
    pub out_of_memory: u64,
    /// Answers that the contract does not allow.
    pub bad_answers: u64,
    /// Calls to which the policy itself said that it has no answer.
    pub no_answers: u64,
    /// Answers that ask for what this version cannot do or the operator forbids.
    pub unsupported: u64,
    /// Calls for which no sandbox was free.
    pub busy: u64,
    /// Calls that were not made, since they had failed again and again.
    pub broken: u64,
    /// What the breaker does to the policy.
    pub breaker: BreakerCounters,
    /// Kept answers that were asked again of a fresh sandbox.
    pub checked: u64,
    /// Those of them that a fresh sandbox answered otherwise. Where it is not 0, nothing is kept any more.
    pub impure: u64,
}

/// What has happened in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Look-ups that found an answer.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// Answers that were dropped to make room, or were too large to be kept.
    pub evictions: u64,
    /// Answers held now.
    pub entries: u64,
}

/// Counts failures by kind, and logs them at a bounded rate.
#[derive(Default)]
pub(crate) struct Ledger {
    kinds: [Kind; KINDS],
}

#[derive(Default)]
struct Kind {
    count: AtomicU64,
    window: Mutex<Option<Window>>,
}

struct Window {
    began: Instant,
    seen: u32,
}

impl Ledger {
    /// Enters a failure of a policy on a route.
    pub(crate) fn enter(&self, failure: &Failure, policy: &str, route: &str) {
        let kind = &self.kinds[kind(failure)];
        kind.count.fetch_add(1, Ordering::Relaxed);
        match kind.pass(Instant::now()) {
            Some(0) => tracing::error!(policy, route, %failure, "policy call failed"),
            Some(withheld) => {
                tracing::error!(policy, route, %failure, withheld, "policy call failed; others like it were not logged");
            }
            None => {}
        }
    }

    /// Fills in the counts of failures.
    pub(crate) fn read(&self, counters: &mut Counters) {
        let [traps, time_outs, out_of_memory, bad_answers, no_answers, unsupported, busy, broken, impure] =
            std::array::from_fn(|kind| self.kinds[kind].count.load(Ordering::Relaxed));
        *counters = Counters {
            traps,
            time_outs,
            out_of_memory,
            bad_answers,
            no_answers,
            unsupported,
            busy,
            broken,
            impure,
            ..*counters
        };
    }
}

impl Kind {
    /// Whether one more may be logged now, and how many were withheld before it.
    fn pass(&self, now: Instant) -> Option<u32> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let withheld = match window.as_mut() {
            Some(window) if now.duration_since(window.began) < WINDOW => {
                window.seen = window.seen.saturating_add(1);
                return (window.seen <= LOGGED).then_some(0);
            }
            Some(window) => window.seen.saturating_sub(LOGGED),
            None => 0,
        };
        *window = Some(Window { began: now, seen: 1 });
        Some(withheld)
    }
}

fn kind(failure: &Failure) -> usize {
    match failure {
        Failure::Trap { .. } => 0,
        Failure::TimeOut { .. } => 1,
        Failure::OutOfMemory { .. } => 2,
        Failure::BadAnswer { .. } => 3,
        Failure::NoAnswer { .. } => 4,
        Failure::Unsupported(_) => 5,
        Failure::Busy { .. } => 6,
        Failure::Broken { .. } => 7,
        Failure::Impure { .. } => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_some_of_a_flood_and_tells_of_the_rest() {
        let kind = Kind::default();
        let began = Instant::now();
        let logged = (0..100).filter(|_| kind.pass(began).is_some()).count();
        assert_eq!(logged, LOGGED as usize);
        assert_eq!(kind.pass(began + WINDOW), Some(100 - LOGGED));
        assert_eq!(kind.pass(began + WINDOW), Some(0));
    }
}
