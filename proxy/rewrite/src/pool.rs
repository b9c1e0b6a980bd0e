//! What one body has made and another can use.

use std::sync::{Mutex, PoisonError};

/// A bounded store of things that are costly to make.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    spare: Mutex<Vec<T>>,
    limit: usize,
}

impl<T> Pool<T> {
    /// A pool that keeps so many things at the most.
    pub(crate) const fn new(limit: usize) -> Pool<T> {
        Pool { spare: Mutex::new(Vec::new()), limit }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self) -> Option<T> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Gives one back.
    pub(crate) fn give(&self, thing: T) {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < self.limit {
            spare.push(thing);
        }
    }
}
