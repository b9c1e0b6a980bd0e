//! TLS towards clients.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be used.
    #[error("{path}: {reason}; it must hold {expected} in PEM")]
    File {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        reason: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Certificate and key do not go together, or cannot be used.
    #[error("TLS certificate: {0}")]
    Certificate(#[from] rustls::Error),
}

/// A TLS configuration with a certificate chain and its private key from PEM files, offering HTTP/2 and HTTP/1.1.
///
/// # Errors
/// A file cannot be read, or holds something else, or the two do not go together.
pub fn server_config(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let wrong = |path: &Path, expected: &'static str, reason: String| TlsError::File {
        path: path.to_owned(),
        reason,
        expected,
    };
    let no_chain = |error: rustls::pki_types::pem::Error| wrong(chain, "certificates", error.to_string());
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(no_chain)?;
    if certificates.is_empty() {
        return Err(wrong(chain, "certificates", "there is none".into()));
    }
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, "a private key", error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
