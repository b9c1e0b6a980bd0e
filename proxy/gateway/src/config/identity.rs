//! How callers are identified.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};

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
