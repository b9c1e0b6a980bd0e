//! What one body has learned and the next of the same plan can use.

use std::sync::{Mutex, PoisonError};

/// A bounded store of things that are costly to make.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    spare: Mutex<Vec<T>>,
}

/// Things that a pool keeps.
const SPARE: usize = 16;

impl<T> Default for Pool<T> {
    fn default() -> Pool<T> {
        Pool { spare: Mutex::new(Vec::new()) }
    }
}

impl<T> Pool<T> {
    /// Takes one, if there is one.
    pub(crate) fn take(&self) -> Option<T> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Gives one back.
    pub(crate) fn give(&self, thing: T) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(thing);
        }
    }
}
