//! What operators watch a proxy by. `OPERATE.md` beside this crate says what is offered.
//!
//! [`serve`] has a listener of its own, so that nothing of this shadows a route of the backend: `/healthz`, `/readyz`
//! and `/metrics`. What is told there are counts, names of routes and states; no caller, path or value (H42).

mod log;
mod logs;
mod metrics;
mod readiness;
mod serve;
mod traces;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cordon_gateway::Gateway;

pub use log::Place;
pub use log::access::{AccessLogConfig, Format};
pub use log::audit::{AuditConfig, WhenFull};
pub use logs::{Logs, LogsConfig, LogsError};
pub use serve::serve;
pub use traces::{TracesConfig, TracesError};

/// Where operators ask.
#[derive(Clone, Copy, Debug)]
pub struct OperateConfig {
    /// Address and port.
    pub listen: SocketAddr,
}

/// What is told of.
#[derive(Clone)]
pub struct Plane {
    /// The data plane.
    pub gateway: Arc<Gateway>,
    /// What it writes to.
    pub logs: Arc<Logs>,
}

/// Connections at a time; further ones wait.
const CONNECTIONS: usize = 64;
/// For a request's head, and for an idle connection.
const HEAD: Duration = Duration::from_secs(30);
