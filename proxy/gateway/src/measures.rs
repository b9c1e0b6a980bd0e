//! Everything that an operator measures, at one moment.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use cordon_directory::Status;
use cordon_policy::{CallUsage, Policy};

use crate::counters::{Durations, RefusalCount, RouteCounts, get};
use crate::gateway::Gateway;
use crate::stage::Stage;
use crate::upstream::states::BackendState;

/// What was counted since the gateway was made, and how things stand.
#[derive(Clone, Debug)]
pub struct Measures {
    /// Connections that are open.
    pub connections: u64,
    /// Connections that were ever accepted.
    pub accepted: u64,
    /// Connections that were closed at once, since their address has as many as it may have.
    pub connections_refused: u64,
    /// The certificates that clients are shown.
    pub certificates: Vec<CertificateMeasure>,
    /// Exchanges under way.
    pub under_way: u64,
    /// Responses broken off after their head was sent, by the backend, the policy or the client.
    pub broken_off: u64,
    /// Of every route that a policy in force ever had, by name. `none` is that of requests that matched no route, or
    /// were refused before one was looked for.
    pub routes: Vec<RouteCounts>,
    /// How long the parts of exchanges took.
    pub stages: Vec<(Stage, Durations)>,
    /// Refusals by reason.
    pub refusals: Vec<RefusalCount>,
    /// The policy in force, and the candidate if there is one.
    pub policies: Vec<PolicyMeasures>,
    /// The trial under way.
    pub trial: Option<TrialMeasures>,
    /// Records and values that special rights revealed, and requests refused since that could not be recorded.
    pub audit: AuditMeasures,
    /// How the backend and its hosts do.
    pub backend: BackendState,
    /// How the directory stands.
    pub directory: Status,
    /// How long the directory may have been without confirmation before nothing is served any more.
    pub directory_age: Duration,
}

/// A certificate that clients are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateMeasure {
    /// The address that its listener has.
    pub listener: String,
    /// Its number on that listener, from 1 on, in the order of the configuration.
    pub number: usize,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
}

/// What a policy is to those who are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is in force.
    InForce,
    /// It is tried out.
    Candidate,
}

/// What happens under a policy.
#[derive(Clone, Debug)]
pub struct PolicyMeasures {
    /// What it is to those who are served.
    pub role: Role,
    /// The policy, with its digest and its manifest.
    pub policy: Arc<Policy>,
    /// What its host counts.
    pub counters: cordon_policy::Counters,
    /// What its calls use.
    pub usage: [CallUsage; 4],
}

/// What is audited; nothing unless somebody does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditMeasures {
    /// Records that callers saw by a special right only.
    pub records: u64,
    /// Values that callers saw by a special right only, in records that they would have seen anyhow.
    pub fields: u64,
    /// Requests refused since the audit log could not be written.
    pub refused: u64,
}

/// What comparing a candidate has found, without the places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialMeasures {
    /// Exchanges that were compared.
    pub compared: u64,
    /// Exchanges that were to be compared, but were not.
    pub skipped: u64,
    /// Exchanges that the candidate failed.
    pub failed: u64,
    /// Values and records that the candidate shows and the policy in force does not.
    pub revealed: u64,
    /// Those that the policy in force shows and the candidate does not.
    pub hidden: u64,
    /// The candidate serves nobody any more for something that was found.
    pub is_stopped: bool,
}

impl Role {
    /// The word for labels.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::InForce => "in-force",
            Role::Candidate => "candidate",
        }
    }
}

impl Measures {
    pub(crate) fn of(gateway: &Gateway) -> Measures {
        let totals = &gateway.totals;
        let trial = gateway.trial();
        let mut policies = vec![PolicyMeasures::of(Role::InForce, gateway.policy())];
        if let Some(trial) = &trial {
            policies.push(PolicyMeasures::of(Role::Candidate, Arc::clone(trial.policy())));
        }
        Measures {
            connections: get(&totals.connections),
            accepted: get(&totals.accepted),
            connections_refused: get(&totals.connections_refused),
            certificates: CertificateMeasure::all(gateway),
            under_way: get(&totals.under_way),
            broken_off: get(&totals.broken_off),
            routes: totals.routes.read(),
            stages: totals.stages(),
            refusals: totals.refusals.read(),
            policies,
            trial: trial.map(|trial| {
                let findings = trial.findings();
                let sum = |part: fn(&crate::RouteFindings) -> u64| findings.routes.values().map(part).sum();
                TrialMeasures {
                    compared: findings.compared,
                    skipped: findings.skipped,
                    failed: sum(|route| route.failed),
                    revealed: sum(|route| route.revealed.values().sum()),
                    hidden: sum(|route| route.hidden.values().sum()),
                    is_stopped: trial.stop().is_some(),
                }
            }),
            audit: AuditMeasures {
                records: get(&totals.audit.records),
                fields: get(&totals.audit.fields),
                refused: get(&totals.audit.refused),
            },
            backend: gateway.backend_state(),
            // A file is looked at whenever it changes: it does not age.
            directory: Status { age: gateway.views.age(), ..gateway.views.status() },
            directory_age: gateway.config.directory_age,
        }
    }
}

impl CertificateMeasure {
    fn all(gateway: &Gateway) -> Vec<CertificateMeasure> {
        let shown = gateway.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for (listener, tls) in &*shown {
            for (number, not_after) in (1..).zip(tls.expiries()) {
                all.push(CertificateMeasure { listener: listener.clone(), number, not_after });
            }
        }
        all
    }
}

impl PolicyMeasures {
    fn of(role: Role, policy: Arc<Policy>) -> PolicyMeasures {
        PolicyMeasures { role, counters: policy.counters(), usage: policy.usage(), policy }
    }
}
