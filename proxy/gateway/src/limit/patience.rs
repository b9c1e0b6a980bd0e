//! How long a client is waited for, whether it sends or takes (H11).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use crate::config::LeastRate;
use crate::limit::tempo::Tempo;

/// Waits for a client, which must move something in time, and not too little.
pub(crate) struct Patience {
    /// For the next piece.
    idle: Duration,
    /// For all of them, if that is limited here.
    end: Option<Instant>,
    /// When the next piece must have moved; none while nobody waits.
    due: Option<Instant>,
    tempo: Tempo,
    /// Made when there is something to wait for.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a client is waited for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Nothing moved in time.
    Late,
    /// Too little did.
    Slow,
}

impl Patience {
    pub(crate) fn new(idle: Duration, end: Option<Instant>, least: LeastRate) -> Patience {
        Patience { idle, end, due: None, tempo: Tempo::new(least), timer: None }
    }

    /// Waits until it is over, and says why.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Over> {
        let now = Instant::now();
        let next = now + self.idle;
        let due = *self.due.get_or_insert(self.end.map_or(next, |end| next.min(end)));
        let mut look = self.tempo.wait(now).min(due);
        loop {
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(look)));
            if timer.deadline() != look {
                timer.as_mut().reset(look);
            }
            ready!(timer.as_mut().poll(context));
            let now = Instant::now();
            if now >= due {
                return Poll::Ready(Over::Late);
            }
            if self.tempo.is_slow(now) {
                return Poll::Ready(Over::Slow);
            }
            look = self.tempo.wait(now).min(due);
        }
    }

    /// Something moved. False: too little, in the time that it took.
    pub(crate) fn moved(&mut self, bytes: u64) -> bool {
        self.tempo.moved(bytes);
        // Without a wait before it, it cannot have taken time.
        self.due.take().is_none() || !self.tempo.is_slow(Instant::now())
    }

    /// There is nothing to wait for, though nothing moved.
    pub(crate) fn rest(&mut self) {
        self.due = None;
    }
}
