//! What TLS is told, on either side.

use std::path::PathBuf;

/// TLS towards clients.
#[derive(Clone, Debug)]
pub struct ServerTlsConfig {
    /// Certificates with their keys. A client gets the first one that is made out to the name it asks for, and the
    /// first of all if there is none, or if it names nobody.
    pub certificates: Vec<CertificateFiles>,
    /// Where a certificate is had from, in the place of those in files.
    pub acme: Option<AcmeConfig>,
    /// Older versions are refused.
    pub minimum_version: TlsVersion,
    /// Whose certificates clients may show; they are not asked for any if absent.
    pub clients: Option<ClientAuthorities>,
}

/// A certificate of an ACME server (RFC 8555), which is proven by TLS itself (TLS-ALPN-01, RFC 8737).
#[derive(Clone, Debug)]
pub struct AcmeConfig {
    /// The names that the certificate is made out to, at least one.
    pub names: Vec<String>,
    /// Where the server's people reach those who run this, as a URI: `mailto:…`.
    pub contact: Option<String>,
    /// Where account, certificate and keys are kept. Nobody else may look into it.
    pub folder: PathBuf,
    /// The server's directory, by `https`.
    pub directory: String,
    /// PEM file of the authorities that may have signed the certificate of the ACME server, instead of the public ones.
    pub authorities: Option<PathBuf>,
}

/// TLS towards a server.
#[derive(Clone, Debug, Default)]
pub struct ClientTlsConfig {
    /// PEM file of the authorities that may have signed the server's certificate, instead of the public ones.
    pub authorities: Option<PathBuf>,
    /// What the server is shown if it asks for a certificate.
    pub certificate: Option<CertificateFiles>,
    /// Older versions are refused.
    pub minimum_version: TlsVersion,
}

/// A certificate chain and its private key, as PEM files.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The certificate, and after it those that lead to an authority.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// By whom clients are known.
#[derive(Clone, Debug)]
pub struct ClientAuthorities {
    /// PEM file of the authorities that may have signed a client's certificate.
    pub file: PathBuf,
    /// Whether a client without a certificate is refused. One with a wrong certificate always is.
    pub required: bool,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}
