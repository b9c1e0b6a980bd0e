//! What is in force, on trial and on offer, and every change of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cordon_bundle::Digest;
use cordon_bundle::kept::{Action, Activation, Entry, Kept, KeptError, Standing as Age};
use cordon_bundle::source::Delivery;
use cordon_gateway::{Gateway, RouteError, Trial, TrialError, TrialOptions};
use cordon_policy::Policy;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::offer::{KeptOut, Offer, check};
use crate::report::report;
use crate::start::{Settings, Start};

/// Offers remembered, the newest of them.
const OFFERS: usize = 8;

/// The policies of a process.
pub struct Rollout {
    settings: Settings,
    gateway: Arc<Gateway>,
    kept: Arc<Mutex<Kept>>,
    state: Mutex<State>,
    /// Whoever changes something has it: checks take a while, and what they say must still hold then.
    turn: tokio::sync::Mutex<()>,
}

struct State {
    active: Arc<Offer>,
    candidate: Option<Candidate>,
    offers: Vec<Arc<Offer>>,
    kept_out: Option<String>,
}

/// A bundle that is tried out.
#[derive(Clone)]
pub struct Candidate {
    /// The bundle.
    pub offer: Arc<Offer>,
    /// What is done with it, and what was found.
    pub trial: Arc<Trial>,
}

/// How things stand.
#[derive(Clone)]
pub struct Standing {
    /// In force.
    pub active: Arc<Offer>,
    /// On trial.
    pub candidate: Option<Candidate>,
    /// On offer, the newest last.
    pub offers: Vec<Arc<Offer>>,
    /// What came last and was kept out, and why.
    pub kept_out: Option<String>,
}

/// Why a change is not made. Everything is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolloutError {
    /// The order makes no sense as things stand.
    #[error("{0}")]
    Declined(String),
    /// The bundle is not in order.
    #[error(transparent)]
    KeptOut(#[from] KeptOut),
    /// It cannot be kept on disk, and so is not put in force.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// Its routes cannot be matched.
    #[error(transparent)]
    Routes(#[from] RouteError),
    /// It cannot be tried out.
    #[error(transparent)]
    Trial(#[from] TrialError),
}

impl Rollout {
    /// The policies of a process whose gateway serves with what `start` found.
    pub fn new(settings: Settings, gateway: Arc<Gateway>, start: Start) -> Arc<Rollout> {
        let Start { offer, kept, .. } = start;
        let state = State { active: offer, candidate: None, offers: Vec::new(), kept_out: None };
        Arc::new(Rollout {
            settings,
            gateway,
            kept: Arc::new(Mutex::new(kept)),
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// How things stand.
    pub fn standing(&self) -> Standing {
        let state = self.state();
        Standing {
            active: Arc::clone(&state.active),
            candidate: state.candidate.clone(),
            offers: state.offers.clone(),
            kept_out: state.kept_out.clone(),
        }
    }

    /// What was in force, the oldest first.
    pub async fn history(&self) -> Vec<Entry> {
        self.with_kept(|kept| kept.history().entries().to_vec()).await
    }

    /// Takes a delivery: puts it on offer, or in force where that is configured. What was delivered before is nothing
    /// new.
    ///
    /// # Errors
    /// Why it is kept out, which [`Rollout::standing`] tells too.
    pub async fn take(&self, delivery: Delivery, who: &str) -> Result<(), RolloutError> {
        let _turn = self.turn.lock().await;
        let taken = self.take_in_turn(delivery, who).await;
        self.state().kept_out = taken.as_ref().err().map(ToString::to_string);
        taken
    }

    /// A source had something that is no bundle.
    pub(crate) fn not_taken(&self, reason: String) {
        self.state().kept_out = Some(reason);
    }

    async fn take_in_turn(&self, delivery: Delivery, who: &str) -> Result<(), RolloutError> {
        let digest = delivery.bundle.digest();
        if self.state().offers.iter().any(|offer| offer.digest() == digest) {
            return Ok(());
        }
        let bundle = delivery.bundle.clone();
        match self.with_kept(move |kept| kept.standing(&bundle)).await {
            Ok(Age::Active) => return Ok(()),
            Ok(Age::Newer) => {}
            Err(old) => return Err(KeptOut::Old { digest, old }.into()),
        }
        let (offer, admitted) = self.check(delivery, OffsetDateTime::now_utc()).await?;
        {
            let mut state = self.state();
            if state.offers.len() == OFFERS {
                state.offers.remove(0);
            }
            state.offers.push(Arc::clone(&offer));
        }
        tracing::info!(digest = %offer.digest(), untested = ?offer.untested, "a bundle is on offer");
        if self.settings.automatic {
            let report = json!({ "untested": offer.untested, "signed_by": offer.signed_by });
            self.put_in_force(&offer, admitted, who, Action::Activate, report).await?;
        }
        Ok(())
    }

    /// Tries a bundle on offer out beside the one in force, instead of any other. Without a digest, the newest.
    ///
    /// # Errors
    /// There is no such bundle, it is not in order any more, or it cannot be run.
    pub async fn try_out(
        self: &Arc<Self>,
        digest: Option<Digest>,
        options: TrialOptions,
    ) -> Result<(), RolloutError> {
        let _turn = self.turn.lock().await;
        let offer = self.offered(digest)?;
        let (_, policy) = self.check(offer.delivery.clone(), OffsetDateTime::now_utc()).await?;
        let (compared, served) = (options.compared.parts(), options.served.parts());
        let trial = self.gateway.try_out(policy, options)?;
        tracing::info!(digest = %offer.digest(), compared, served, "a bundle is on trial");
        self.state().candidate = Some(Candidate { offer, trial: Arc::clone(&trial) });
        let (rollout, stopped) = (Arc::downgrade(self), trial.stopped());
        tokio::spawn(async move {
            if let Some(trial) = stopped.await
                && let Some(rollout) = rollout.upgrade()
            {
                rollout.sent_home(&trial).await;
            }
        });
        Ok(())
    }

    /// Ends the trial: everybody is served by the bundle in force.
    ///
    /// # Errors
    /// There is none.
    pub async fn end_trial(&self) -> Result<(), RolloutError> {
        let _turn = self.turn.lock().await;
        let candidate = self.state().candidate.take();
        let candidate = candidate.ok_or_else(|| declined("nothing is on trial"))?;
        self.gateway.end_trial(&candidate.trial);
        tracing::info!(digest = %candidate.offer.digest(), "the trial was ended");
        Ok(())
    }

    /// Puts the bundle on trial in force, or another one on offer.
    ///
    /// # Errors
    /// There is no such bundle, it was sent home and is not named by its digest, or it cannot be kept on disk.
    pub async fn promote(&self, digest: Option<Digest>, who: &str) -> Result<(), RolloutError> {
        let _turn = self.turn.lock().await;
        let candidate = self.state().candidate.clone();
        let offer = match (&digest, &candidate) {
            (None, None) => return Err(declined("nothing is on trial; name the bundle by its digest")),
            (None, Some(candidate)) => {
                if let Some(stop) = candidate.trial.stop() {
                    let reason = format!(
                        "the candidate was sent home: {stop}; name its digest to put it in force all the same"
                    );
                    return Err(RolloutError::Declined(reason));
                }
                Arc::clone(&candidate.offer)
            }
            (Some(_), _) => self.offered(digest)?,
        };
        let tried = candidate.filter(|candidate| candidate.offer.digest() == offer.digest());
        let report = match &tried {
            Some(candidate) => report(&candidate.trial),
            None => json!({ "untried": true, "untested": offer.untested, "signed_by": offer.signed_by }),
        };
        let (_, policy) = self.check(offer.delivery.clone(), OffsetDateTime::now_utc()).await?;
        self.put_in_force(&offer, policy, who, Action::Activate, report).await
    }

    /// Puts a bundle in force that was before, whatever its counter. Without a digest, the one before.
    ///
    /// # Errors
    /// There is no such bundle, it is not kept any more, or nobody vouches for it.
    pub async fn roll_back(&self, digest: Option<Digest>, who: &str) -> Result<(), RolloutError> {
        let _turn = self.turn.lock().await;
        let active = self.state().active.digest();
        let history = self.history().await;
        let wanted = history.iter().rev().find(|entry| match digest {
            Some(digest) => entry.digest == digest,
            None => entry.digest != active,
        });
        let entry = wanted.ok_or_else(|| declined("no such bundle was in force here before"))?;
        let digest = entry.digest;
        if digest == active {
            return Err(declined("this bundle is in force"));
        }
        let delivery = self.with_kept(move |kept| kept.delivery(digest)).await?;
        let delivery = delivery.ok_or_else(|| {
            declined("this bundle is not kept any more; deliver it again with a counter above all others")
        })?;
        // As at the start: who vouched for it then, and is still trusted.
        let (offer, policy) = self.check(delivery, entry.time).await?;
        let report = json!({ "instead_of": active.to_string(), "untested": offer.untested, "signed_by": offer.signed_by });
        self.put_in_force(&offer, policy, who, Action::Rollback, report).await
    }

    async fn check(
        &self,
        delivery: Delivery,
        at: OffsetDateTime,
    ) -> Result<(Arc<Offer>, Arc<Policy>), RolloutError> {
        let active = self.gateway.policy();
        let (offer, admitted) = check(&self.settings, delivery, at, Some(active.manifest())).await?;
        Ok((offer, admitted.policy))
    }

    /// The candidate was sent home: on record, with what was found.
    async fn sent_home(&self, trial: &Arc<Trial>) {
        let _turn = self.turn.lock().await;
        self.gateway.end_trial(trial);
        let active = {
            let state = self.state();
            let is_at_hand = state.candidate.as_ref().is_some_and(|other| Arc::ptr_eq(&other.trial, trial));
            if !is_at_hand {
                return;
            }
            Arc::clone(&state.active)
        };
        let stop = trial.stop().map(ToString::to_string);
        tracing::error!(candidate = %trial.policy().digest(), stop, "the candidate was sent home");
        let recorded = self.record(&active, "cordon:trial", Action::AutomaticReturn, report(trial));
        if let Err(error) = recorded.await {
            tracing::error!(%error, "that the candidate was sent home is not on record");
        }
    }

    /// On disk first, then in force: what is enforced is what a restart finds.
    async fn put_in_force(
        &self,
        offer: &Arc<Offer>,
        policy: Arc<Policy>,
        who: &str,
        action: Action,
        report: Value,
    ) -> Result<(), RolloutError> {
        let floor = self.record(offer, who, action, report).await?;
        self.gateway.activate(policy)?;
        let mut state = self.state();
        state.active = Arc::clone(offer);
        state.candidate = None;
        // What is not above the floor can come back by a rollback only.
        state.offers.retain(|other| other.delivery.bundle.manifest().counter > floor);
        drop(state);
        tracing::info!(digest = %offer.digest(), who, %action, "another bundle is in force");
        Ok(())
    }

    /// Puts an activation on disk, and says which counter is the highest that ever was in force.
    async fn record(
        &self,
        offer: &Offer,
        who: &str,
        action: Action,
        report: Value,
    ) -> Result<u64, KeptError> {
        let activation = Activation { time: OffsetDateTime::now_utc(), who: who.to_owned(), action, report };
        let delivery = offer.delivery.clone();
        self.with_kept(move |kept| {
            kept.record(&delivery, activation)?;
            Ok(kept.floor())
        })
        .await
    }

    fn offered(&self, digest: Option<Digest>) -> Result<Arc<Offer>, RolloutError> {
        let state = self.state();
        let mut offers = state.offers.iter().rev();
        let found = offers.find(|offer| digest.is_none_or(|digest| offer.digest() == digest));
        found.cloned().ok_or_else(|| match digest {
            Some(_) => declined("no bundle of this digest is on offer"),
            None => declined("no bundle is on offer"),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with what is on disk, on a thread for work that waits for disks.
    async fn with_kept<T: Send + 'static>(&self, work: impl FnOnce(&mut Kept) -> T + Send + 'static) -> T {
        let kept = Arc::clone(&self.kept);
        let done = tokio::task::spawn_blocking(move || {
            work(&mut kept.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match done.await {
            Ok(done) => done,
            Err(failure) => std::panic::resume_unwind(failure.into_panic()),
        }
    }
}

fn declined(reason: &str) -> RolloutError {
    RolloutError::Declined(reason.to_owned())
}
