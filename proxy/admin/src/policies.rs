//! What the admin API may ask of whoever keeps the policies: which one is in force, what is tried out beside it, and
//! changes of both.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Keeps the policies of this process.
pub trait Policies: Send + Sync {
    /// What is in force, on trial and on offer.
    fn standing(&self) -> PolicyStanding;

    /// What happened to the policies of this process, the newest first, `limit` of it at the most.
    ///
    /// # Errors
    /// Why the history cannot be read.
    fn history(&self, limit: usize) -> Answering<'_, Vec<PolicyEvent>>;

    /// Carries an order out, for the user `by`.
    fn order<'a>(&'a self, by: &'a str, order: PolicyOrder) -> Answering<'a, ()>;
}

/// What comes after a while.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, PolicyRefusal>> + Send + 'a>>;

/// What is in force, on trial and on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyStanding {
    /// The bundle in force.
    pub active: PolicyBundle,
    /// What is tried out beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trial: Option<PolicyTrial>,
    /// Bundles that were found to be in order and can be tried out or put in force.
    pub offered: Vec<PolicyBundle>,
    /// What came last and was kept out, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kept_out: Option<String>,
}

/// A bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyBundle {
    /// Its digest: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its name.
    pub name: String,
    /// Its version, as people count.
    pub version: String,
    /// Its counter, which only grows.
    pub counter: u64,
    /// The names of the keys that signed it.
    pub signed_by: Vec<String>,
}

/// A candidate beside the bundle in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyTrial {
    /// The candidate.
    pub bundle: PolicyBundle,
    /// How many of ten thousand exchanges are compared.
    pub compared: u16,
    /// How many of ten thousand callers it serves.
    pub served: u16,
    /// Why it serves nobody any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stopped: Option<String>,
    /// What was found so far.
    pub report: PolicyReport,
}

/// What comparing a candidate with the bundle in force has found: counts, never a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyReport {
    /// Exchanges that were compared.
    pub compared: u64,
    /// Exchanges that were too long, broken off, or too many to be compared.
    pub skipped: u64,
    /// By the route's name.
    pub routes: BTreeMap<String, PolicyRouteReport>,
}

/// What was found on a route. Places are JSONPaths, or `(request)`, `(query)`, `(header …)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRouteReport {
    /// Exchanges that were compared.
    pub compared: u64,
    /// Exchanges that the candidate failed.
    pub failed: u64,
    /// What the candidate shows and the bundle in force does not, by place.
    pub revealed: BTreeMap<String, u64>,
    /// What the bundle in force shows and the candidate does not, by place.
    pub hidden: BTreeMap<String, u64>,
}

/// Something that happened to the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyEvent {
    /// From 1, without a gap.
    pub number: u64,
    /// When (RFC 3339).
    #[schema(format = DateTime)]
    pub time: String,
    /// Who: `user:` and a login, or a part of Cordon.
    pub by: String,
    /// `activate`, `rollback`, `trial`, `automatic-return`, `end-trial`.
    pub action: String,
    /// Of which bundle.
    pub bundle: PolicyBundle,
    /// What its trial had found, or why it was sent home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, nullable = false)]
    pub report: Option<serde_json::Value>,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyOrder {
    /// Try a bundle out beside the one in force.
    Try {
        /// The bundle; without it the newest on offer.
        digest: Option<String>,
        /// How many of ten thousand exchanges are compared.
        compared: u16,
        /// How many of ten thousand callers it serves.
        served: u16,
        /// What it may reveal: routes and places.
        approved: Vec<(String, String)>,
    },
    /// End the trial.
    EndTrial,
    /// Put the bundle on trial, or another one on offer, in force.
    Promote {
        /// The bundle; without it the one on trial.
        digest: Option<String>,
    },
    /// Put a bundle in force that was before, whatever its counter.
    Rollback {
        /// The bundle; without it the one before.
        digest: Option<String>,
    },
}

/// Why an order is not carried out. Everything is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// The order makes no sense as things stand.
    #[error("{0}")]
    Declined(String),
    /// We could not do it.
    #[error("{0}")]
    Failed(String),
}
