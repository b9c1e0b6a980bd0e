//! The server behind us, and what it is shown.

use http::{HeaderName, HeaderValue, Uri};

use super::hosts::{HostAddress, HostChecks, HostLimits, Resolver};
use super::tls::ClientTlsConfig;

/// The server behind us.
#[derive(Clone, Debug)]
pub struct BackendConfig {
    /// `http` or `https`, with an optional path that is put before every request's. Its authority is what the backend is
    /// called: in `Host`, and in its certificate.
    pub url: Uri,
    /// Where it is, if that is not what the URL says: all of these serve the same.
    pub hosts: Vec<HostAddress>,
    /// What a host, and all of them together, are asked at a time.
    pub host_limits: HostLimits,
    /// When a host is left out.
    pub checks: HostChecks,
    /// How the names of hosts become addresses.
    pub resolver: Resolver,
    /// How it is reached by TLS, if the URL says so.
    pub tls: ClientTlsConfig,
    /// What the backend is shown to let us in.
    pub credential: BackendCredential,
}

impl BackendConfig {
    /// A backend that is where its URL says, and shown nothing.
    pub fn new(url: Uri) -> BackendConfig {
        BackendConfig {
            url,
            hosts: Vec::new(),
            host_limits: HostLimits::default(),
            checks: HostChecks::default(),
            resolver: Resolver::default(),
            tls: ClientTlsConfig::default(),
            credential: BackendCredential::None,
        }
    }
}

/// What the backend is shown to let a request in.
#[derive(Clone)]
pub enum BackendCredential {
    /// Nothing: it lets us in by address, say.
    None,
    /// What the caller sent, where the caller sent it.
    PassThrough,
    /// A service credential in a header.
    Header {
        /// The header's name.
        name: HeaderName,
        /// Its value, such as `Bearer …`.
        value: HeaderValue,
    },
    /// A service credential in a query parameter.
    Query {
        /// The parameter's name.
        name: String,
        /// Its value.
        value: String,
    },
}

impl std::fmt::Debug for BackendCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BackendCredential::None => f.write_str("None"),
            BackendCredential::PassThrough => f.write_str("PassThrough"),
            BackendCredential::Header { name, .. } => write!(f, "Header({name})"),
            BackendCredential::Query { name, .. } => write!(f, "Query({name})"),
        }
    }
}
