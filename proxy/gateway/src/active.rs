//! The policy in force, with what the gateway derives from it.

use std::sync::Arc;

use cordon_policy::Policy;

use crate::counters::{RouteCounters, RouteCounts};
use crate::route::{RouteError, Router};

/// A policy and its routes. An exchange keeps the one it began with.
pub(crate) struct Active {
    pub(crate) policy: Arc<Policy>,
    pub(crate) router: Router,
    /// One for each route of the manifest.
    pub(crate) counters: Vec<Arc<RouteCounters>>,
    /// The digest's first characters, enough to tell policies apart in a log.
    pub(crate) digest_prefix: String,
}

impl Active {
    pub(crate) fn new(policy: Arc<Policy>) -> Result<Active, RouteError> {
        let routes = &policy.manifest().routes;
        let router = Router::new(routes)?;
        let counters = routes.iter().map(|_| Arc::default()).collect();
        let digest_prefix = policy.digest().to_string().chars().take(12).collect();
        Ok(Active { policy, router, counters, digest_prefix })
    }

    pub(crate) fn counts(&self) -> Vec<RouteCounts> {
        let routes = self.policy.manifest().routes.iter();
        routes.zip(&self.counters).map(|(route, counters)| counters.read(&route.name)).collect()
    }
}
