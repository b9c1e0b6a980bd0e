//! How long things take, as counts by duration.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in microseconds. What takes longer than the last is counted beyond them all.
const BOUNDS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000, 60_000_000,
];

/// Durations as they come in. To enter one is two additions; nothing is locked.
#[derive(Default)]
pub(crate) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// What a histogram holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    /// Upper bounds and how many took at most as long as that and longer than the bound before, not summed up. The
    /// last has no bound.
    pub buckets: Vec<(Option<Duration>, u64)>,
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    pub(crate) fn enter(&self, duration: Duration) {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| microseconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Durations {
        let bounds = BOUNDS.iter().map(|bound| Some(Duration::from_micros(*bound))).chain([None]);
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        Durations {
            buckets: bounds.zip(counts).collect(),
            sum: Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed)),
        }
    }
}

impl Durations {
    /// How many were entered.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_counted_under_the_first_bound_that_it_keeps() {
        let histogram = Histogram::default();
        for microseconds in [0, 100, 101, 60_000_000, 60_000_001] {
            histogram.enter(Duration::from_micros(microseconds));
        }
        let read = histogram.read();
        let counts: Vec<u64> = read.buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!((counts[0], counts[1]), (2, 1));
        assert_eq!((counts[BOUNDS.len() - 1], counts[BOUNDS.len()]), (1, 1));
        assert_eq!((read.count(), read.buckets.last().expect("there are some").0), (5, None));
        assert_eq!(read.sum, Duration::from_micros(120_000_202));
    }
}
