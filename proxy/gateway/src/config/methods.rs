//! The ways to identify a caller.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Method, Uri};
use ipnet::IpNet;
use serde_json_path::JsonPath;

use super::identity::CredentialPlace;

/// A way to identify a caller.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there are a few of them in a process, and none is moved about")]
pub enum IdentityMethod {
    /// The directory knows the token.
    ApiToken,
    /// A JSON web token that somebody else has signed (RFC 7519).
    Jwt(JwtSettings),
    /// A token that its issuer is asked about (RFC 7662).
    Introspection(IntrospectionSettings),
    /// A credential that the backend itself is asked about.
    WhoAmI(WhoAmISettings),
    /// HTTP Basic (RFC 7617).
    Basic(BasicSettings),
    /// A header that a gateway in front of us sets.
    Front(FrontSettings),
    /// The certificate that the client showed when it connected.
    Certificate(CertificateSettings),
}

/// How what a method finds out names a user of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// What the directory is asked by.
    pub by: NamedBy,
    /// Put before what was found out. It keeps the names of one issuer apart from those of another.
    pub prefix: String,
}

/// What the directory is asked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamedBy {
    /// One of a user's subjects.
    #[default]
    Subject,
    /// The login.
    Login,
}

/// How long, and how much of, what others say about credentials is remembered. Credentials are remembered by a hash
/// whose key is made anew at each start.
#[derive(Clone, Copy, Debug)]
pub struct Remembrance {
    /// After how long they are asked again, at the latest.
    pub time: Duration,
    /// Credentials remembered at a time.
    pub entries: usize,
}

impl Default for Remembrance {
    fn default() -> Remembrance {
        Remembrance { time: Duration::from_secs(60), entries: 10_000 }
    }
}

/// Which JSON web tokens are believed.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// What signatures are verified with.
    pub keys: JwtKeys,
    /// Algorithms that may be used. None but these, whatever a token or its issuer says.
    pub algorithms: Vec<JwtAlgorithm>,
    /// Required `iss`.
    pub issuer: String,
    /// `aud` must name one of these.
    pub audiences: Vec<String>,
    /// Claim that names the user.
    pub claim: String,
    /// How it does.
    pub naming: Naming,
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
    /// A JWK set at an `http` or `https` address.
    Url {
        /// Where it is.
        url: Uri,
        /// How it is followed.
        following: Following,
    },
    /// The JWK set that the issuer names in its metadata (OpenID Connect Discovery 1.0, section 4).
    Discovery(Following),
}

/// How published keys are followed. They are fetched at the first token. Tokens whose keys are known do not wait while
/// they are fetched again.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// After how long they are fetched again. A token whose key is unknown has them fetched at once, but at most every
    /// half minute, or every `refresh` if that is shorter.
    pub refresh: Duration,
    /// For how long they stay in force while they cannot be fetched.
    pub max_age: Duration,
}

impl Default for Following {
    fn default() -> Following {
        Following { refresh: Duration::from_secs(300), max_age: Duration::from_secs(24 * 3600) }
    }
}

impl std::fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JwtKeys::Secret(_) => f.write_str("Secret"),
            JwtKeys::File(path) => write!(f, "File({})", path.display()),
            JwtKeys::Url { url, .. } => write!(f, "Url({url})"),
            JwtKeys::Discovery(_) => f.write_str("Discovery"),
        }
    }
}

/// Whom to ask about a token, and what to make of the answer (RFC 7662).
#[derive(Clone)]
pub struct IntrospectionSettings {
    /// The endpoint, an `http` or `https` address.
    pub url: Uri,
    /// What we are called there.
    pub client: String,
    /// Our secret there, shown by HTTP Basic (RFC 6749, section 2.3.1).
    pub secret: String,
    /// `iss` of the answer must be this, where it is configured.
    pub issuer: Option<String>,
    /// `aud` of the answer must name one of these, where any are configured.
    pub audiences: Vec<String>,
    /// Member of the answer that names the user.
    pub claim: String,
    /// How it does.
    pub naming: Naming,
    /// How long an answer counts: never beyond its `exp`.
    pub remembrance: Remembrance,
    /// How long the endpoint may take.
    pub deadline: Duration,
    /// Credentials from these places only are shown to it.
    pub from: Vec<CredentialPlace>,
}

impl std::fmt::Debug for IntrospectionSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Introspection({} as {})", self.url, self.client)
    }
}

/// How the backend is asked whose a credential is.
#[derive(Clone, Debug)]
pub struct WhoAmISettings {
    /// The method, `GET` or `POST`, without a body.
    pub method: Method,
    /// Path and query as the backend knows them, behind the path of its URL.
    pub path: String,
    /// Where in the JSON answer the user is named: one text or number.
    pub user: JsonPath,
    /// How it is.
    pub naming: Naming,
    /// How long an answer counts.
    pub remembrance: Remembrance,
    /// How long the backend may take.
    pub deadline: Duration,
    /// Credentials from these places only are shown to it.
    pub from: Vec<CredentialPlace>,
}

/// Who knows the passwords of HTTP Basic.
#[derive(Clone, Debug)]
pub struct BasicSettings {
    /// Who knows the passwords.
    pub passwords: Passwords,
    /// Whether a caller without a credential is asked for one by HTTP Basic. Browsers then show a dialogue.
    pub challenge: bool,
}

/// Who knows the passwords of HTTP Basic.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one of them in a process, and it is not moved about")]
pub enum Passwords {
    /// The directory: the password is one of the user's API tokens.
    Directory,
    /// The backend is asked with the same header; where credentials come from is not looked at.
    Backend(WhoAmISettings),
}

/// What a gateway in front of us says.
#[derive(Clone, Debug)]
pub struct FrontSettings {
    /// The header that it names the user in.
    pub header: HeaderName,
    /// Where it connects from. What others say in that header counts for nothing (H41).
    pub addresses: Vec<IpNet>,
    /// How it names the user.
    pub naming: Naming,
}

/// What of a client's certificate names the user.
#[derive(Clone, Debug)]
pub struct CertificateSettings {
    /// The part.
    pub part: CertificatePart,
    /// How it does.
    pub naming: Naming,
}

/// A part of a certificate (RFC 5280, sections 4.1.2.6 and 4.2.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificatePart {
    /// The whole distinguished name of the subject, in the order in which it stands there, as in `C=DE, O=Acme, CN=anna`.
    Subject,
    /// The subject's one common name.
    CommonName,
    /// The alternative names that are URIs.
    Uri,
    /// The alternative names that are DNS names, in lower case.
    Dns,
    /// The alternative names that are e-mail addresses.
    Email,
}
