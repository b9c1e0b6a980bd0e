//! TLS towards clients, with files that may change under a server that goes on.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};

use crate::config::ServerTlsConfig;
use crate::tls::names::ByName;
use crate::tls::pem::{File, certified};
use crate::tls::{TlsError, provider, versions};

/// How often the files are looked at. They are few and small, and reading them notices also what is swapped by links,
/// or lies on a network.
const LOOK: Duration = Duration::from_secs(2);

/// What clients are shown. It offers HTTP/2 and HTTP/1.1.
pub struct ServerTls {
    config: ServerTlsConfig,
    current: ArcSwap<Current>,
}

struct Current {
    rustls: Arc<ServerConfig>,
    content: Content,
}

/// Digest of what is in all files.
type Content = [u8; 32];

/// The files as they were read at one time.
struct Files {
    certificates: Vec<(File, File)>,
    authorities: Option<File>,
    content: Content,
}

impl ServerTls {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, or a certificate and its key do not go together.
    pub fn load(config: ServerTlsConfig) -> Result<Arc<ServerTls>, TlsError> {
        let current = read(&config).load(&config)?;
        Ok(Arc::new(ServerTls { config, current: ArcSwap::from_pointee(current) }))
    }

    /// Reads the files again, and shows what is in them to clients that connect from now on; those that are connected
    /// go on. It blocks for as long as that takes. False: the files hold what is in force.
    ///
    /// # Errors
    /// As [`ServerTls::load`]; what was in force stays in force.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let files = read(&self.config);
        if files.content == self.current.load().content {
            return Ok(false);
        }
        self.current.store(Arc::new(files.load(&self.config)?));
        Ok(true)
    }

    /// Reloads when a file has changed, for as long as it is polled. Wrong files are kept out, and told once.
    pub async fn follow(self: Arc<Self>) {
        let mut told = self.current.load().content;
        let mut seen = told;
        loop {
            tokio::time::sleep(LOOK).await;
            let tls = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || read(&tls.config));
            // It was ended because the process ends.
            let Ok(files) = looked.await else { return };
            // A certificate and its key are written one after the other: they are taken when nothing changes any more.
            let is_settled = std::mem::replace(&mut seen, files.content) == files.content;
            if !is_settled || files.content == told {
                continue;
            }
            told = files.content;
            if files.content == self.current.load().content {
                continue;
            }
            match files.load(&self.config) {
                Ok(current) => {
                    self.current.store(Arc::new(current));
                    tracing::info!("changed TLS certificates are in force");
                }
                Err(error) => {
                    tracing::error!(%error, "changed TLS certificates were kept out; the old ones stay in force");
                }
            }
        }
    }

    /// What is in force.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.load().rustls)
    }
}

fn read(config: &ServerTlsConfig) -> Files {
    let certificates: Vec<_> =
        config.certificates.iter().map(|pair| (File::read(&pair.chain), File::read(&pair.key))).collect();
    let authorities = config.clients.as_ref().map(|clients| File::read(&clients.file));
    let mut digest = Sha256::new();
    let all = certificates.iter().flat_map(|(chain, key)| [chain, key]).chain(&authorities);
    all.for_each(|file| file.digest(&mut digest));
    let content = digest.finalize().into();
    Files { certificates, authorities, content }
}

impl Files {
    fn load(&self, config: &ServerTlsConfig) -> Result<Current, TlsError> {
        if self.certificates.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let provider = provider();
        let certificates = self.certificates.iter().map(|(chain, key)| certified(chain, key, &provider));
        let certificates = ByName::new(certificates.collect::<Result<_, _>>()?);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(config.minimum_version))?;
        let builder = match (&self.authorities, &config.clients) {
            (Some(file), Some(clients)) => {
                let roots = Arc::new(file.authorities()?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier =
                    if clients.required { verifier } else { verifier.allow_unauthenticated() }.build();
                let verifier = verifier.map_err(|error| file.wrong("certificates", &error))?;
                builder.with_client_cert_verifier(verifier)
            }
            _ => builder.with_no_client_auth(),
        };
        // What was agreed on with a client before is not resumed: it was agreed on with other files.
        let mut rustls = builder.with_cert_resolver(Arc::new(certificates));
        rustls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Current { rustls: Arc::new(rustls), content: self.content })
    }
}
