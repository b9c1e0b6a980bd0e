//! Profiles that plans have in common: the routes to a kind of record have the same ones for a scope, and where there are
//! many fields they are large.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use sha2::{Digest, Sha256};

use crate::plan::automaton::Automaton;

/// All that a profile is compiled from, as a digest: nobody finds two that have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin([u8; 32]);

/// The profiles of all plans in use.
static PROFILES: LazyLock<Mutex<Profiles>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Profiles {
    known: HashMap<Origin, Weak<Automaton>>,
    /// How many may be known until those are forgotten that no plan has any more.
    room: usize,
}

/// Profiles of which no plan may be left before that is looked at.
const SPARE: usize = 64;

impl Origin {
    pub(crate) fn of(parts: &impl Hash) -> Origin {
        let mut digesting = Digesting(Sha256::new());
        parts.hash(&mut digesting);
        Origin(digesting.0.finalize().into())
    }

    /// The profile of this origin that a plan has, or else a new one.
    pub(crate) fn profile(self, compile: impl FnOnce() -> Option<Automaton>) -> Option<Arc<Automaton>> {
        let profiles = || PROFILES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = profiles().known.get(&self).and_then(Weak::upgrade) {
            return Some(known);
        }
        // Others do not wait for it. Who compiles the same at the same time has one of their own.
        let compiled = Arc::new(compile()?);
        profiles().add(self, Arc::downgrade(&compiled));
        Some(compiled)
    }
}

impl Profiles {
    fn add(&mut self, origin: Origin, profile: Weak<Automaton>) {
        if self.known.len() >= self.room {
            self.known.retain(|_, profile| profile.strong_count() > 0);
            self.room = 2 * self.known.len() + SPARE;
        }
        self.known.insert(origin, profile);
    }
}

/// Takes what is hashed into a digest. What the types of plans hash is different wherever they are: texts end with a byte
/// that no text has, lists begin with their length.
struct Digesting(Sha256);

impl Hasher for Digesting {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of no meaning: the digest is asked for instead.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_plan_has_is_forgotten() {
        let mut profiles = Profiles::default();
        let kept = Arc::new(Automaton::default());
        for number in 0..10_000 {
            profiles.add(Origin::of(&number), Arc::downgrade(&Arc::new(Automaton::default())));
        }
        profiles.add(Origin::of(&"kept"), Arc::downgrade(&kept));
        for number in 0..10_000 {
            profiles.add(Origin::of(&(number, 1)), Weak::new());
        }
        assert!(profiles.known.len() <= 2 * SPARE + 2, "{}", profiles.known.len());
        assert!(profiles.known[&Origin::of(&"kept")].upgrade().is_some());
    }
}
