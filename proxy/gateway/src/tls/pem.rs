//! Files of certificates and keys, read whole before they are looked into: what is looked into is what was compared.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use crate::tls::TlsError;

const CERTIFICATES: &str = "certificates";
const KEY: &str = "a private key";

/// A file as it was read.
pub(super) struct File {
    path: PathBuf,
    content: std::io::Result<Vec<u8>>,
}

impl File {
    pub(super) fn read(path: &Path) -> File {
        File { path: path.to_owned(), content: std::fs::read(path) }
    }

    /// Whether there is no such file, rather than one that cannot be read.
    pub(super) fn is_missing(&self) -> bool {
        self.content.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    }

    /// Adds what is in the file, or that it cannot be read, to a digest.
    pub(super) fn digest(&self, into: &mut Sha256) {
        match &self.content {
            Ok(content) => {
                into.update([1]);
                into.update(Sha256::digest(content));
            }
            Err(_) => into.update([0]),
        }
    }

    /// The certificates in it, at least one.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let content = self.content(CERTIFICATES)?;
        let certificates = CertificateDer::pem_slice_iter(content).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|error| self.wrong(CERTIFICATES, &error))?;
        if certificates.is_empty() {
            return Err(self.wrong(CERTIFICATES, &"there is none"));
        }
        Ok(certificates)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(self.content(KEY)?).map_err(|error| self.wrong(KEY, &error))
    }

    /// The authorities in it, at least one.
    pub(super) fn authorities(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            roots.add(certificate).map_err(|error| self.wrong(CERTIFICATES, &error))?;
        }
        Ok(roots)
    }

    fn content(&self, expected: &'static str) -> Result<&[u8], TlsError> {
        self.content.as_deref().map_err(|error| self.wrong(expected, error))
    }

    pub(super) fn wrong(&self, expected: &'static str, reason: &dyn std::fmt::Display) -> TlsError {
        TlsError::File { path: self.path.clone(), reason: reason.to_string(), expected }
    }
}

/// A certificate with its key.
pub(super) fn certified(
    chain: &File,
    key: &File,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let (certificates, key) = (chain.certificates()?, key.key()?);
    CertifiedKey::from_der(certificates, key, provider)
        .map_err(|reason| TlsError::Certificate { path: chain.path.clone(), reason })
}

/// When a certificate expires, in seconds since 1970.
pub(super) fn expiry(certified: &CertifiedKey) -> Option<i64> {
    let (_, leaf) = x509_parser::parse_x509_certificate(certified.end_entity_cert().ok()?).ok()?;
    Some(leaf.validity().not_after.timestamp())
}
