//! Takes what the sources deliver, for as long as the process runs.

use std::sync::Arc;
use std::time::Duration;

use cordon_bundle::source::{Delivery, Folder, Refusal, Registry};

use crate::rollout::Rollout;

/// Where bundles come from.
#[derive(Default)]
pub struct Sources {
    /// A folder.
    pub folder: Option<Folder>,
    /// A place in a registry, and how often it is looked at.
    pub registry: Option<(Registry, Duration)>,
}

impl Sources {
    /// The newest that any of them has now.
    pub async fn newest(&mut self) -> Option<Delivery> {
        let mut newest: Option<Delivery> = None;
        let mut take = |delivery: Option<Delivery>| {
            let counter = |delivery: &Delivery| delivery.bundle.manifest().counter;
            if let Some(delivery) = delivery
                && newest.as_ref().is_none_or(|newest| counter(newest) < counter(&delivery))
            {
                newest = Some(delivery);
            }
        };
        if let Some(folder) = &mut self.folder {
            match folder.look().await {
                Ok(look) => {
                    look.refused.iter().for_each(tell);
                    take(look.candidate);
                }
                Err(error) => tracing::warn!(%error, "the folder of bundles cannot be read"),
            }
        }
        if let Some((registry, _)) = &mut self.registry {
            match registry.poll().await {
                Ok(delivery) => take(delivery),
                Err(error) => tracing::warn!(%error, "the registry delivers nothing"),
            }
        }
        newest
    }
}

/// Takes whatever comes. It ends when it is dropped.
pub async fn follow(rollout: Arc<Rollout>, sources: Sources) {
    let Sources { folder, registry } = sources;
    let of_folder = async {
        let Some(mut folder) = folder else { return };
        let mut known: Vec<Refusal> = Vec::new();
        loop {
            match folder.look().await {
                Ok(look) => {
                    if let Some(delivery) = look.candidate {
                        take(&rollout, delivery, "source:folder").await;
                    }
                    for refusal in &look.refused {
                        if !known.contains(refusal) {
                            tell(refusal);
                        }
                        rollout.not_taken(format!("{}: {}", refusal.file.display(), refusal.reason));
                    }
                    known = look.refused;
                    if look.unsettled {
                        continue;
                    }
                }
                Err(error) => rollout.not_taken(format!("the folder of bundles cannot be read: {error}")),
            }
            folder.changed().await;
        }
    };
    let of_registry = async {
        let Some((mut registry, pause)) = registry else { return };
        loop {
            match registry.poll().await {
                Ok(Some(delivery)) => take(&rollout, delivery, "source:registry").await,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the registry delivers nothing; what is in force stays");
                    rollout.not_taken(error.to_string());
                }
            }
            tokio::time::sleep(pause).await;
        }
    };
    tokio::join!(of_folder, of_registry);
}

fn tell(refusal: &Refusal) {
    tracing::warn!(file = %refusal.file.display(), reason = refusal.reason, "a file is no bundle that can be taken");
}

async fn take(rollout: &Rollout, delivery: Delivery, who: &str) {
    let digest = delivery.bundle.digest();
    if let Err(error) = rollout.take(delivery, who).await {
        tracing::error!(%digest, %error, "a bundle is kept out; what is in force stays");
    }
}
