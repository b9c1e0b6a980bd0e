//! Whether a connection is still of use to anybody (H11).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often a connection that ends is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What a connection has under way. hyper closes silent HTTP/2 connections only if they do not answer pings, so that a
/// client without a credential could keep a place for ever.
pub(crate) struct Activity(Mutex<State>);

struct State {
    under_way: usize,
    /// Exchanges that ever began.
    begun: u64,
    /// When something began, moved or ended.
    last: Instant,
}

/// An exchange under way, from its head to the last byte of its answer.
pub(crate) struct UnderWay(Arc<Activity>);

/// Why a connection is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Useless {
    /// Nothing is under way.
    Idle,
    /// Nothing of what is under way moves.
    Stuck,
}

impl Activity {
    /// A connection that has just been made.
    pub(crate) fn new() -> Arc<Activity> {
        Arc::new(Activity(Mutex::new(State { under_way: 0, begun: 0, last: Instant::now() })))
    }

    /// An exchange begins. It lasts until what is returned is dropped.
    pub(crate) fn begin(self: &Arc<Activity>) -> UnderWay {
        self.change(|state| {
            state.under_way += 1;
            state.begun += 1;
            state.last = Instant::now();
        });
        UnderWay(Arc::clone(self))
    }

    /// Waits until nothing has been under way for `idle`, or nothing has moved for `stuck`. It looks only now and then,
    /// so that an exchange costs no timer: it may take twice as long.
    pub(crate) async fn useless(&self, idle: Duration, stuck: Duration) -> Useless {
        loop {
            let (under_way, last) = self.change(|state| (state.under_way, state.last));
            let (patience, useless) =
                if under_way == 0 { (idle, Useless::Idle) } else { (stuck, Useless::Stuck) };
            let now = Instant::now();
            let due = last + patience;
            if now >= due {
                return useless;
            }
            tokio::time::sleep_until(due.min(now + idle)).await;
        }
    }

    /// Waits until something is under way, or something was meanwhile, but not for longer than this.
    pub(crate) async fn used(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let begun = self.change(|state| state.begun);
        while Instant::now() < end && self.change(|state| state.under_way == 0 && state.begun == begun) {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl UnderWay {
    /// Something of the answer went out.
    pub(crate) fn moved(&self) {
        self.0.change(|state| state.last = Instant::now());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.change(|state| {
            state.under_way -= 1;
            state.last = Instant::now();
        });
    }
}
