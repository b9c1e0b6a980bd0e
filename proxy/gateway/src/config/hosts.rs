//! The hosts of a backend: where they are, how much they are asked, when they are left out.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Where one host of a backend is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostAddress {
    /// A name or an address, and a port. A name stands for all of its addresses.
    Network {
        /// As in a URL, but an IPv6 address has no brackets.
        name: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix(PathBuf),
}

/// A text is not where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a host is written as name:port, address:port, [IPv6 address]:port or unix:/path")]
pub struct NotAHost;

impl FromStr for HostAddress {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<HostAddress, NotAHost> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(HostAddress::Unix(path)) } else { Err(NotAHost) };
        }
        let (name, port) = text.rsplit_once(':').ok_or(NotAHost)?;
        let port = port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(NotAHost)?;
        let inner = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        match inner {
            Some(inner) if matches!(inner.parse(), Ok(IpAddr::V6(_))) => {
                Ok(HostAddress::Network { name: inner.to_owned(), port })
            }
            None if is_name(name) => Ok(HostAddress::Network { name: name.to_owned(), port }),
            _ => Err(NotAHost),
        }
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostAddress::Network { name, port } if name.contains(':') => write!(f, "[{name}]:{port}"),
            HostAddress::Network { name, port } => write!(f, "{name}:{port}"),
            HostAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What the hosts are asked at a time. Beyond it requests wait, and are refused when too many do.
#[derive(Clone, Copy, Debug)]
pub struct HostLimits {
    /// Connections to one address of a host, those that lie idle included.
    pub connections: usize,
    /// Connections to one address that are kept though nothing is under way on them.
    pub idle_connections: usize,
    /// How long they are kept.
    pub idle_time: Duration,
    /// Requests under way at all hosts together, from their head to the last byte of the answer.
    pub requests: usize,
    /// Requests that may wait until one of those is over.
    pub waiting: usize,
    /// How long they wait.
    pub waiting_time: Duration,
    /// Requests that were never answered and are sent once more, of a hundred that could be.
    pub retry_percent: u32,
    /// As many a second are sent once more whatever the percentage is.
    pub retries_per_second: u32,
}

impl Default for HostLimits {
    fn default() -> HostLimits {
        HostLimits {
            connections: 2048,
            idle_connections: 512,
            idle_time: Duration::from_secs(30),
            requests: 8192,
            waiting: 1024,
            waiting_time: Duration::from_secs(5),
            retry_percent: 20,
            retries_per_second: 10,
        }
    }
}

/// When a host is left out.
#[derive(Clone, Debug)]
pub struct HostChecks {
    /// After so many failures on end: connections that cannot be made, answers that do not come or break off, and
    /// statuses of 500 and above.
    pub eject_after: u32,
    /// For how long at first; each time that it fails again as soon as it is back, twice as long.
    pub eject_time: Duration,
    /// For how long at most.
    pub eject_longest: Duration,
    /// If less than this share of the addresses is left, in percent, none is left out: what remains would not carry
    /// everything, and the fault is likely elsewhere.
    pub panic_percent: u32,
    /// How often names are resolved again.
    pub resolve_interval: Duration,
    /// Whether hosts are asked how they are.
    pub active: Option<ActiveCheck>,
}

impl Default for HostChecks {
    fn default() -> HostChecks {
        HostChecks {
            eject_after: 5,
            eject_time: Duration::from_secs(10),
            eject_longest: Duration::from_secs(300),
            panic_percent: 50,
            resolve_interval: Duration::from_secs(30),
            active: None,
        }
    }
}

/// How hosts are asked how they are: by GET, without a credential, on a connection of its own. A status from 200 to 399
/// is well.
#[derive(Clone, Debug)]
pub struct ActiveCheck {
    /// Path and query, from the host's root.
    pub path: http::uri::PathAndQuery,
    /// How often.
    pub interval: Duration,
    /// For the whole of it.
    pub timeout: Duration,
    /// So many on end that are not well, and nothing is asked of the host any more.
    pub unhealthy_after: u32,
    /// So many on end that are well, and it is asked again.
    pub healthy_after: u32,
}

impl ActiveCheck {
    /// A check of this path with the usual times.
    pub fn new(path: http::uri::PathAndQuery) -> ActiveCheck {
        ActiveCheck {
            path,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            unhealthy_after: 3,
            healthy_after: 2,
        }
    }
}

/// The addresses of a name, when they are known.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of names.
pub trait Resolve: Send + Sync {
    /// The addresses that `name` has now, with the port.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolved<'a>;
}

/// Asks what this machine asks: its hosts file and DNS, by the system's own resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolved<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
    }
}

/// Finds the addresses of hosts.
#[derive(Clone)]
pub struct Resolver(pub Arc<dyn Resolve>);

impl Default for Resolver {
    fn default() -> Resolver {
        Resolver(Arc::new(SystemResolver))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_they_are_shown() {
        for text in ["crm.internal:9000", "10.0.0.5:80", "[::1]:8080", "unix:/run/crm.sock", "a_b-c:1"] {
            assert_eq!(text.parse::<HostAddress>().map(|host| host.to_string()).as_deref(), Ok(text));
        }
        for wrong in [
            "",
            "crm",
            "crm:",
            "crm:0",
            "crm:70000",
            ":80",
            "http://crm:80",
            "crm:80/x",
            "u@crm:80",
            "::1:80",
            "[crm]:80",
            "[10.0.0.1]:80",
            "unix:run/crm.sock",
            "unix:",
            "cr m:80",
        ] {
            assert_eq!(wrong.parse::<HostAddress>(), Err(NotAHost), "{wrong}");
        }
    }
}
