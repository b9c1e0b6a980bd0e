//! How often somebody may ask: a bucket for each who asks, in memory that is bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

use crate::config::Rate;

/// Parts of the memory, so that those who ask do not wait for each other.
const SHARDS: usize = 16;
/// Buckets in each of them.
const BUCKETS: usize = 4096;

/// A rate for each who asks.
pub(super) struct RateLimit<C: Clock = MonotonicClock> {
    limiter: RateLimiter<u64, Buckets, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    /// With a key of its own, so that nobody can choose a name that has somebody else's bucket.
    hasher: RandomState,
}

impl RateLimit {
    pub(super) fn new(rate: &Rate) -> RateLimit {
        RateLimit::with(rate, MonotonicClock)
    }
}

impl<C: Clock + Clone> RateLimit<C> {
    fn with(rate: &Rate, clock: C) -> RateLimit<C> {
        let each = (rate.every / rate.requests.get()).max(Duration::from_nanos(1));
        let quota = Quota::with_period(each).map(|quota| quota.allow_burst(rate.burst));
        // A period of zero is the one thing that has no quota.
        let quota = quota.unwrap_or(Quota::per_second(rate.burst));
        let buckets = Buckets { shards: std::array::from_fn(|_| Mutex::default()), each: each.into() };
        RateLimit {
            limiter: RateLimiter::new(quota, buckets, clock.clone()),
            clock,
            hasher: RandomState::new(),
        }
    }

    /// Takes one from the bucket. The error: how long it takes until there is one again.
    pub(super) fn check(&self, who: &(impl Hash + ?Sized)) -> Result<(), Duration> {
        let key = self.hasher.hash_one(who);
        self.limiter.check_key(&key).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}

/// When each bucket is full again. One that is full already need not be remembered.
struct Buckets {
    shards: [Mutex<HashMap<u64, Nanos>>; SHARDS],
    /// Between two requests.
    each: Nanos,
}

impl StateStore for Buckets {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
        let shard = &self.shards[*key as usize % SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = shard.get(key).copied();
        let (outcome, full) = measure(known)?;
        if known.is_none() && shard.len() >= BUCKETS {
            // A new bucket lacks one request: it was full a moment ago, which is now.
            make_room(&mut shard, full.as_u64().saturating_sub(self.each.as_u64()));
        }
        shard.insert(*key, full);
        Ok(outcome)
    }
}

/// Forgets the buckets that are full, and if these are too few, those that are full soonest: who is refused just now is
/// not forgotten by others' asking.
fn make_room(shard: &mut HashMap<u64, Nanos>, now: u64) {
    shard.retain(|_, full| full.as_u64() > now);
    if shard.len() > BUCKETS / 4 * 3 {
        let mut times = shard.values().map(|full| full.as_u64()).collect::<Vec<_>>();
        let (_, middle, _) = times.select_nth_unstable(shard.len() / 4);
        let middle = *middle;
        let mut spare = shard.len() / 4 + 1;
        shard.retain(|_, full| {
            let goes = spare > 0 && full.as_u64() <= middle;
            spare -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn limit(requests: u32, burst: u32) -> (RateLimit<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let number = |number| NonZeroU32::new(number).expect("above zero");
        let rate = Rate { requests: number(requests), every: Duration::from_secs(1), burst: number(burst) };
        (RateLimit::with(&rate, clock.clone()), clock)
    }

    fn remembered(limit: RateLimit<FakeRelativeClock>) -> usize {
        let buckets = limit.limiter.into_state_store();
        buckets.shards.iter().map(|shard| shard.lock().expect("nobody panicked").len()).sum()
    }

    #[test]
    fn each_has_a_bucket_of_their_own() {
        let (limit, clock) = limit(10, 5);
        for who in ["anna", "zoe"] {
            assert!((0..5).all(|_| limit.check(who).is_ok()), "{who}");
            assert_eq!(limit.check(who), Err(Duration::from_millis(100)), "{who}");
        }
        clock.advance(Duration::from_millis(100));
        assert!(limit.check("anna").is_ok());
        assert!(limit.check("anna").is_err());
        clock.advance(Duration::from_secs(60));
        assert!((0..5).all(|_| limit.check("anna").is_ok()), "no more than a burst is saved");
        assert!(limit.check("anna").is_err());
    }

    #[test]
    fn buckets_that_are_full_are_forgotten() {
        let (limit, clock) = limit(10, 5);
        for who in 0..50 * BUCKETS {
            assert!(limit.check(&who).is_ok());
            clock.advance(Duration::from_millis(1));
        }
        let number = remembered(limit);
        assert!(number <= SHARDS * BUCKETS, "{number}");
    }

    #[test]
    fn who_is_refused_stays_refused_though_many_others_ask() {
        let (limit, _) = limit(1, 10);
        assert!((0..10).all(|_| limit.check("anna").is_ok()));
        // All at once: none of their buckets is full again.
        for who in 0..10 * SHARDS * BUCKETS {
            assert!(limit.check(&who).is_ok());
        }
        assert!(limit.check("anna").is_err());
        assert!(remembered(limit) <= SHARDS * BUCKETS);
    }
}
