//! Whether a client is fast enough while it is waited for (H11).

use std::time::Duration;

use tokio::time::Instant;

use crate::config::LeastRate;

/// What moved while one waited. Time in which nobody waits for the client, since the backend is slow, is not held
/// against it.
pub(crate) struct Tempo {
    least: LeastRate,
    /// Since when it is waited for.
    since: Option<Instant>,
    /// Before that, since the last look.
    waited: Duration,
    moved: u64,
}

impl Tempo {
    pub(crate) fn new(least: LeastRate) -> Tempo {
        Tempo { least, since: None, waited: Duration::ZERO, moved: 0 }
    }

    /// The client is waited for. When it has to be looked at whether it is too slow.
    pub(crate) fn wait(&mut self, now: Instant) -> Instant {
        let since = *self.since.get_or_insert(now);
        since + self.least.every.saturating_sub(self.waited)
    }

    /// So many bytes moved, and the client is waited for no longer.
    pub(crate) fn moved(&mut self, bytes: u64) {
        self.moved = self.moved.saturating_add(bytes);
        if let Some(since) = self.since.take() {
            self.waited += since.elapsed();
        }
    }

    /// Whether it was waited for as long as it is measured, and too little moved. Else it is measured anew.
    pub(crate) fn is_slow(&mut self, now: Instant) -> bool {
        let waited = self.waited + self.since.map_or(Duration::ZERO, |since| now - since);
        if waited < self.least.every {
            return false;
        }
        let is_slow = self.moved < self.least.bytes;
        (self.waited, self.moved) = (Duration::ZERO, 0);
        self.since = self.since.map(|_| now);
        is_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn tempo() -> Tempo {
        Tempo::new(LeastRate { bytes: 10, every: 5 * SECOND })
    }

    /// What comes a second, for so many seconds: when that was too slow.
    fn slow_after(mut tempo: Tempo, bytes: u64, seconds: u32) -> Option<u32> {
        let mut now = Instant::now();
        for second in 1..=seconds {
            tempo.wait(now);
            now += SECOND;
            tempo.waited += SECOND;
            tempo.since = None;
            tempo.moved(bytes);
            if tempo.is_slow(now) {
                return Some(second);
            }
        }
        None
    }

    #[test]
    fn h11_who_trickles_is_slow_and_who_keeps_the_rate_is_not() {
        assert_eq!(slow_after(tempo(), 1, 100), Some(5));
        assert_eq!(slow_after(tempo(), 0, 100), Some(5));
        assert_eq!(slow_after(tempo(), 2, 100), None);
        assert_eq!(slow_after(tempo(), 1000, 100), None);
    }

    #[test]
    fn h11_a_burst_does_not_last_for_ever() {
        let mut tempo = tempo();
        tempo.moved(1_000_000);
        assert_eq!(slow_after(tempo, 1, 100), Some(10));
    }

    #[test]
    fn only_waiting_counts() {
        let (mut tempo, begin) = (tempo(), Instant::now());
        // The backend did not take anything for an hour.
        assert!(!tempo.is_slow(begin + 3600 * SECOND));
        let due = tempo.wait(begin + 3600 * SECOND);
        assert_eq!(due, begin + 3605 * SECOND);
        assert!(!tempo.is_slow(due - SECOND));
        assert!(tempo.is_slow(due));
        // Looked at, it is measured anew.
        assert_eq!(tempo.wait(due + SECOND), due + 5 * SECOND);
    }
}
