//! How callers are identified: where credentials stand, and which are looked at.

use std::path::PathBuf;

use http::HeaderName;

use super::methods::IdentityMethod;

/// How callers are identified.
#[derive(Clone, Debug)]
pub struct IdentityConfig {
    /// Ways to identify a caller, tried in this order on each credential presented.
    pub methods: Vec<IdentityMethod>,
    /// Where credentials stand beside `Authorization`.
    pub places: CredentialPlaces,
    /// Headers in which other proxies name the caller: never forwarded, whoever sent them (H41).
    pub stripped: Vec<HeaderName>,
    /// What a caller without a credential is told that one is asked for (`WWW-Authenticate`, RFC 9110, section
    /// 11.6.1). Without quotation marks and backslashes.
    pub realm: String,
    /// PEM file of the authorities that may have signed the certificates of issuers, instead of the public ones.
    pub authorities: Option<PathBuf>,
}

impl Default for IdentityConfig {
    fn default() -> IdentityConfig {
        IdentityConfig {
            methods: vec![IdentityMethod::ApiToken],
            places: CredentialPlaces::default(),
            stripped: STRIPPED_HEADERS.to_vec(),
            realm: "cordon".to_owned(),
            authorities: None,
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

/// Where credentials stand. `Authorization` is always looked at.
#[derive(Clone, Debug)]
pub struct CredentialPlaces {
    /// Headers that hold a bare token.
    pub headers: Vec<HeaderName>,
    /// Query parameters that hold a bare token.
    pub query: Vec<String>,
    /// Cookies that hold a token or name a session. All others are no credentials.
    pub cookies: Vec<String>,
}

/// A place in which a credential stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialPlace {
    /// `Authorization: Bearer`.
    Authorization,
    /// One of [`CredentialPlaces::headers`].
    Header,
    /// One of [`CredentialPlaces::query`].
    Query,
    /// One of [`CredentialPlaces::cookies`].
    Cookie,
}

impl Default for CredentialPlaces {
    fn default() -> CredentialPlaces {
        CredentialPlaces {
            headers: vec![HeaderName::from_static("x-api-key")],
            query: Vec::new(),
            cookies: Vec::new(),
        }
    }
}
