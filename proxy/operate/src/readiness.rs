//! Whether requests may be sent here.

use cordon_gateway::{Gateway, HostStatus};

/// Why no requests should be sent here at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unready {
    /// The process was told to stop.
    Draining,
    /// The directory could not be confirmed for too long.
    DirectoryStale,
    /// None of the backend's hosts is asked.
    BackendDown,
}

impl Unready {
    /// The word that is told.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Unready::Draining => "draining",
            Unready::DirectoryStale => "directory-stale",
            Unready::BackendDown => "backend-down",
        }
    }
}

/// Everything that speaks against sending requests here; nothing if they are welcome. A policy is in force in any case:
/// there is no gateway without.
pub(crate) fn unready(gateway: &Gateway) -> Vec<Unready> {
    let mut reasons = Vec::new();
    if gateway.is_draining() {
        reasons.push(Unready::Draining);
    }
    if gateway.directory_is_stale() {
        reasons.push(Unready::DirectoryStale);
    }
    // Without any the name was not resolved yet, which the first request waits for.
    let hosts = gateway.backend_state().hosts;
    if !hosts.is_empty() && hosts.iter().all(|host| host.status != HostStatus::Up) {
        reasons.push(Unready::BackendDown);
    }
    reasons
}
