//! What the gateway is told. Plain typed data: the binary reads it from its configuration file.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Uri, header};

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
    /// `Cache-Control` of every response (H17).
    pub cache_control: HeaderValue,
    /// Limits of the body editor (H26).
    pub editor: cordon_rewrite::Limits,
    /// The response header that tells callers the digest of the policy that served them; none if absent.
    pub policy_header: Option<HeaderName>,
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
            backend: BackendConfig { url: backend, ca_file: None, credential: BackendCredential::None },
            deadlines: Deadlines::default(),
            limits: Limits::default(),
            identity: IdentityConfig::default(),
            project: ProjectSelector::default(),
            mask_secret,
            forwarded: Forwarded::default(),
            request_headers: Vec::new(),
            cache_control: HeaderValue::from_static("private, no-store"),
            editor: cordon_rewrite::Limits::default(),
            policy_header: Some(HeaderName::from_static(GatewayConfig::POLICY_HEADER)),
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

/// The server behind us.
#[derive(Clone, Debug)]
pub struct BackendConfig {
    /// `http` or `https`, with an optional path that is put before every request's.
    pub url: Uri,
    /// PEM file of the authorities that may have signed the backend's certificate, instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// What the backend is shown to let us in.
    pub credential: BackendCredential,
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

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a TCP connection to the backend.
    pub connect: Duration,
    /// From a request sent to the backend's response head.
    pub head: Duration,
    /// Between two pieces of a body, from either side, and for a client that does not read.
    pub idle: Duration,
    /// From the request's head to the last byte from the backend.
    pub whole: Duration,
    /// For a client to send a request head; also how long an idle connection is kept.
    pub request_head: Duration,
    /// For requests under way when the gateway is told to stop.
    pub drain: Duration,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            connect: Duration::from_secs(5),
            head: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            whole: Duration::from_secs(600),
            request_head: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

/// How large things may be, in bytes where nothing else is said.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A request's body.
    pub request_body: u64,
    /// A response's body as it comes from the backend.
    pub response_body: u64,
    /// A response's body after decoding its content coding.
    pub decoded_body: u64,
    /// How many times its coded size a decoded body may have, beyond the first MiB (H15).
    pub decoded_ratio: u64,
    /// A request's head.
    pub request_head: usize,
    /// Number of headers in a request.
    pub request_headers: usize,
    /// Results of at most this size are sent with a `Content-Length`; of larger ones this much is held until the
    /// head is sent. It counts what the caller gets, so that framing tells nothing of what was taken away.
    pub whole_answer: usize,
    /// Concurrent HTTP/2 streams on a connection.
    pub streams: u32,
    /// Connections at a time; further ones wait to be accepted.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_body: 16 << 20,
            response_body: 4 << 30,
            decoded_body: 4 << 30,
            decoded_ratio: 200,
            request_head: 32 << 10,
            request_headers: 100,
            whole_answer: 32 << 10,
            streams: 128,
            connections: 20_000,
        }
    }
}

/// How callers are identified.
#[derive(Clone, Debug)]
pub struct IdentityConfig {
    /// Ways to identify a caller, tried in this order on each credential presented.
    pub methods: Vec<IdentityMethod>,
    /// Where credentials stand beside `Authorization: Bearer`.
    pub places: CredentialPlaces,
    /// Headers in which other proxies name the caller: never forwarded, whoever sent them (H41).
    pub stripped: Vec<HeaderName>,
}

impl Default for IdentityConfig {
    fn default() -> IdentityConfig {
        IdentityConfig {
            methods: vec![IdentityMethod::ApiToken],
            places: CredentialPlaces::default(),
            stripped: STRIPPED_HEADERS.to_vec(),
        }
    }
}

/// Headers by which proxies commonly tell backends who is calling.
pub static STRIPPED_HEADERS: [HeaderName; 15] = [
    HeaderName::from_static("x-forwarded-user"),
    HeaderName::from_static("x-forwarded-email"),
    HeaderName::from_static("x-forwarded-groups"),
    HeaderName::from_static("x-forwarded-preferred-username"),
    HeaderName::from_static("x-forwarded-access-token"),
    HeaderName::from_static("x-auth-request-user"),
    HeaderName::from_static("x-auth-request-email"),
    HeaderName::from_static("x-authenticated-user"),
    HeaderName::from_static("x-remote-user"),
    HeaderName::from_static("remote-user"),
    HeaderName::from_static("x-user"),
    HeaderName::from_static("x-user-id"),
    HeaderName::from_static("x-user-email"),
    HeaderName::from_static("x-ssl-client-dn"),
    HeaderName::from_static("x-client-cert"),
];

/// Where credentials stand. `Authorization: Bearer` is always looked at.
#[derive(Clone, Debug)]
pub struct CredentialPlaces {
    /// Headers that hold a bare token.
    pub headers: Vec<HeaderName>,
    /// Query parameters that hold a bare token.
    pub query: Vec<String>,
}

impl Default for CredentialPlaces {
    fn default() -> CredentialPlaces {
        CredentialPlaces { headers: vec![HeaderName::from_static("x-api-key")], query: Vec::new() }
    }
}

/// A way to identify a caller.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there are two or three of them in a process, and none is moved about"
)]
pub enum IdentityMethod {
    /// The directory knows the token.
    ApiToken,
    /// A JSON web token that somebody else has signed (RFC 7519).
    Jwt(JwtSettings),
}

/// Which JSON web tokens are believed.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// What signatures are verified with.
    pub keys: JwtKeys,
    /// Algorithms that may be used. None but these, whatever a token says.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Required `iss`.
    pub issuer: String,
    /// `aud` must name one of these.
    pub audiences: Vec<String>,
    /// Claim that the directory's users are found by.
    pub claim: String,
    /// Tolerated difference between clocks.
    pub leeway: Duration,
}

/// Signature algorithms of JSON web tokens (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwtAlgorithm {
    /// RSA PKCS#1 1.5 with SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256; only with [`JwtKeys::Secret`].
    Hs256,
}

/// What JSON web tokens are verified with.
#[derive(Clone)]
pub enum JwtKeys {
    /// A shared secret, for HS256 alone.
    Secret(Vec<u8>),
    /// A JWK set (RFC 7517) in a file. Symmetric keys in it are not used.
    File(PathBuf),
    /// A JWK set at an `http` or `https` address, fetched at the first token, every `refresh`, and, at most every
    /// half minute, for a token whose key is unknown.
    Url {
        /// Where it is.
        url: Uri,
        /// After how long it is fetched again.
        refresh: Duration,
    },
}

impl std::fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JwtKeys::Secret(_) => f.write_str("Secret"),
            JwtKeys::File(path) => write!(f, "File({})", path.display()),
            JwtKeys::Url { url, .. } => write!(f, "Url({url})"),
        }
    }
}

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
