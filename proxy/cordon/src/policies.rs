//! The admin API's view of the bundles of this process.

use std::sync::Arc;

use cordon_admin::{
    Answering, Policies, PolicyBundle, PolicyEvent, PolicyOrder, PolicyRefusal, PolicyReport,
    PolicyRouteReport, PolicyStanding, PolicyTrial,
};
use cordon_bundle::Digest;
use cordon_bundle::kept::Entry;
use cordon_gateway::{Findings, Place, Share, TrialOptions};
use cordon_rollout::{Candidate, Offer, Rollout, RolloutError};
use time::format_description::well_known::Rfc3339;

/// The bundles of this process.
pub(crate) struct Bundled(pub(crate) Arc<Rollout>);

impl Policies for Bundled {
    fn standing(&self) -> PolicyStanding {
        let standing = self.0.standing();
        PolicyStanding {
            active: bundle(&standing.active),
            trial: standing.candidate.as_ref().map(trial),
            offered: standing.offers.iter().rev().map(|offer| bundle(offer)).collect(),
            kept_out: standing.kept_out,
        }
    }

    fn history(&self, limit: usize) -> Answering<'_, Vec<PolicyEvent>> {
        Box::pin(async move {
            let entries = self.0.history().await.into_iter().rev().take(limit);
            Ok(entries.map(event).collect())
        })
    }

    fn order<'a>(&'a self, by: &'a str, order: PolicyOrder) -> Answering<'a, ()> {
        Box::pin(async move {
            let done = match order {
                PolicyOrder::Try { digest, compared, served, approved } => {
                    let share = |parts| Share::of_ten_thousand(parts).unwrap_or(Share::ALL);
                    let approved = approved.into_iter().map(|(route, path)| Place { route, path }).collect();
                    let options = TrialOptions {
                        compared: share(compared),
                        served: share(served),
                        approved,
                        ..TrialOptions::default()
                    };
                    self.0.try_out(named(digest)?, options).await
                }
                PolicyOrder::EndTrial => self.0.end_trial().await,
                PolicyOrder::Promote { digest } => self.0.promote(named(digest)?, by).await,
                PolicyOrder::Rollback { digest } => self.0.roll_back(named(digest)?, by).await,
            };
            done.map_err(|error| match error {
                RolloutError::Declined(_) | RolloutError::KeptOut(_) => {
                    PolicyRefusal::Declined(error.to_string())
                }
                _ => PolicyRefusal::Failed(error.to_string()),
            })
        })
    }
}

fn event(entry: Entry) -> PolicyEvent {
    PolicyEvent {
        number: entry.number,
        time: entry.time.format(&Rfc3339).unwrap_or_default(),
        by: entry.who,
        action: entry.action.to_string(),
        bundle: PolicyBundle {
            digest: entry.digest.to_string(),
            name: entry.name,
            version: entry.version,
            counter: entry.counter,
            signed_by: Vec::new(),
        },
        report: Some(entry.report),
    }
}

fn named(digest: Option<String>) -> Result<Option<Digest>, PolicyRefusal> {
    let Some(text) = digest else { return Ok(None) };
    let digest = text.parse().map_err(|_| {
        PolicyRefusal::Declined(
            "this is no digest: `sha256:` and 64 hexadecimal digits are expected".to_owned(),
        )
    })?;
    Ok(Some(digest))
}

fn bundle(offer: &Offer) -> PolicyBundle {
    let manifest = offer.delivery.bundle.manifest();
    PolicyBundle {
        digest: offer.digest().to_string(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        counter: manifest.counter,
        signed_by: offer.signed_by.clone(),
    }
}

fn trial(candidate: &Candidate) -> PolicyTrial {
    let options = candidate.trial.options();
    PolicyTrial {
        bundle: bundle(&candidate.offer),
        compared: options.compared.parts(),
        served: options.served.parts(),
        stopped: candidate.trial.stop().map(ToString::to_string),
        report: report(candidate.trial.findings()),
    }
}

fn report(findings: Findings) -> PolicyReport {
    let routes = findings.routes.into_iter().map(|(name, route)| {
        let report = PolicyRouteReport {
            compared: route.compared,
            failed: route.failed,
            revealed: route.revealed,
            hidden: route.hidden,
        };
        (name, report)
    });
    PolicyReport { compared: findings.compared, skipped: findings.skipped, routes: routes.collect() }
}
