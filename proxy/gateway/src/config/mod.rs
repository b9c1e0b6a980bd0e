//! What the gateway is told. Plain typed data: the binary reads it from its configuration file.

mod backend;
mod hosts;
mod identity;
mod limits;
mod methods;
mod request_id;
mod tls;
mod websocket;

use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri, header};

pub use backend::{BackendConfig, BackendCredential};
pub use hosts::{
    ActiveCheck, HostAddress, HostChecks, HostLimits, NotAHost, Resolve, Resolved, Resolver, SystemResolver,
};
pub use identity::{CredentialPlace, CredentialPlaces, IdentityConfig, STRIPPED_HEADERS};
pub use limits::{Deadlines, LeastRate, Limits, Rate};
pub use methods::{
    BasicSettings, CertificatePart, CertificateSettings, Following, FrontSettings, IdentityMethod,
    IntrospectionSettings, JwtAlgorithm, JwtKeys, JwtSettings, NamedBy, Naming, Passwords, Remembrance,
    WhoAmISettings,
};
pub use request_id::RequestIds;
pub use tls::{
    AcmeConfig, CertificateFiles, ClientAuthorities, ClientTlsConfig, ServerTlsConfig, TlsVersion,
};
pub use websocket::WebSocketConfig;

/// Everything the data plane needs besides the directory and the policy.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The server behind us.
    pub backend: BackendConfig,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How large things may be.
    pub limits: Limits,
    /// How callers are identified.
    pub identity: IdentityConfig,
    /// Where a caller says which project they ask for (D24).
    pub project: ProjectSelector,
    /// From which the key of each scope's hash masks is derived (H37).
    pub mask_secret: MaskSecret,
    /// Which `X-Forwarded-*` headers the backend gets, told by us.
    pub forwarded: Forwarded,
    /// Request headers that pass beside [`REQUEST_HEADERS`]. Framing, validators, ranges, identity and
    /// credentials never pass by being named here.
    pub request_headers: Vec<HeaderName>,
    /// Cookies that pass, such as the one that names a language. Those that hold credentials never pass by being named
    /// here.
    pub request_cookies: Vec<String>,
    /// `Cache-Control` of every response (H17).
    pub cache_control: HeaderValue,
    /// Limits of the body editor (H26).
    pub editor: cordon_rewrite::Limits,
    /// What WebSockets may be.
    pub websocket: WebSocketConfig,
    /// The response header that tells callers the digest of the policy that served them; none if absent.
    pub policy_header: Option<HeaderName>,
    /// Ids of requests; if absent, what a client says passes as it comes.
    pub request_ids: Option<RequestIds>,
    /// How long the directory's database may be out of reach before nothing is served any more: a membership that was
    /// taken away meanwhile would still be in force.
    pub directory_age: Duration,
}

impl GatewayConfig {
    /// The usual name of the header that tells the policy's digest.
    pub const POLICY_HEADER: &str = "cordon-policy";

    /// A configuration with the defaults for everything but what has none.
    pub fn new(backend: Uri, mask_secret: MaskSecret) -> GatewayConfig {
        GatewayConfig {
            backend: BackendConfig::new(backend),
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            identity: IdentityConfig::default(),
            project: ProjectSelector::default(),
            mask_secret,
            forwarded: Forwarded::default(),
            request_headers: Vec::new(),
            request_cookies: Vec::new(),
            cache_control: HeaderValue::from_static("private, no-store"),
            editor: cordon_rewrite::Limits::default(),
            websocket: WebSocketConfig::default(),
            policy_header: Some(HeaderName::from_static(GatewayConfig::POLICY_HEADER)),
            request_ids: None,
            directory_age: Duration::from_secs(3600),
        }
    }
}

/// Headers of a request that always pass to the backend, besides those that the gateway sets itself.
pub static REQUEST_HEADERS: [HeaderName; 7] = [
    header::ACCEPT_LANGUAGE,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Where a caller says which project they ask for (D24). It is taken out of what the backend gets.
#[derive(Clone, Debug, Default)]
pub struct ProjectSelector {
    /// A header, such as `X-Project`.
    pub header: Option<HeaderName>,
    /// A query parameter, such as `project`.
    pub query: Option<String>,
}

/// Which `X-Forwarded-*` headers the backend gets. What a client sends of them is never passed on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forwarded {
    /// `X-Forwarded-For`: the client's address.
    pub address: bool,
    /// `X-Forwarded-Proto`: `http` or `https`.
    pub scheme: bool,
    /// `X-Forwarded-Host`: the host that the client asked for.
    pub host: bool,
}

/// The secret behind all hash masks. It never appears in debug output.
#[derive(Clone)]
pub struct MaskSecret(pub [u8; 32]);

impl std::fmt::Debug for MaskSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MaskSecret")
    }
}
