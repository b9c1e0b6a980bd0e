//! One address of a host: its connections, what is under way there, and how it does.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{HostChecks, HostLimits};
use crate::counters::{add, get};
use crate::upstream::connect::{Connection, Place};
use crate::upstream::health::Health;
use crate::upstream::idle::Idle;
use crate::upstream::states::HostState;
use crate::workers;

/// One address of a host.
pub(super) struct Host {
    /// As it is configured.
    pub(super) name: Arc<str>,
    pub(super) place: Place,
    pub(super) health: Health,
    in_flight: AtomicUsize,
    idle: Mutex<Idle>,
    /// Its name does not stand for it any more.
    is_gone: AtomicBool,
    requests: AtomicU64,
    connects: AtomicU64,
    connects_failed: AtomicU64,
    failures: AtomicU64,
    ejections: AtomicU64,
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
        if connection.is_some() || idle.len() + self.in_flight() <= limits.connections {
            return connection;
        }
        idle.take_any(limits.idle_time)
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
        if idle.make_room(limits.idle_connections.min(limits.connections), now, limits.idle_time) {
            idle.put(connection, now);
        }
    }

    /// Closes what lay idle for too long, or was closed by the host.
    pub(super) fn sweep(&self, idle_time: Duration) {
        self.lock().sweep(Instant::now(), idle_time);
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
            idle: self.lock().len(),
            requests: get(&self.requests),
            connects: get(&self.connects),
            connects_failed: get(&self.connects_failed),
            failures: get(&self.failures),
            ejections: get(&self.ejections),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
