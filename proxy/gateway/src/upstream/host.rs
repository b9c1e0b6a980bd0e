//! One address of a host: its connections, what is under way there, and how it does.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{HostChecks, HostLimits};
use crate::counters::{add, get};
use crate::upstream::connect::{Connection, Place};
use crate::upstream::health::Health;
use crate::upstream::states::HostState;
use crate::workers;

/// One address of a host.
pub(super) struct Host {
    /// As it is configured.
    pub(super) name: Arc<str>,
    pub(super) place: Place,
    pub(super) health: Health,
    in_flight: AtomicUsize,
    /// The last one in is the first one out, so that what is not needed grows old.
    idle: Mutex<AllIdle>,
    /// Its name does not stand for it any more.
    is_gone: AtomicBool,
    requests: AtomicU64,
    connects: AtomicU64,
    connects_failed: AtomicU64,
    failures: AtomicU64,
    ejections: AtomicU64,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// Those of each thread; each queue begins with its oldest.
#[derive(Default)]
struct AllIdle {
    queues: Vec<VecDeque<Idle>>,
    count: usize,
}

impl AllIdle {
    fn put(&mut self, idle: Idle) {
        let worker = idle.connection.worker;
        if self.queues.len() <= worker {
            self.queues.resize_with(worker + 1, VecDeque::new);
        }
        self.queues[worker].push_back(idle);
        self.count += 1;
    }

    /// The youngest of this thread that is still there.
    fn take(&mut self, worker: usize, idle_time: Duration) -> Option<Connection> {
        let queue = self.queues.get_mut(worker)?;
        while let Some(Idle { connection, since }) = queue.pop_back() {
            self.count -= 1;
            if since.elapsed() >= idle_time {
                // Those below are older.
                self.count -= queue.len();
                queue.clear();
                return None;
            }
            if connection.sender.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn oldest(&self) -> Option<Instant> {
        self.queues.iter().filter_map(VecDeque::front).map(|idle| idle.since).min()
    }

    /// False: there is none.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.oldest();
        let mut queues = self.queues.iter_mut();
        let queue = queues.find(|queue| queue.front().map(|idle| idle.since) == oldest && !queue.is_empty());
        let dropped = queue.and_then(VecDeque::pop_front);
        self.count -= usize::from(dropped.is_some());
        dropped.is_some()
    }

    fn retain(&mut self, is_kept: impl Fn(&Idle) -> bool) {
        self.queues.iter_mut().for_each(|queue| queue.retain(&is_kept));
        self.count = self.queues.iter().map(VecDeque::len).sum();
    }

    fn clear(&mut self) {
        self.retain(|_| false);
    }
}

impl Host {
    pub(super) fn new(name: Arc<str>, place: Place) -> Arc<Host> {
        Arc::new(Host {
            name,
            place,
            health: Health::default(),
            in_flight: AtomicUsize::new(0),
            idle: Mutex::default(),
            is_gone: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            connects_failed: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            ejections: AtomicU64::new(0),
        })
    }

    /// The address, for people.
    pub(super) fn address(&self) -> String {
        match &self.place {
            Place::Socket(address) => address.to_string(),
            Place::Unix(path) => format!("unix:{}", path.display()),
            Place::Memory(_) => "memory".to_owned(),
        }
    }

    /// Takes a place, if one is free: over HTTP/1.1, what is under way has a connection each.
    pub(super) fn enter(&self, places: usize) -> bool {
        let taken = self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| {
            (number < places).then_some(number + 1)
        });
        if taken.is_ok() {
            add(&self.requests, 1);
        }
        taken.is_ok()
    }

    /// Gives the place back.
    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// A connection that lies idle and is still there, as far as is known. One of another thread is only taken where there
    /// may be no further one.
    pub(super) fn idle_connection(&self, limits: &HostLimits) -> Option<Connection> {
        let mut idle = self.lock();
        let connection = idle.take(workers::current(), limits.idle_time);
        if connection.is_some() || idle.count + self.in_flight() <= limits.connections {
            return connection;
        }
        (0..idle.queues.len()).find_map(|worker| idle.take(worker, limits.idle_time))
    }

    /// A connection that was made for this host.
    pub(super) fn connected(&self) {
        add(&self.connects, 1);
    }

    pub(super) fn not_connected(&self, checks: &HostChecks) {
        add(&self.connects_failed, 1);
        self.held_against(checks);
    }

    /// An answer did not come, broke off, or was one of failure.
    pub(super) fn failed(&self, checks: &HostChecks) {
        add(&self.failures, 1);
        self.held_against(checks);
    }

    fn held_against(&self, checks: &HostChecks) {
        if self.health.failure(checks, Instant::now()) {
            add(&self.ejections, 1);
            tracing::warn!(
                host = &*self.name,
                address = self.address(),
                "ejected: it failed too often on end"
            );
        }
    }

    /// Keeps a connection on which nothing is under way any more.
    pub(super) fn keep(&self, connection: Connection, limits: &HostLimits) {
        let now = Instant::now();
        let mut idle = self.lock();
        if self.is_gone.load(Ordering::Relaxed) {
            return;
        }
        // One too many, or too old: the oldest goes.
        let most = limits.idle_connections.min(limits.connections);
        while idle.oldest().is_some_and(|oldest| now - oldest >= limits.idle_time) || idle.count >= most {
            if !idle.drop_oldest() {
                return;
            }
        }
        idle.put(Idle { connection, since: now });
    }

    /// Closes what lay idle for too long, or was closed by the host.
    pub(super) fn sweep(&self, idle_time: Duration) {
        let now = Instant::now();
        self.lock().retain(|idle| now - idle.since < idle_time && !idle.connection.sender.is_closed());
    }

    /// Its name does not stand for it any more. What is under way there ends there.
    pub(super) fn retire(&self) {
        let mut idle = self.lock();
        self.is_gone.store(true, Ordering::Relaxed);
        idle.clear();
    }

    pub(super) fn state(&self) -> HostState {
        HostState {
            host: self.name.to_string(),
            address: self.address(),
            status: self.health.status(Instant::now()),
            in_flight: self.in_flight(),
            idle: self.lock().count,
            requests: get(&self.requests),
            connects: get(&self.connects),
            connects_failed: get(&self.connects_failed),
            failures: get(&self.failures),
            ejections: get(&self.ejections),
        }
    }

    fn lock(&self) -> MutexGuard<'_, AllIdle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
