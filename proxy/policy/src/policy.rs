//! One bundle, ready to be asked.

use std::sync::Arc;

use crate::breaker::Breaker;
use crate::cache::{Cache, DecisionKey, KeptDecision, KeptVerdict, PlanKey, VerdictKey};
use crate::counters::{Counters, Ledger};
use crate::digest::Digest;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::load::{self, LoadError, LoadOptions};
use crate::manifest::Manifest;
use crate::plan::ExchangePlan;
use crate::purity::Purity;
use crate::sandbox::Sandboxes;
use crate::usage::CallUsage;

/// A component with its rules, pre-initialised, and what is kept of its answers.
pub struct Policy {
    digest: Digest,
    was_kept: bool,
    manifest: Manifest,
    pub(crate) sandboxes: Sandboxes,
    pub(crate) decisions: Cache<DecisionKey, KeptDecision>,
    pub(crate) plans: Cache<PlanKey, Arc<ExchangePlan>>,
    pub(crate) verdicts: Cache<VerdictKey, KeptVerdict>,
    pub(crate) purity: Purity,
    pub(crate) breaker: Breaker,
    ledger: Ledger,
}

impl Policy {
    /// Loads a component with its rules: checks what it imports, lets it read the rules once, and keeps its memory as
    /// it is then. Takes some tenths of a second, most of it compiling.
    ///
    /// # Errors
    /// [`LoadError`]; nothing of the bundle is left running.
    pub fn load(engine: &Arc<Engine>, component: &[u8], rules: &str) -> Result<Policy, LoadError> {
        Policy::load_with(engine, component, rules, &LoadOptions::default())
    }

    /// The same, with a folder where compiled code is kept, or under the digest of a bundle. What was loaded before
    /// with the same rules is loaded from there in some milliseconds, and nothing of it is run.
    ///
    /// # Errors
    /// [`LoadError`]. That code cannot be kept, or what is kept cannot be used, is logged and no error.
    pub fn load_with(
        engine: &Arc<Engine>,
        component: &[u8],
        rules: &str,
        options: &LoadOptions<'_>,
    ) -> Result<Policy, LoadError> {
        let load::Loaded { sandboxes, manifest, was_kept } =
            load::load(engine, component, rules, options.compiled)?;
        let kept = engine.options();
        Ok(Policy {
            digest: options.digest.unwrap_or_else(|| Digest::of(component, rules)),
            was_kept,
            manifest,
            sandboxes,
            decisions: Cache::new(kept.decisions),
            plans: Cache::new(kept.plans),
            verdicts: Cache::new(kept.verdicts),
            purity: Purity::new(kept.check_every),
            breaker: Breaker::new(kept.breaker),
            ledger: Ledger::default(),
        })
    }

    /// The digest of the bundle, or, where it came from none, SHA-256 over the component and the rules.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether the policy came from kept code: nothing was compiled, and the rules were not read again.
    pub fn was_kept(&self) -> bool {
        self.was_kept
    }

    /// Whether sandboxes start from the memory that `configure` left. If not, because the component is of a kind that
    /// cannot be pre-initialised, each reads the rules again.
    pub fn starts_configured(&self) -> bool {
        self.sandboxes.start_configured()
    }

    /// What the policy is and which requests it governs.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the calls of `authorize`, `plan`, `judge` and `mask` have used, in this order.
    pub fn usage(&self) -> [CallUsage; 4] {
        self.sandboxes.usage().read()
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        let mut counters = Counters {
            decisions: self.decisions.counters(),
            plans: self.plans.counters(),
            verdicts: self.verdicts.counters(),
            sandboxes: self.sandboxes.made(),
            ..Counters::default()
        };
        self.ledger.read(&mut counters);
        counters.breaker = self.breaker.counters();
        counters.checked = self.purity.checked();
        counters
    }

    /// Stops using what is kept: an answer turned out not to be the policy's.
    pub(crate) fn distrust(&self) {
        if self.purity.mismatched() {
            tracing::error!(
                policy = self.manifest.name,
                digest = %self.digest,
                "the policy or the directory does not answer alike when asked again: nothing is kept any more"
            );
        }
    }

    /// Counts and logs a failure on a route, and hands it on.
    pub(crate) fn failed(&self, failure: Failure, route: &str) -> Failure {
        self.ledger.enter(&failure, &self.manifest.name, route);
        failure
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy")
            .field("digest", &self.digest)
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .finish_non_exhaustive()
    }
}
