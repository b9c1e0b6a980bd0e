//! Which certificate a client is shown (SNI, RFC 6066, section 3).

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Shows the first certificate that is made out to the name which the client asks for and that the client can check;
/// if none is, the first that it can check, or else the first.
#[derive(Debug)]
pub(super) struct ByName(Vec<Arc<CertifiedKey>>);

impl ByName {
    pub(super) fn new(certificates: Vec<CertifiedKey>) -> ByName {
        ByName(certificates.into_iter().map(Arc::new).collect())
    }
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let can_check = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let asked = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = asked.and_then(|name| {
            self.0.iter().filter(can_check).find(|key| is_made_out_to(key, &name)).map(Arc::clone)
        });
        // Without any the client would be told that it is not allowed in, when it only speaks of other signatures.
        named.or_else(|| self.0.iter().find(can_check).or(self.0.first()).map(Arc::clone))
    }
}

/// Whether the certificate has the name, or a wildcard for it, among its alternative names.
pub(super) fn is_made_out_to(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    key.end_entity_cert()
        .and_then(ParsedCertificate::try_from)
        .is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}
