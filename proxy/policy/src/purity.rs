//! Whether kept answers are still what a fresh sandbox would answer.
//!
//! They are, by what a sandbox can do: it has no clock, no randomness and no state of its own, its numbers are made
//! alike on every machine, and what it read of the directory is looked at again. Should that be wrong, by a mistake of
//! this host, of the compiler, or of a directory that tells one version of two contents, then callers would be shown
//! what they were to be shown once. So some of what is found is asked again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of an answer that is asked again half as often as a small one.
const LARGE: usize = 64 << 10;

/// Says what is asked again, and what came of it.
pub(crate) struct Purity {
    /// One of how many finds is asked again. 0: none.
    every: u64,
    checked: AtomicU64,
    is_lost: AtomicBool,
}

impl Purity {
    pub(crate) fn new(every: u32) -> Purity {
        Purity { every: every.into(), checked: AtomicU64::new(0), is_lost: AtomicBool::new(false) }
    }

    /// Whether the find with this number, which takes so many bytes, is asked again. What is large is so much less often:
    /// asking takes as much longer, and finding it does not.
    pub(crate) fn is_due(&self, find: u64, bytes: usize) -> bool {
        let every = self.every.saturating_mul(1 + (bytes / LARGE) as u64);
        every > 0 && find % every == every - 1
    }

    /// Whether kept answers may be used at all.
    pub(crate) fn trusts(&self) -> bool {
        !self.is_lost.load(Ordering::Relaxed)
    }

    pub(crate) fn matched(&self) {
        self.checked.fetch_add(1, Ordering::Relaxed);
    }

    /// Enters that a fresh sandbox answered otherwise. Nothing is kept from here on. Whether it is the first time.
    pub(crate) fn mismatched(&self) -> bool {
        self.matched();
        !self.is_lost.swap(true, Ordering::Relaxed)
    }

    /// How many finds were asked again, and answered.
    pub(crate) fn checked(&self) -> u64 {
        self.checked.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_so_many_is_asked_again() {
        let due = |every, bytes| (0..12).filter(|find| Purity::new(every).is_due(*find, bytes)).count();
        assert_eq!([0, 1, 2, 5, 13].map(|every| due(every, 100)), [0, 12, 6, 2, 0]);
        assert_eq!([0, 1, 2, 5, 13].map(|every| due(every, LARGE)), [0, 6, 3, 1, 0]);
        assert_eq!([1, 2].map(|every| due(every, 3 * LARGE)), [3, 1]);
    }

    #[test]
    fn one_mismatch_is_enough() {
        let purity = Purity::new(1);
        purity.matched();
        assert!(purity.trusts());
        assert!(purity.mismatched());
        assert!(!purity.mismatched());
        assert!(!purity.trusts());
        assert_eq!(purity.checked(), 3);
    }
}
