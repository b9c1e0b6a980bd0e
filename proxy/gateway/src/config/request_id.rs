//! Names of requests.

use ipnet::IpNet;

/// Each request has an id, by which it is found in the logs of all that it passes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// Where gateways connect from whose ids are taken over. Everybody else's are replaced.
    pub addresses: Vec<IpNet>,
}
