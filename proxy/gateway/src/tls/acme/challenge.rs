//! The proof that a name leads here, by TLS alone (TLS-ALPN-01, RFC 8737).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::TlsVersion;
use crate::tls::acme::OrderError;
use crate::tls::{TlsError, provider, versions};

/// What an ACME server asks for (RFC 8737, section 6.2).
const PROTOCOL: &[u8] = b"acme-tls/1";

/// The proofs that are waited for at this moment, by name.
#[derive(Debug, Default)]
pub(super) struct Challenges(Mutex<HashMap<String, Arc<CertifiedKey>>>);

impl Challenges {
    /// Shows the digest of a key authorization to whoever asks for the proof of this name (RFC 8737, section 3).
    pub(super) fn show(&self, name: &str, digest: &[u8]) -> Result<(), OrderError> {
        let shown = certificate(name, digest, &provider())?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), Arc::new(shown));
        Ok(())
    }

    /// Shows nothing any more.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl ResolvesServerCert for Challenges {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hello.server_name().and_then(|name| all.get(name)).map(Arc::clone)
    }
}

/// Whether the client is an ACME server that looks for its proof: it speaks of nothing else (RFC 8737, section 3).
pub(crate) fn is_challenge(hello: &ClientHello<'_>) -> bool {
    hello.alpn().is_some_and(|protocols| protocols.eq([PROTOCOL]))
}

/// TLS for nothing but the proofs. Certificates of clients are not asked for: ACME servers have none.
pub(super) fn answering(challenges: Arc<Challenges>) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(versions(TlsVersion::Tls12))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(challenges);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

/// Signed by itself, made out to the one name, with the digest in its critical extension.
fn certificate(name: &str, digest: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, OrderError> {
    let mut params = CertificateParams::new([name.to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = provider.key_provider.load_private_key(key).map_err(TlsError::from)?;
    // Not compared with each other: the certificate cannot be read back for its critical extension.
    Ok(CertifiedKey::new(chain, key))
}
