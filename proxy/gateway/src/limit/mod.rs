//! How much is taken on: what is refused at once, so that what is admitted keeps its pace.
//!
//! What a refused caller is told depends on how much is going on and on how much they ask, and on nothing else of their
//! request: nobody learns from it what is there (H36).

pub(crate) mod patience;
mod rate;
mod tempo;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cordon_directory::UserId;

use crate::config::Limits;
use crate::limit::rate::RateLimit;
use crate::rescue::Cause;
use crate::serve::places::origin;
use crate::stack::Origin;

/// Lets requests in, or not.
pub(crate) struct Gate {
    under_way: Arc<AtomicUsize>,
    most: usize,
    per_address: Option<RateLimit>,
    per_caller: Option<RateLimit>,
}

/// A request that was let in. It is under way until this is dropped.
pub(crate) struct Admitted(Arc<AtomicUsize>);

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Gate {
        Gate {
            under_way: Arc::default(),
            most: limits.requests,
            per_address: limits.per_address.as_ref().map(RateLimit::new),
            per_caller: limits.per_caller.as_ref().map(RateLimit::new),
        }
    }

    /// Lets a request in before anything is known of it but where it comes from.
    pub(crate) fn enter(&self, from: &Origin) -> Result<Admitted, Cause> {
        let taken = self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
            (number < self.most).then_some(number + 1)
        });
        taken.map_err(|_| Cause::Overloaded)?;
        let admitted = Admitted(Arc::clone(&self.under_way));
        if let (Some(limit), Some(address)) = (&self.per_address, from.address) {
            limit.check(&origin(address.ip())).map_err(Cause::TooMany)?;
        }
        Ok(admitted)
    }

    /// Lets a request of this caller go on.
    pub(crate) fn caller(&self, user: &UserId) -> Result<(), Cause> {
        match &self.per_caller {
            Some(limit) => limit.check(&*user.user().login).map_err(Cause::TooMany),
            None => Ok(()),
        }
    }

    /// Requests under way.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
