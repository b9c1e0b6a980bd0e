//! What all exchanges with a backend share: its hosts, what is under way there, and who waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};

use crate::config::{HostChecks, HostLimits};
use crate::counters::{add, get};
use crate::rescue::Cause;
use crate::upstream::choice::{Choice, choose};
use crate::upstream::host::Host;
use crate::upstream::hosts::Hosts;
use crate::upstream::lease::Lease;
use crate::upstream::states::BackendState;

/// For how long what was not spent of the budget for repeated requests can be.
const BUDGET_TIME: Duration = Duration::from_secs(10);

/// The backend's hosts and their load.
pub(super) struct Shared {
    pub(super) hosts: Hosts,
    pub(super) limits: HostLimits,
    pub(super) checks: HostChecks,
    /// For a connection, and for the addresses of a name.
    pub(super) connect: Duration,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    left: Notify,
    budget: TpsBudget,
    refused: AtomicU64,
    retries: AtomicU64,
    retries_refused: AtomicU64,
}

impl Shared {
    pub(super) fn new(
        hosts: Hosts,
        limits: HostLimits,
        checks: HostChecks,
        connect: Duration,
    ) -> Arc<Shared> {
        // Whole percentages, which a float holds exactly enough.
        #[expect(clippy::cast_precision_loss, reason = "a percentage of at most 1000")]
        let share = limits.retry_percent.min(1000) as f32 / 100.0;
        Arc::new(Shared {
            hosts,
            limits,
            checks,
            connect,
            in_flight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            left: Notify::new(),
            budget: TpsBudget::new(BUDGET_TIME, limits.retries_per_second, share),
            refused: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            retries_refused: AtomicU64::new(0),
        })
    }

    /// A place at a host, which should be none of `tried`. If all are taken, it is waited for, as long as not too many
    /// wait already.
    pub(super) async fn lease(self: &Arc<Shared>, tried: &[Arc<Host>], end: Instant) -> Result<Lease, Cause> {
        if self.hosts.have_names() && self.hosts.current().is_empty() {
            let resolved = Box::pin(self.hosts.resolve(self.checks.resolve_interval, self.connect)).await;
            resolved.map_err(Cause::Unreachable)?;
        }
        // Nobody overtakes those who wait.
        if self.waiting.load(Ordering::SeqCst) == 0
            && let Some(lease) = self.try_lease(tried)?
        {
            return Ok(lease);
        }
        Box::pin(self.wait(tried, end)).await
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.left.notify_one();
        }
    }

    /// A request that could be sent once more goes out: it earns a part of a repetition.
    pub(super) fn earn_retry(&self) {
        self.budget.deposit();
    }

    /// Whether a request that was never answered may be sent once more. `free`: nothing is spent for it.
    pub(super) fn may_retry(&self, free: bool) -> bool {
        let may = free || self.budget.withdraw();
        add(if may { &self.retries } else { &self.retries_refused }, 1);
        may
    }

    pub(super) fn state(&self) -> BackendState {
        BackendState {
            hosts: self.hosts.current().iter().map(|host| host.state()).collect(),
            in_flight: self.in_flight.load(Ordering::SeqCst),
            waiting: self.waiting.load(Ordering::SeqCst),
            refused: get(&self.refused),
            retries: get(&self.retries),
            retries_refused: get(&self.retries_refused),
        }
    }

    async fn wait(self: &Arc<Shared>, tried: &[Arc<Host>], end: Instant) -> Result<Lease, Cause> {
        let refused = || {
            add(&self.refused, 1);
            Cause::BackendBusy
        };
        let Some(_place) = Waiting::begin(self) else {
            return Err(refused());
        };
        let due = (Instant::now() + self.limits.waiting_time).min(end);
        loop {
            // Whoever leaves from now on is noticed.
            let left = self.left.notified();
            if let Some(lease) = self.try_lease(tried)? {
                return Ok(lease);
            }
            if tokio::time::timeout_at(due, left).await.is_err() {
                return Err(refused());
            }
        }
    }

    /// `None`: everything is taken.
    fn try_lease(self: &Arc<Shared>, tried: &[Arc<Host>]) -> Result<Option<Lease>, Cause> {
        let entered = self.in_flight.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| {
            (number < self.limits.requests).then_some(number + 1)
        });
        if entered.is_err() {
            return Ok(None);
        }
        let hosts = self.hosts.current();
        match choose(&hosts, tried, self.checks.panic_percent, self.limits.connections) {
            Choice::Host(host) => Ok(Some(Lease { shared: Arc::clone(self), host })),
            Choice::Full => {
                self.in_flight.fetch_sub(1, Ordering::SeqCst);
                Ok(None)
            }
            Choice::None => {
                self.in_flight.fetch_sub(1, Ordering::SeqCst);
                Err(Cause::Unreachable("it has no host".to_owned()))
            }
        }
    }
}

/// One of those who wait.
struct Waiting<'a>(&'a Shared);

impl Waiting<'_> {
    fn begin(shared: &Shared) -> Option<Waiting<'_>> {
        let most = shared.limits.waiting;
        let begun = shared
            .waiting
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| (number < most).then_some(number + 1));
        begun.is_ok().then(|| Waiting(shared))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        // Several places may have become free for one notice.
        self.0.left.notify_one();
    }
}
