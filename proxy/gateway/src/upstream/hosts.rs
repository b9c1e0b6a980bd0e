//! All addresses of a backend at present: names are resolved again and again, and addresses come and go.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::{HostAddress, Resolver};
use crate::upstream::connect::Place;
use crate::upstream::host::Host;

/// Addresses that a name may have.
const ADDRESSES: usize = 64;

/// The addresses in use.
pub(super) struct Hosts {
    current: ArcSwap<Vec<Arc<Host>>>,
    names: Vec<Name>,
    resolver: Resolver,
    /// When names were last resolved. Held while they are, so that it is done once.
    resolved: Mutex<Option<Instant>>,
}

struct Name {
    shown: Arc<str>,
    name: String,
    port: u16,
}

impl Hosts {
    pub(super) fn new(configured: &[HostAddress], resolver: Resolver) -> Hosts {
        let mut names = Vec::new();
        let mut fixed = Vec::new();
        for host in configured {
            let shown = Arc::from(host.to_string());
            match host {
                HostAddress::Unix(path) => fixed.push(Host::new(shown, Place::Unix(path.clone()))),
                HostAddress::Network { name, port } => match name.parse::<IpAddr>() {
                    Ok(ip) => fixed.push(Host::new(shown, Place::Socket(SocketAddr::new(ip, *port)))),
                    Err(_) => names.push(Name { shown, name: name.clone(), port: *port }),
                },
            }
        }
        Hosts { current: ArcSwap::from_pointee(fixed), names, resolver, resolved: Mutex::new(None) }
    }

    /// The one place that there is.
    pub(super) fn only(place: Place) -> Hosts {
        let host = Host::new("memory".into(), place);
        Hosts {
            current: ArcSwap::from_pointee(vec![host]),
            names: Vec::new(),
            resolver: Resolver::default(),
            resolved: Mutex::new(None),
        }
    }

    pub(super) fn current(&self) -> Guard<Arc<Vec<Arc<Host>>>> {
        self.current.load()
    }

    /// Whether addresses can change at all.
    pub(super) fn have_names(&self) -> bool {
        !self.names.is_empty()
    }

    /// Resolves the names, unless that was done within `interval`. A name that cannot be resolved keeps the addresses
    /// that it had. Whether there is an address now; the error is for the log.
    pub(super) async fn resolve(&self, interval: Duration, patience: Duration) -> Result<(), String> {
        let mut resolved = self.resolved.lock().await;
        if resolved.is_none_or(|last| last.elapsed() >= interval) {
            let problem = self.resolve_now(patience).await;
            let is_empty = self.current.load().is_empty();
            // Nobody waits for the interval when there is no address at all.
            *resolved = (!is_empty).then(Instant::now);
            if let Some(problem) = problem {
                if is_empty {
                    return Err(problem);
                }
                tracing::warn!(
                    problem,
                    "a backend's name cannot be resolved; its last addresses stay in use"
                );
            }
        }
        Ok(())
    }

    async fn resolve_now(&self, patience: Duration) -> Option<String> {
        let before = self.current.load_full();
        let mut problem = None;
        let mut now = before.iter().filter(|host| !self.is_named(host)).cloned().collect::<Vec<_>>();
        for name in &self.names {
            let had = || before.iter().filter(|host| Arc::ptr_eq(&host.name, &name.shown));
            match self.addresses(name, patience).await {
                Ok(addresses) => now.extend(addresses.into_iter().map(|address| {
                    let known =
                        had().find(|host| matches!(host.place, Place::Socket(known) if known == address));
                    known.map_or_else(
                        || {
                            tracing::info!(host = &*name.shown, %address, "address of the backend");
                            Host::new(Arc::clone(&name.shown), Place::Socket(address))
                        },
                        Arc::clone,
                    )
                })),
                Err(error) => {
                    now.extend(had().cloned());
                    problem = Some(format!("{}: {error}", name.shown));
                }
            }
        }
        for gone in before.iter().filter(|host| !now.iter().any(|other| Arc::ptr_eq(host, other))) {
            tracing::info!(
                host = &*gone.name,
                address = gone.address(),
                "no address of the backend any more"
            );
            gone.retire();
        }
        self.current.store(Arc::new(now));
        problem
    }

    fn is_named(&self, host: &Host) -> bool {
        self.names.iter().any(|name| Arc::ptr_eq(&host.name, &name.shown))
    }

    async fn addresses(&self, name: &Name, patience: Duration) -> io::Result<Vec<SocketAddr>> {
        let resolving = self.resolver.0.resolve(&name.name, name.port);
        let mut addresses = tokio::time::timeout(patience, resolving).await??;
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(ADDRESSES);
        if addresses.is_empty() {
            return Err(io::Error::other("it has no address"));
        }
        Ok(addresses)
    }
}
