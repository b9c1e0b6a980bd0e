//! The policy in force, with what the gateway derives from it.

use std::sync::Arc;

use cordon_policy::{Policy, Probe};
use http::{HeaderValue, Method};

use crate::counters::route::{RouteCounters, RouteCounts, Routes};
use crate::request::target::Target;
use crate::route::{RouteError, Router};

/// A policy and its routes. An exchange keeps the one it began with.
pub(crate) struct Active {
    pub(crate) policy: Arc<Policy>,
    pub(crate) router: Router,
    /// One for each route of the manifest.
    pub(crate) counters: Vec<Arc<RouteCounters>>,
    /// The digest's first characters, enough to tell policies apart in a log.
    pub(crate) digest_prefix: String,
    /// The digest as responses tell it.
    pub(crate) digest: HeaderValue,
}

impl Active {
    pub(crate) fn new(policy: Arc<Policy>, known: &Routes) -> Result<Active, RouteError> {
        let routes = &policy.manifest().routes;
        let router = Router::new(routes)?;
        let counters = routes.iter().map(|route| known.named(&route.name)).collect();
        let digest = policy.digest().to_string();
        let digest_prefix = digest.chars().take(12).collect();
        let digest = HeaderValue::from_str(&digest).expect("hexadecimal digits are a header's value");
        Ok(Active { policy, router, counters, digest_prefix, digest })
    }

    /// What the policy is shown of a request. HEAD is decided on as the GET that will be sent.
    pub(crate) fn policy_request(
        &self,
        route: usize,
        method: &Method,
        target: &Target,
    ) -> cordon_policy::Request {
        let decides_on = &self.policy.manifest().routes[route].decides_on;
        let mut values = Vec::new();
        for name in decides_on {
            match self.router.value(route, target.path(), name) {
                Some(value) => values.push((name.clone(), value)),
                None => {
                    values.extend(target.query.values(name).map(|value| (name.clone(), value.to_owned())));
                }
            }
        }
        let method = if method == Method::HEAD { &Method::GET } else { method };
        cordon_policy::Request { method: method.as_str().to_owned(), query: target.query.names(), values }
    }

    /// The path of the record that a request on this route is about. `None`: the request names none, or several.
    pub(crate) fn probe_path(&self, route: usize, target: &Target, probe: &Probe) -> Option<String> {
        self.router.path(probe.route, |parameter| {
            let (_, source) = probe.bindings.iter().find(|(name, _)| name == parameter)?;
            self.router.value(route, target.path(), source).or_else(|| {
                let mut values = target.query.values(source);
                // Of several values the backend might take another than the one that is judged.
                values.next().filter(|_| values.next().is_none()).map(str::to_owned)
            })
        })
    }

    pub(crate) fn counts(&self) -> Vec<RouteCounts> {
        let routes = self.policy.manifest().routes.iter();
        routes.zip(&self.counters).map(|(route, counters)| counters.read(&route.name)).collect()
    }
}
