//! Connections to a host on which nothing is under way.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::upstream::connect::Connection;

/// Those of each thread. Of each the last one in is the first one out, so that what is not needed grows old.
#[derive(Default)]
pub(super) struct Idle {
    /// By the thread; the oldest is in front.
    queues: Vec<VecDeque<Kept>>,
}

struct Kept {
    connection: Connection,
    since: Instant,
}

impl Idle {
    /// How many there are in all.
    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    /// Keeps a connection for the thread that made it.
    pub(super) fn put(&mut self, connection: Connection, since: Instant) {
        let worker = connection.worker;
        if self.queues.len() <= worker {
            self.queues.resize_with(worker + 1, VecDeque::new);
        }
        self.queues[worker].push_back(Kept { connection, since });
    }

    /// The youngest of this thread that is still there, as far as is known.
    pub(super) fn take(&mut self, worker: usize, idle_time: Duration) -> Option<Connection> {
        let queue = self.queues.get_mut(worker)?;
        while let Some(Kept { connection, since }) = queue.pop_back() {
            if since.elapsed() >= idle_time {
                // Those below are older.
                queue.clear();
                return None;
            }
            if connection.sender.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    /// One of whatever thread.
    pub(super) fn take_any(&mut self, idle_time: Duration) -> Option<Connection> {
        (0..self.queues.len()).find_map(|worker| self.take(worker, idle_time))
    }

    /// Closes what is too old, and the oldest until there are less than `most`. False: there may be none at all.
    pub(super) fn make_room(&mut self, most: usize, now: Instant, idle_time: Duration) -> bool {
        loop {
            let is_full = self.len() >= most;
            let queues = self.queues.iter_mut().filter(|queue| !queue.is_empty());
            let oldest = queues.min_by_key(|queue| queue.front().map(|kept| kept.since));
            let Some(queue) = oldest else { return !is_full };
            let is_old = queue.front().is_some_and(|kept| now - kept.since >= idle_time);
            if !is_full && !is_old {
                return true;
            }
            queue.pop_front();
        }
    }

    /// Closes what is too old, or was closed by the host.
    pub(super) fn sweep(&mut self, now: Instant, idle_time: Duration) {
        let is_kept = |kept: &Kept| now - kept.since < idle_time && !kept.connection.sender.is_closed();
        self.queues.iter_mut().for_each(|queue| queue.retain(is_kept));
    }

    /// Closes all.
    pub(super) fn clear(&mut self) {
        self.queues.clear();
    }
}
