//! A bundle that was found to be in order.

use std::sync::Arc;

use cordon_activation::{Admitted, Refused, admit};
use cordon_bundle::Digest;
use cordon_bundle::source::Delivery;
use cordon_bundle::trust::{Refused as Distrusted, Signatures, Trust};
use cordon_policy::Manifest;
use time::OffsetDateTime;

use crate::start::Settings;

/// A bundle that may be tried out or put in force.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The bundle, with what it was signed by.
    pub delivery: Delivery,
    /// Whose signatures counted, by the names of the trust root. Empty without a trust root.
    pub signed_by: Vec<String>,
    /// Routes that none of its cases asks for.
    pub untested: Vec<String>,
}

/// Why a delivery is kept out. What is in force stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptOut {
    /// It is not signed as the trust root asks.
    #[error("the bundle {digest} is not trusted: {refused}")]
    Distrusted {
        /// Which.
        digest: Digest,
        /// Why.
        refused: Distrusted,
    },
    /// It is older than what was in force.
    #[error("the bundle {digest} is kept out: {old}")]
    Old {
        /// Which.
        digest: Digest,
        /// How old.
        old: cordon_bundle::kept::NotAbove,
    },
    /// It is not in order.
    #[error("the bundle {digest}: {refused}")]
    Refused {
        /// Which.
        digest: Digest,
        /// Everything that speaks against it.
        refused: Box<Refused>,
    },
}

impl Offer {
    /// The bundle's digest.
    pub fn digest(&self) -> Digest {
        self.delivery.bundle.digest()
    }
}

/// Whose signatures on a delivery count at a time.
pub(crate) fn trusted(
    trust: Option<&Trust>,
    delivery: &Delivery,
    at: OffsetDateTime,
) -> Result<Vec<String>, KeptOut> {
    let Some(trust) = trust else { return Ok(Vec::new()) };
    let signatures: &Signatures = &delivery.signatures;
    trust
        .verify(&delivery.bundle, signatures, at)
        .map_err(|refused| KeptOut::Distrusted { digest: delivery.bundle.digest(), refused })
}

/// Checks a delivery: signatures first, since nothing of what nobody vouches for is compiled or run.
pub(crate) async fn check(
    settings: &Settings,
    delivery: Delivery,
    at: OffsetDateTime,
    active: Option<&Manifest>,
) -> Result<(Arc<Offer>, Admitted), KeptOut> {
    let signed_by = trusted(settings.trust.as_ref(), &delivery, at)?;
    let digest = delivery.bundle.digest();
    let admitted =
        admit(&settings.engine, settings.compiled.as_ref(), &delivery.bundle, active, &settings.checks).await;
    let admitted = admitted.map_err(|refused| KeptOut::Refused { digest, refused: Box::new(refused) })?;
    let untested = admitted.untested.clone();
    Ok((Arc::new(Offer { delivery, signed_by, untested }), admitted))
}
