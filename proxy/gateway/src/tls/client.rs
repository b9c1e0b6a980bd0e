//! TLS towards servers: whom is believed, and what they are shown.

use std::path::Path;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::ClientConfig;
use rustls::sign::SingleCertAndKey;

use crate::config::ClientTlsConfig;
use crate::tls::followed::{Followed, Recipe, next};
use crate::tls::pem::{File, certified};
use crate::tls::{TlsError, provider, versions};

/// How servers are reached by TLS, from files that may change.
pub(crate) struct ClientTls(Arc<Followed<ClientTlsConfig>>);

impl ClientTls {
    /// Reads the files that the configuration names.
    pub(crate) fn load(config: ClientTlsConfig) -> Result<ClientTls, TlsError> {
        Followed::load(config).map(|followed| ClientTls(Arc::new(followed)))
    }

    /// As [`crate::ServerTls::reload`].
    pub(crate) fn reload(&self) -> Result<bool, TlsError> {
        self.0.reload()
    }

    /// As [`crate::ServerTls::follow`].
    pub(crate) async fn follow(&self) {
        Arc::clone(&self.0).follow().await;
    }

    /// What is in force.
    pub(crate) fn current(&self) -> Arc<ClientConfig> {
        self.0.current()
    }
}

impl Recipe for ClientTlsConfig {
    type Made = ClientConfig;
    const NAME: &'static str = "TLS certificates towards the backend";

    fn files(&self) -> Vec<&Path> {
        let certificate = self.certificate.iter().flat_map(|pair| [pair.chain.as_path(), &pair.key]);
        self.authorities.as_deref().into_iter().chain(certificate).collect()
    }

    fn make(&self, files: &mut dyn Iterator<Item = &File>) -> Result<ClientConfig, TlsError> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(self.minimum_version))?;
        let builder = match &self.authorities {
            None => builder.with_webpki_roots(),
            Some(_) => builder.with_root_certificates(next(files)?.authorities()?),
        };
        if self.certificate.is_none() {
            return Ok(builder.with_no_client_auth());
        }
        let (chain, key) = (next(files)?, next(files)?);
        let shown = SingleCertAndKey::from(certified(chain, key, &provider)?);
        Ok(builder.with_client_cert_resolver(Arc::new(shown)))
    }
}
