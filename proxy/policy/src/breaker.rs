//! What keeps a policy that fails again and again from being tried again and again.
//!
//! A call that fails may have cost a whole time limit. After some failures in a row it is not made any more: the
//! exchange is refused at once, without a sandbox. After a pause one call is let through to see; if it fails too, the
//! pause doubles.
//!
//! Who pays is whoever fails. Failures are counted by route, function and circle of callers, that is by everything of
//! a scope but the project chosen, which callers choose themselves. So a request by which a caller makes the policy
//! fail closes that function of that route to those who share the circle, and to nobody else. Only where the callers
//! of several circles fail, and nobody's call succeeds in between, is it closed to all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::failure::{Call, Failure};
use crate::scope::CircleId;

/// The most places with failures that are remembered. Beyond it, those at which calls are still made are forgotten.
const PLACES: usize = 10_000;

/// When calls of a failing policy are made no more.
#[derive(Clone, Copy, Debug)]
pub struct BreakerOptions {
    /// Failures in a row after which a function of a route is closed to a circle of callers. 0: never.
    pub failures: u32,
    /// Circles of callers that fail, none succeeding in between, after which it is closed to everybody. 0: never.
    pub circles: usize,
    /// How long it stays closed at first. It doubles with every trial that fails.
    pub pause: Duration,
    /// How long at the most.
    pub longest_pause: Duration,
}

/// Counts failures by place, and says which calls are made.
pub(crate) struct Breaker {
    options: BreakerOptions,
    /// How many places and routes have failed since they last succeeded. 0 as a rule: then nothing is locked.
    troubled: AtomicUsize,
    opened: AtomicU64,
    troubles: Mutex<Troubles>,
}

/// Where a call is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) function: Function,
    pub(crate) circle: CircleId,
}

/// What is called: a function for a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Function {
    pub(crate) route: usize,
    pub(crate) call: Call,
}

/// What has happened at a breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerCounters {
    /// Functions of routes that are closed to a circle of callers now, or to everybody.
    pub closed: u64,
    /// How often one was closed.
    pub closings: u64,
}

#[derive(Default)]
struct Troubles {
    places: HashMap<Place, Trouble>,
    functions: HashMap<Function, Spread>,
}

/// Failures since the last success.
#[derive(Default)]
struct Trouble {
    failures: u32,
    closed: Option<Closed>,
}

/// Circles that failed since the last success of anybody.
#[derive(Default)]
struct Spread {
    circles: Vec<CircleId>,
    closed: Option<Closed>,
}

#[derive(Clone, Copy)]
struct Closed {
    until: Instant,
    pause: Duration,
}

impl Default for BreakerOptions {
    fn default() -> BreakerOptions {
        BreakerOptions {
            failures: 5,
            circles: 5,
            pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

impl Breaker {
    pub(crate) fn new(options: BreakerOptions) -> Breaker {
        Breaker {
            options,
            troubled: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            troubles: Mutex::default(),
        }
    }

    /// Makes a call, unless it has failed too often. `now` is asked for only where there was a failure.
    pub(crate) fn guard<R>(
        &self,
        place: Place,
        now: impl Fn() -> Instant,
        call: impl FnOnce() -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        if self.troubled.load(Ordering::Acquire) > 0 && !self.admits(place, now()) {
            return Err(Failure::Broken { call: place.function.call });
        }
        let result = call();
        match &result {
            Err(failure) if failure.is_fault() => self.failed(place, now()),
            // Whether the policy is at fault was not found out.
            Err(Failure::Busy { .. }) => {}
            _ if self.troubled.load(Ordering::Acquire) > 0 => self.succeeded(place),
            _ => {}
        }
        result
    }

    pub(crate) fn counters(&self) -> BreakerCounters {
        let troubles = self.lock();
        let places = troubles.places.values().filter(|trouble| trouble.closed.is_some()).count();
        let functions = troubles.functions.values().filter(|spread| spread.closed.is_some()).count();
        BreakerCounters { closed: (places + functions) as u64, closings: self.opened.load(Ordering::Relaxed) }
    }

    /// Whether a call is made. Of those that come after a pause it is one, until it is known how that went, or for
    /// another pause.
    fn admits(&self, place: Place, now: Instant) -> bool {
        let mut troubles = self.lock();
        let troubles = &mut *troubles;
        let here = troubles.places.get_mut(&place).and_then(|trouble| trouble.closed.as_mut());
        let spread = troubles.functions.get_mut(&place.function).and_then(|spread| spread.closed.as_mut());
        let mut closed: Vec<&mut Closed> = here.into_iter().chain(spread).collect();
        if closed.iter().any(|closed| now < closed.until) {
            return false;
        }
        closed.iter_mut().for_each(|closed| closed.until = now + closed.pause);
        true
    }

    fn failed(&self, place: Place, now: Instant) {
        let mut troubles = self.lock();
        let options = &self.options;
        let mut closings = 0;
        if options.failures > 0 {
            troubles.make_room();
            let trouble = troubles.places.entry(place).or_default();
            trouble.failures = trouble.failures.saturating_add(1);
            if trouble.failures >= options.failures {
                closings += u64::from(trouble.closed.is_none());
                trouble.closed = Some(options.close(trouble.closed, now));
            }
        }
        if options.circles > 0 {
            let spread = troubles.functions.entry(place.function).or_default();
            if spread.circles.len() < options.circles && !spread.circles.contains(&place.circle) {
                spread.circles.push(place.circle);
            }
            if spread.circles.len() >= options.circles {
                closings += u64::from(spread.closed.is_none());
                spread.closed = Some(options.close(spread.closed, now));
            }
        }
        self.settle(&troubles);
        drop(troubles);
        if closings > 0 {
            self.opened.fetch_add(closings, Ordering::Relaxed);
            let Function { route, call } = place.function;
            tracing::error!(
                call = call.name(),
                route,
                "a call failed again and again; it is made again after a pause"
            );
        }
    }

    fn succeeded(&self, place: Place) {
        let mut troubles = self.lock();
        let here = troubles.places.remove(&place).and_then(|trouble| trouble.closed);
        let spread = troubles.functions.remove(&place.function).and_then(|spread| spread.closed);
        self.settle(&troubles);
        drop(troubles);
        if here.or(spread).is_some() {
            let Function { route, call } = place.function;
            tracing::info!(call = call.name(), route, "a call that had failed again and again is made again");
        }
    }

    fn settle(&self, troubles: &Troubles) {
        self.troubled.store(troubles.places.len() + troubles.functions.len(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BreakerOptions {
    fn close(&self, before: Option<Closed>, now: Instant) -> Closed {
        let pause =
            before.map_or(self.pause, |closed| closed.pause.saturating_mul(2)).min(self.longest_pause);
        Closed { until: now + pause, pause }
    }
}

impl Troubles {
    fn make_room(&mut self) {
        if self.places.len() >= PLACES {
            self.places.retain(|_, trouble| trouble.closed.is_some());
        }
        if self.places.len() >= PLACES {
            // Thousands of circles fail: whoever is forgotten is tried anew, and what fails for all is closed to all.
            self.places.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: BreakerOptions = BreakerOptions {
        failures: 3,
        circles: 4,
        pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(4),
    };

    fn place(circle: u8) -> Place {
        Place { function: Function { route: 0, call: Call::Plan }, circle: CircleId::from([circle; 32]) }
    }

    /// Whether a call is made, and what it comes to.
    fn call(breaker: &Breaker, place: Place, now: Instant, works: bool) -> bool {
        let mut made = false;
        let answer = breaker.guard(
            place,
            || now,
            || {
                made = true;
                if works { Ok(()) } else { Err(Failure::TimeOut { call: Call::Plan }) }
            },
        );
        assert_eq!(matches!(answer, Err(Failure::Broken { call: Call::Plan })), !made);
        made
    }

    #[test]
    fn what_fails_again_and_again_is_tried_after_a_pause() {
        let breaker = Breaker::new(OPTIONS);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        for _ in 0..3 {
            assert!(call(&breaker, place(1), begin, false));
        }
        assert_eq!(breaker.counters(), BreakerCounters { closed: 1, closings: 1 });
        assert!(!call(&breaker, place(1), begin, true));
        assert!(call(&breaker, place(1), at(1), false), "one trial");
        assert!(!call(&breaker, place(1), at(2), true), "the pause has doubled");
        assert!(call(&breaker, place(1), at(3), false));
        assert!(call(&breaker, place(1), at(7), false), "four seconds");
        assert!(!call(&breaker, place(1), at(10), true));
        assert!(call(&breaker, place(1), at(11), true), "no longer than the longest pause");
        assert_eq!(breaker.counters(), BreakerCounters { closed: 0, closings: 1 });
        for _ in 0..2 {
            assert!(call(&breaker, place(1), at(12), false), "counted from nought again");
        }
        assert!(call(&breaker, place(1), at(12), true));
    }

    #[test]
    fn there_is_one_trial_at_a_time() {
        let breaker = Breaker::new(OPTIONS);
        let begin = Instant::now();
        for _ in 0..3 {
            call(&breaker, place(1), begin, false);
        }
        let later = begin + Duration::from_secs(1);
        let outcome = breaker.guard(
            place(1),
            || later,
            || {
                assert!(!call(&breaker, place(1), later, true), "the trial is under way");
                Err::<(), _>(Failure::Busy { call: Call::Plan })
            },
        );
        assert!(matches!(outcome, Err(Failure::Busy { .. })));
        assert!(!call(&breaker, place(1), later, true), "it told nothing");
        assert!(call(&breaker, place(1), later + Duration::from_secs(1), true));
    }

    #[test]
    fn a_circle_does_not_close_what_works_for_others() {
        let breaker = Breaker::new(OPTIONS);
        let now = Instant::now();
        for _ in 0..100 {
            call(&breaker, place(1), now, false);
        }
        assert!(!call(&breaker, place(1), now, true));
        assert!(call(&breaker, place(2), now, true));
        let judging = Place { function: Function { route: 0, call: Call::Judge }, ..place(1) };
        assert!(call(&breaker, judging, now, true));
        let elsewhere = Place { function: Function { route: 1, call: Call::Plan }, ..place(1) };
        assert!(call(&breaker, elsewhere, now, true));
    }

    #[test]
    fn what_fails_for_several_circles_is_closed_to_all() {
        let breaker = Breaker::new(OPTIONS);
        let now = Instant::now();
        for circle in 1..4 {
            assert!(call(&breaker, place(circle), now, false));
        }
        assert!(call(&breaker, place(9), now, true), "it works for somebody");
        for circle in 1..5 {
            assert!(call(&breaker, place(circle), now, false));
        }
        assert!(!call(&breaker, place(9), now, true));
        assert_eq!(breaker.counters(), BreakerCounters { closed: 1, closings: 1 });
        assert!(call(&breaker, place(9), now + Duration::from_secs(1), true));
        assert!(call(&breaker, place(8), now, true));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let breaker = Breaker::new(BreakerOptions { circles: 0, ..OPTIONS });
        let now = Instant::now();
        for route in 0..3 * PLACES {
            let function = Function { route, call: Call::Plan };
            call(&breaker, Place { function, ..place(1) }, now, false);
        }
        assert!(breaker.lock().places.len() <= PLACES);
    }

    #[test]
    fn it_can_be_switched_off() {
        let breaker = Breaker::new(BreakerOptions { failures: 0, circles: 0, ..OPTIONS });
        let now = Instant::now();
        for circle in 0..100 {
            assert!(call(&breaker, place(circle % 10), now, false));
        }
    }
}
