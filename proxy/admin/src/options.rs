//! What the admin API is told. Plain typed data: the binary reads it from its configuration file.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::identify::Identify;
use crate::policies::Policies;

/// Where the admin API listens and what it takes there.
#[derive(Clone, Debug)]
pub struct AdminConfig {
    /// Its own address. Loopback unless the operator says otherwise: what is sent there is not encrypted.
    pub listen: SocketAddr,
    /// Bytes that a request's body may have.
    pub body: usize,
    /// For the head of a request, and how long an idle connection is kept.
    pub head: Duration,
    /// For the body of a request.
    pub receive: Duration,
    /// From the head of a request to its answer.
    pub answer: Duration,
    /// For requests under way when the listener is told to stop.
    pub drain: Duration,
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
}

impl Default for AdminConfig {
    fn default() -> AdminConfig {
        AdminConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            body: 1 << 20,
            head: Duration::from_secs(10),
            receive: Duration::from_secs(30),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            connections: 256,
        }
    }
}

/// What the router needs besides the store.
#[derive(Clone, Default)]
pub struct Options {
    /// Limits and deadlines.
    pub config: AdminConfig,
    /// Another way to tell callers than by the directory's tokens, such as a JWT.
    pub identify: Option<Arc<dyn Identify>>,
    /// Who keeps the policies. None: they are files.
    pub policies: Option<Arc<dyn Policies>>,
    /// How old the store's last confirmation may be before `/health` says that something is wrong.
    pub max_age: Option<Duration>,
}
