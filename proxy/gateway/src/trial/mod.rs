//! A candidate beside the policy in force: compared with it on a sample of what comes, and, as a canary, in force for a
//! stable share of the callers.
//!
//! A sampled exchange leaves a copy of its request and of the backend's answer; a thread of the trial runs both
//! policies over it when the exchange is over. So a candidate that loops or traps costs that thread its time, and no
//! caller anything. What comes of it are counts by route and path, never a value.

mod compare;
mod findings;
mod sample;

pub use findings::{Findings, Place, RouteFindings, Stop};
pub(crate) use sample::{Copying, Part, Question, Sample};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cordon_directory::UserId;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::active::Active;
use crate::trial::findings::Ledger;
use crate::trial::sample::Job;

/// Exchanges that wait to be compared.
const WAITING: usize = 32;
/// Bytes of bodies that wait, or are under way, over all samples.
const HELD: u64 = 16 << 20;

/// A part of a whole, in ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

/// What is done with a candidate.
#[derive(Clone, Debug)]
pub struct TrialOptions {
    /// The share of exchanges that are compared. Those that the candidate serves are compared in any case.
    pub compared: Share,
    /// The share of callers whom the candidate serves; a caller is always on the same side.
    pub served: Share,
    /// Places that the candidate may reveal: route and path, as the findings name them.
    pub approved: Vec<Place>,
    /// The longest body, in bytes, that is compared; it is in memory until then.
    pub body: usize,
    /// How many times the time of the policy in force the candidate may take for the same exchanges.
    pub slowness: u32,
}

/// A candidate on trial.
pub struct Trial {
    pub(crate) candidate: Arc<Active>,
    options: TrialOptions,
    exchanges: AtomicU64,
    held: AtomicU64,
    ledger: Mutex<Ledger>,
    stop: OnceLock<Stop>,
    /// Goes with the trial, so that nobody waits for what cannot come.
    stopped: watch::Sender<()>,
    jobs: SyncSender<Job>,
}

/// The policy in force, and what is tried out beside it. An exchange sees one of these from beginning to end.
pub(crate) struct Lineup {
    pub(crate) active: Arc<Active>,
    pub(crate) trial: Option<Arc<Trial>>,
}

impl Share {
    /// Nothing.
    pub const NONE: Share = Share(0);
    /// Everything.
    pub const ALL: Share = Share(10_000);

    /// A share in ten-thousandths. `None`: more than all.
    #[must_use]
    pub fn of_ten_thousand(parts: u16) -> Option<Share> {
        (parts <= Share::ALL.0).then_some(Share(parts))
    }

    /// The share in ten-thousandths.
    #[must_use]
    pub fn parts(self) -> u16 {
        self.0
    }
}

impl Default for TrialOptions {
    fn default() -> TrialOptions {
        TrialOptions {
            compared: Share(100),
            served: Share::NONE,
            approved: Vec::new(),
            body: 1 << 20,
            slowness: 3,
        }
    }
}

impl Trial {
    /// A trial, with a thread that compares. It ends when the trial is dropped.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(crate) fn start(
        candidate: Arc<Active>,
        options: TrialOptions,
        limits: cordon_rewrite::Limits,
    ) -> std::io::Result<Arc<Trial>> {
        let (jobs, waiting) = sync_channel::<Job>(WAITING);
        std::thread::Builder::new().name("cordon-trial".to_owned()).spawn(move || {
            for job in waiting {
                compare::run(&job, &limits);
            }
        })?;
        Ok(Arc::new(Trial {
            candidate,
            options,
            exchanges: AtomicU64::new(0),
            held: AtomicU64::new(0),
            ledger: Mutex::default(),
            stop: OnceLock::new(),
            stopped: watch::Sender::default(),
            jobs,
        }))
    }

    /// What is done with the candidate.
    pub fn options(&self) -> &TrialOptions {
        &self.options
    }

    /// The candidate.
    pub fn policy(&self) -> &Arc<cordon_policy::Policy> {
        &self.candidate.policy
    }

    /// What was found so far.
    pub fn findings(&self) -> Findings {
        self.ledger().read(&self.candidate.policy.digest())
    }

    /// Why the candidate serves nobody any more, if that is so.
    pub fn stop(&self) -> Option<&Stop> {
        self.stop.get()
    }

    /// Waits until the candidate is stopped for something that was found. `None`: the trial ended otherwise. Whoever
    /// waits does not keep the trial from ending.
    pub fn stopped(self: &Arc<Self>) -> impl Future<Output = Option<Arc<Trial>>> + Send + use<> {
        let mut stopped = self.stopped.subscribe();
        let trial = Arc::downgrade(self);
        async move {
            loop {
                let trial = trial.upgrade()?;
                if trial.stop().is_some() {
                    return Some(trial);
                }
                drop(trial);
                stopped.changed().await.ok()?;
            }
        }
    }

    /// Whether the candidate serves this caller: by the user's login and the candidate, so that every proxy says the same
    /// and the next candidate is tried out on others.
    fn serves(&self, user: &UserId) -> bool {
        let served = self.options.served;
        if served == Share::NONE || self.stop.get().is_some() {
            return false;
        }
        let mut hash = Sha256::new();
        hash.update(self.candidate.policy.digest().as_bytes());
        hash.update(user.user().login.as_bytes());
        let hash = hash.finalize();
        let place = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]);
        u64::from(place) * u64::from(Share::ALL.0) < u64::from(served.0) << 32
    }

    /// Whether the exchange at hand is compared: evenly spread over all.
    fn is_sampled(&self) -> bool {
        let share = u64::from(self.options.compared.0);
        share > 0
            && (self.exchanges.fetch_add(1, Ordering::Relaxed) * share) % u64::from(Share::ALL.0) < share
    }

    /// The candidate failed an exchange that it served.
    pub(crate) fn failed(&self, route: &str) {
        self.ledger().failed(route);
        self.halt(Stop::Failed { route: route.to_owned() });
    }

    /// The candidate serves nobody from now on.
    fn halt(&self, stop: Stop) {
        if self.options.served == Share::NONE {
            return;
        }
        if self.stop.set(stop).is_ok() {
            self.stopped.send_replace(());
        }
    }

    /// Takes bytes of the common bound. False: there is no room.
    fn hold(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        if self.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= HELD {
            return true;
        }
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        false
    }

    fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    fn hand_over(&self, job: Job) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.jobs.try_send(job) {
            self.ledger().skipped();
        }
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lineup {
    pub(crate) fn of(active: Active) -> Lineup {
        Lineup { active: Arc::new(active), trial: None }
    }

    /// The trial whose candidate serves this caller.
    pub(crate) fn trial_for(&self, user: &UserId) -> Option<&Arc<Trial>> {
        self.trial.as_ref().filter(|trial| trial.serves(user))
    }

    /// The trial that compares the exchange at hand, if one does: all that the candidate serves, and a share of the
    /// rest.
    pub(crate) fn sampling(&self, serving: &Arc<Active>) -> Option<&Arc<Trial>> {
        let trial = self.trial.as_ref()?;
        (Arc::ptr_eq(serving, &trial.candidate) || trial.is_sampled()).then_some(trial)
    }
}
