//! What can be known of the backend from outside: for metrics, and for whoever asks why requests fail.

/// Whether a host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostStatus {
    /// It is.
    Up,
    /// Its answers failed too often; it is left out for a while.
    Ejected,
    /// It does not answer its health check.
    Unhealthy,
}

impl HostStatus {
    /// The word for it in logs and metrics.
    pub fn word(self) -> &'static str {
        match self {
            HostStatus::Up => "up",
            HostStatus::Ejected => "ejected",
            HostStatus::Unhealthy => "unhealthy",
        }
    }
}

/// One address of one host. What is counted, is since the address is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostState {
    /// As it is configured.
    pub host: String,
    /// What that is at present, such as `10.0.0.5:9000`, or `memory` for one in this process.
    pub address: String,
    /// Whether it is asked.
    pub status: HostStatus,
    /// Requests under way.
    pub in_flight: usize,
    /// Connections that lie idle.
    pub idle: usize,
    /// Requests that it was chosen for, repeated ones included.
    pub requests: u64,
    /// Connections that were made.
    pub connects: u64,
    /// Connections that could not be made.
    pub connects_failed: u64,
    /// Answers that did not come, broke off, or had a status of 500 or above.
    pub failures: u64,
    /// How often it was ejected.
    pub ejections: u64,
}

/// The backend as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendState {
    /// Its hosts, an entry for each address. None while a name was not resolved yet.
    pub hosts: Vec<HostState>,
    /// Requests under way, at all hosts.
    pub in_flight: usize,
    /// Requests that wait for a place.
    pub waiting: usize,
    /// Requests refused since too many were under way.
    pub refused: u64,
    /// Requests that were sent once more.
    pub retries: u64,
    /// Requests that would have been, but for the budget.
    pub retries_refused: u64,
}
