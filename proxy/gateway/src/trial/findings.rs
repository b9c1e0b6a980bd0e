//! What comparing a candidate with the policy in force has found: counts by route and path.

use std::collections::BTreeMap;
use std::time::Duration;

use cordon_policy::Digest;
use cordon_rewrite::Changes;

/// Places of a route that are told apart. What is beyond is counted together.
const PLACES: usize = 1000;
/// The place of everything beyond.
const REST: &str = "…";
/// Comparisons before times say anything.
const TIMED: u64 = 200;

/// A route and a place in its answers, or before them: `(request)` is the request itself, `(query)` what the backend is
/// asked for, `(header NAME)` a header of the answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The route's name in the manifest.
    pub route: String,
    /// The path pattern, such as `$.calls[*].phone`; `*` stands for all of the route where places are approved.
    pub path: String,
}

/// What was found so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The candidate's digest.
    pub candidate: Digest,
    /// Exchanges that were compared.
    pub compared: u64,
    /// Exchanges that were to be compared, but were not: too long, broken off, or too many at once.
    pub skipped: u64,
    /// By route.
    pub routes: BTreeMap<String, RouteFindings>,
    /// How long the policy in force and the candidate took for what was compared.
    pub time: [Duration; 2],
}

/// What was found on a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteFindings {
    /// Exchanges that were compared.
    pub compared: u64,
    /// Exchanges that the candidate failed: they would be refused.
    pub failed: u64,
    /// What the candidate shows and the policy in force does not.
    pub revealed: BTreeMap<String, u64>,
    /// What the policy in force shows and the candidate does not.
    pub hidden: BTreeMap<String, u64>,
}

/// Why a candidate serves nobody any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stop {
    /// It reveals what nobody approved.
    #[error("it newly reveals {} on the route `{}`, which is not approved", .0.path, .0.route)]
    Revealed(Place),
    /// It failed an exchange.
    #[error("it failed an exchange on the route `{route}`")]
    Failed {
        /// The route's name.
        route: String,
    },
    /// It takes too long.
    #[error("it takes more than {times} times as long as the policy in force")]
    Slow {
        /// How many times were allowed.
        times: u32,
    },
}

/// What one exchange adds.
#[derive(Debug, Default)]
pub(super) struct Difference {
    /// The candidate had no answer.
    pub(super) failed: bool,
    pub(super) revealed: BTreeMap<String, u64>,
    pub(super) hidden: BTreeMap<String, u64>,
    pub(super) time: [Duration; 2],
}

/// The counts under way.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    compared: u64,
    skipped: u64,
    routes: BTreeMap<String, RouteFindings>,
    time: [Duration; 2],
}

impl Difference {
    pub(super) fn reveal(&mut self, place: impl Into<String>) {
        *self.revealed.entry(place.into()).or_default() += 1;
    }

    pub(super) fn hide(&mut self, place: impl Into<String>) {
        *self.hidden.entry(place.into()).or_default() += 1;
    }

    pub(super) fn add(&mut self, changes: &Changes) {
        for (counts, more) in [(&mut self.revealed, &changes.revealed), (&mut self.hidden, &changes.hidden)] {
            more.iter().for_each(|(path, count)| *counts.entry(path.to_owned()).or_default() += count);
        }
    }
}

impl Ledger {
    pub(super) fn enter(&mut self, route: &str, difference: Difference) {
        self.compared += 1;
        let of_route = self.routes.entry(route.to_owned()).or_default();
        of_route.compared += 1;
        of_route.failed += u64::from(difference.failed);
        for (counts, more) in
            [(&mut of_route.revealed, difference.revealed), (&mut of_route.hidden, difference.hidden)]
        {
            for (path, count) in more {
                let is_known = counts.len() < PLACES || counts.contains_key(&path);
                *counts.entry(if is_known { path } else { REST.to_owned() }).or_default() += count;
            }
        }
        for (sum, time) in self.time.iter_mut().zip(difference.time) {
            *sum += time;
        }
    }

    pub(super) fn failed(&mut self, route: &str) {
        self.routes.entry(route.to_owned()).or_default().failed += 1;
    }

    pub(super) fn skipped(&mut self) {
        self.skipped += 1;
    }

    /// Whether the candidate takes more than so many times as long.
    pub(super) fn is_slow(&self, times: u32) -> bool {
        let [active, candidate] = self.time;
        self.compared >= TIMED && candidate > active * times
    }

    pub(super) fn read(&self, candidate: &Digest) -> Findings {
        Findings {
            candidate: *candidate,
            compared: self.compared,
            skipped: self.skipped,
            routes: self.routes.clone(),
            time: self.time,
        }
    }
}

impl Place {
    /// Whether an approval of this place covers a path of a route.
    pub(super) fn covers(&self, route: &str, path: &str) -> bool {
        self.route == route && (self.path == "*" || self.path == path)
    }
}
