//! Whether a host is asked: what its answers say of it, and what it says of itself. No clock and no network here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::HostChecks;
use crate::upstream::states::HostStatus;

/// What is known of a host's health.
#[derive(Default)]
pub(super) struct Health {
    record: Mutex<Record>,
    /// Nothing is held against the host: most of the time this is all that is looked at.
    spotless: AtomicSpotless,
}

/// True at first.
struct AtomicSpotless(AtomicBool);

impl Default for AtomicSpotless {
    fn default() -> AtomicSpotless {
        AtomicSpotless(AtomicBool::new(true))
    }
}

#[derive(Default)]
struct Record {
    /// Failures on end.
    failures: u32,
    /// Ejections on end: each is twice as long as the one before.
    ejections: u32,
    /// When the last ejection began, and how long it lasts.
    ejected: Option<(Instant, Duration)>,
    /// It has not done well since.
    is_on_trial: bool,
    /// Active checks on end that contradict what is believed.
    contradictions: u32,
    unhealthy: bool,
}

impl Health {
    /// Whether the host is asked.
    pub(super) fn is_available(&self, now: Instant) -> bool {
        self.spotless.0.load(Ordering::Relaxed) || self.lock().status(now) == HostStatus::Up
    }

    pub(super) fn status(&self, now: Instant) -> HostStatus {
        self.lock().status(now)
    }

    /// It answered as a host should.
    pub(super) fn success(&self, now: Instant) {
        if self.spotless.0.load(Ordering::Relaxed) {
            return;
        }
        let mut record = self.lock();
        if record.status(now) == HostStatus::Ejected {
            // It was asked before it was ejected.
            return;
        }
        record.failures = 0;
        record.is_on_trial = false;
        // Well for as long as it was left out: the next time begins with the shortest ejection again.
        if record.ejected.is_some_and(|(since, length)| now >= since + length * 2) {
            record.ejected = None;
            record.ejections = 0;
        }
        self.settle(&record);
    }

    /// It failed. True: that ejects it.
    pub(super) fn failure(&self, checks: &HostChecks, now: Instant) -> bool {
        let mut record = self.lock();
        self.spotless.0.store(false, Ordering::Relaxed);
        if record.status(now) == HostStatus::Ejected {
            // It was asked all the same, since too few are left; or before it was ejected.
            return false;
        }
        record.failures = record.failures.saturating_add(1);
        if !record.is_on_trial && record.failures < checks.eject_after {
            return false;
        }
        let doubled = 1_u32.checked_shl(record.ejections.min(16)).unwrap_or(u32::MAX);
        let length = checks.eject_time.saturating_mul(doubled).min(checks.eject_longest);
        record.ejected = Some((now, length));
        record.ejections = record.ejections.saturating_add(1);
        record.failures = 0;
        record.is_on_trial = true;
        true
    }

    /// An active check said so. True: what is believed changes.
    pub(super) fn checked(&self, is_well: bool, unhealthy_after: u32, healthy_after: u32) -> bool {
        let mut record = self.lock();
        if is_well != record.unhealthy {
            record.contradictions = 0;
            return false;
        }
        record.contradictions += 1;
        let needed = if record.unhealthy { healthy_after } else { unhealthy_after };
        if record.contradictions < needed {
            return false;
        }
        record.contradictions = 0;
        record.unhealthy = !is_well;
        self.settle(&record);
        true
    }

    fn settle(&self, record: &Record) {
        let spotless = record.failures == 0 && record.ejected.is_none() && !record.unhealthy;
        self.spotless.0.store(spotless, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn status(&self, now: Instant) -> HostStatus {
        if self.unhealthy {
            HostStatus::Unhealthy
        } else if self.ejected.is_some_and(|(since, length)| now < since + length) {
            HostStatus::Ejected
        } else {
            HostStatus::Up
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> HostChecks {
        HostChecks {
            eject_after: 3,
            eject_time: Duration::from_secs(10),
            eject_longest: Duration::from_secs(35),
            ..HostChecks::default()
        }
    }

    #[test]
    fn failures_on_end_eject_for_a_growing_time() {
        let (health, checks) = (Health::default(), checks());
        let mut now = Instant::now();
        for _ in 0..5 {
            assert!(!health.failure(&checks, now));
            assert!(!health.failure(&checks, now));
            health.success(now);
        }
        assert!(!health.failure(&checks, now));
        assert!(!health.failure(&checks, now));
        assert!(health.is_available(now));
        assert!(health.failure(&checks, now));
        for length in [10, 20, 35, 35] {
            assert_eq!(health.status(now), HostStatus::Ejected);
            assert!(!health.failure(&checks, now), "it is ejected already");
            now += Duration::from_secs(length) - Duration::from_millis(1);
            assert!(!health.is_available(now));
            now += Duration::from_millis(1);
            assert!(health.is_available(now), "after {length} s");
            assert!(health.failure(&checks, now), "back, and failing at once");
        }
    }

    #[test]
    fn who_is_well_for_long_enough_is_trusted_again() {
        let (health, checks) = (Health::default(), checks());
        let now = Instant::now();
        (0..3).for_each(|_| _ = health.failure(&checks, now));
        let back = now + Duration::from_secs(10);
        health.success(back);
        assert!(!health.failure(&checks, back), "one success ends the trial");
        health.success(back);
        health.success(back + Duration::from_secs(10));
        let later = back + Duration::from_secs(20);
        assert!(!health.failure(&checks, later) && !health.failure(&checks, later));
        assert!(health.failure(&checks, later));
        assert!(health.is_available(later + Duration::from_secs(10)), "the shortest again");
    }

    #[test]
    fn checks_on_end_change_what_is_believed() {
        let health = Health::default();
        let now = Instant::now();
        for well in [false, false, true, false, false] {
            assert!(!health.checked(well, 3, 2));
        }
        assert!(health.is_available(now));
        assert!(health.checked(false, 3, 2));
        assert_eq!(health.status(now), HostStatus::Unhealthy);
        health.success(now);
        assert_eq!(health.status(now), HostStatus::Unhealthy, "the check decides");
        assert!(!health.checked(true, 3, 2) && !health.checked(false, 3, 2) && !health.checked(true, 3, 2));
        assert!(health.checked(true, 3, 2));
        assert!(health.is_available(now));
    }
}
