//! What the calls of a policy use: for whoever writes one, and wants to know what it will cost.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::failure::Call;

/// The functions that are called while a policy is in force.
const CALLS: [Call; 4] = [Call::Authorize, Call::Plan, Call::Judge, Call::Mask];

/// What calls of one function have used, those that failed left out. Answers from a cache are no calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallUsage {
    /// The function.
    pub call: Call,
    /// How many calls.
    pub calls: u64,
    /// How long they took together, by the clock on the wall, from no sandbox to the answer.
    pub time: Duration,
    /// How long the longest took.
    pub longest: Duration,
    /// Bytes of linear memory that a sandbox had at the most.
    pub memory: u64,
}

/// The sums under way.
#[derive(Default)]
pub(crate) struct Usage {
    sums: [Sum; CALLS.len()],
}

#[derive(Default)]
struct Sum {
    calls: AtomicU64,
    nanoseconds: AtomicU64,
    longest: AtomicU64,
    memory: AtomicU64,
}

impl Usage {
    pub(crate) fn enter(&self, call: Call, time: Duration, memory: usize) {
        let Some(place) = CALLS.iter().position(|known| *known == call) else { return };
        let sum = &self.sums[place];
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        sum.calls.fetch_add(1, Ordering::Relaxed);
        sum.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        sum.longest.fetch_max(nanoseconds, Ordering::Relaxed);
        sum.memory.fetch_max(memory as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> [CallUsage; CALLS.len()] {
        std::array::from_fn(|place| {
            let sum = &self.sums[place];
            let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
            CallUsage {
                call: CALLS[place],
                calls: read(&sum.calls),
                time: Duration::from_nanos(read(&sum.nanoseconds)),
                longest: Duration::from_nanos(read(&sum.longest)),
                memory: read(&sum.memory),
            }
        })
    }
}
