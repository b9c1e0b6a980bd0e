//! What is in force when a process begins: what was when the last one ended, or the first delivery.

use std::path::Path;
use std::sync::Arc;

use cordon_activation::RunOptions;
use cordon_bundle::kept::{Action, Activation, Kept, KeptError};
use cordon_bundle::source::Delivery;
use cordon_bundle::trust::Trust;
use cordon_policy::{CompiledFolder, Engine, Policy};
use time::OffsetDateTime;

use crate::offer::{KeptOut, Offer, check};

/// What does not change while a process runs.
#[derive(Clone)]
pub struct Settings {
    /// What policies run on.
    pub engine: Arc<Engine>,
    /// Whose signatures count. None: nobody's are asked for.
    pub trust: Option<Trust>,
    /// Whether what is delivered and in order is put in force at once.
    pub automatic: bool,
    /// Where compiled code is kept.
    pub compiled: Option<Arc<CompiledFolder>>,
    /// Limits of a bundle's own cases.
    pub checks: RunOptions,
}

/// The policy to begin with.
pub struct Start {
    /// It, ready to be asked.
    pub policy: Arc<Policy>,
    pub(crate) offer: Arc<Offer>,
    pub(crate) kept: Kept,
}

/// Why there is nothing to begin with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// What was kept cannot be had.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The bundle is kept out: that which was in force, or the first one.
    #[error(transparent)]
    KeptOut(#[from] KeptOut),
    /// There has never been one.
    #[error("no bundle has been in force here, and none is delivered; put one where bundles come from")]
    Nothing,
}

impl Start {
    /// Finds what was in force when the folder was last used; without that, takes what `deliver` has.
    ///
    /// Signatures are checked again, as of the time when the bundle was put in force: a key that has expired since does
    /// not take a good policy away, one that is not in the trust root any more does.
    ///
    /// # Errors
    /// There is no bundle, or not one that may be in force. Nothing else may be served then.
    pub async fn find(
        settings: &Settings,
        mut kept: Kept,
        deliver: impl Future<Output = Option<Delivery>>,
    ) -> Result<Start, StartError> {
        if let Some(delivery) = kept.active()? {
            let since = kept.history().entries().last().map(|entry| entry.time);
            let since = since.unwrap_or_else(OffsetDateTime::now_utc);
            let (offer, admitted) = check(settings, delivery, since, None).await?;
            return Ok(Start { policy: admitted.policy, offer, kept });
        }
        let delivery = deliver.await.ok_or(StartError::Nothing)?;
        let now = OffsetDateTime::now_utc();
        let (offer, admitted) = check(settings, delivery, now, None).await?;
        let report = serde_json::json!({ "untested": admitted.untested, "signed_by": offer.signed_by });
        let who = "cordon:start".to_owned();
        kept.record(&offer.delivery, Activation { time: now, who, action: Action::Activate, report })?;
        Ok(Start { policy: admitted.policy, offer, kept })
    }
}

/// What is in force by the history in a state folder, for somebody who looks beside a proxy that serves.
///
/// # Errors
/// As [`Start::find`]; that there has never been one is [`StartError::Nothing`].
pub async fn look(settings: &Settings, folder: &Path) -> Result<Arc<Policy>, StartError> {
    let (delivery, since) = Kept::look(folder)?.ok_or(StartError::Nothing)?;
    let (_, admitted) = check(settings, delivery, since, None).await?;
    Ok(admitted.policy)
}
