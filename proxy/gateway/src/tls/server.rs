//! TLS towards clients.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;

use crate::config::ServerTlsConfig;
use crate::tls::followed::{Followed, Recipe, next};
use crate::tls::names::ByName;
use crate::tls::pem::{File, certified};
use crate::tls::{TlsError, provider, versions};

/// What clients are shown, from files that may change. It offers HTTP/2 and HTTP/1.1.
pub struct ServerTls(Arc<Followed<ServerTlsConfig>>);

impl ServerTls {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, or a certificate and its key do not go together.
    pub fn load(config: ServerTlsConfig) -> Result<Arc<ServerTls>, TlsError> {
        Followed::load(config).map(|followed| Arc::new(ServerTls(Arc::new(followed))))
    }

    /// Reads the files again, and shows what is in them to clients that connect from now on; those that are connected
    /// go on. It blocks for as long as that takes. False: the files hold what is in force.
    ///
    /// # Errors
    /// As [`ServerTls::load`]; what was in force stays in force.
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.0.reload()
    }

    /// Reloads when a file has changed, for as long as it is polled. Wrong files are kept out, and told once.
    pub async fn follow(self: Arc<Self>) {
        Arc::clone(&self.0).follow().await;
    }

    /// What is in force.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.0.current()
    }
}

impl Recipe for ServerTlsConfig {
    type Made = ServerConfig;
    const NAME: &'static str = "TLS certificates";

    fn files(&self) -> Vec<&Path> {
        let pairs = self.certificates.iter().flat_map(|pair| [pair.chain.as_path(), &pair.key]);
        pairs.chain(self.clients.as_ref().map(|clients| clients.file.as_path())).collect()
    }

    fn make(&self, files: &mut dyn Iterator<Item = &File>) -> Result<ServerConfig, TlsError> {
        let provider = provider();
        let mut certificates = Vec::new();
        for _ in &self.certificates {
            certificates.push(certified(next(files)?, next(files)?, &provider)?);
        }
        if certificates.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(self.minimum_version))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let file = next(files)?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(file.authorities()?), provider);
                let verifier =
                    if clients.required { verifier } else { verifier.allow_unauthenticated() }.build();
                builder
                    .with_client_cert_verifier(verifier.map_err(|error| file.wrong("certificates", &error))?)
            }
        };
        // What was agreed on with a client before is not resumed: it was agreed on with other files.
        let mut config = builder.with_cert_resolver(Arc::new(ByName::new(certificates)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}
