//! TLS towards clients.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::ServerConfig;
use rustls::server::{Acceptor, WebPkiClientVerifier};
use tokio::io::AsyncWriteExt;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::config::ServerTlsConfig;
use crate::serve::listener::Stream;
use crate::tls::acme::{Acme, is_challenge};
use crate::tls::followed::{Followed, Recipe, next};
use crate::tls::names::ByName;
use crate::tls::pem::{File, certified, expiry};
use crate::tls::{TlsError, provider, versions};

/// What clients are shown, from files that may change. It offers HTTP/2 and HTTP/1.1.
pub struct ServerTls {
    shown: Arc<Followed<Shown>>,
    acme: Option<Acme>,
}

impl ServerTls {
    /// Reads the files that the configuration names. A certificate of an ACME server may be absent: it is ordered by
    /// [`ServerTls::follow`], and clients are refused until it is there.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, or a certificate and its key do not go together; the folder of an
    /// ACME account is open to others.
    pub fn load(config: ServerTlsConfig) -> Result<Arc<ServerTls>, TlsError> {
        let acme = config.acme.as_ref().map(Acme::load).transpose()?;
        let issued = acme.as_ref().map(Acme::certificate);
        let shown = Followed::load(Shown { config, issued, has_been_issued: OnceLock::new() })?;
        Ok(Arc::new(ServerTls { shown: Arc::new(shown), acme }))
    }

    /// Reads the files again, and shows what is in them to clients that connect from now on; those that are connected
    /// go on. It blocks for as long as that takes. False: the files hold what is in force.
    ///
    /// # Errors
    /// As [`ServerTls::load`]; what was in force stays in force.
    pub fn reload(&self) -> Result<bool, TlsError> {
        self.shown.reload()
    }

    /// Reloads when a file has changed, for as long as it is polled. Wrong files are kept out, and told once. It also
    /// orders the certificate of an ACME server, and orders it anew in time.
    pub async fn follow(self: Arc<Self>) {
        let following = Arc::clone(&self.shown).follow();
        match &self.acme {
            None => following.await,
            Some(acme) => {
                tokio::join!(following, acme.keep(|| self.reload()));
            }
        }
    }

    /// When the certificates in force expire, in seconds since 1970, in the order in which they are looked through.
    pub(crate) fn expiries(&self) -> Vec<i64> {
        self.shown.current().expiries.clone()
    }

    /// A client's handshake. None: it was an ACME server, which has seen all that it came for.
    pub(crate) async fn accept<S: Stream>(&self, stream: S) -> io::Result<Option<TlsStream<S>>> {
        let Some(acme) = &self.acme else {
            return TlsAcceptor::from(Arc::clone(&self.shown.current().config))
                .accept(stream)
                .await
                .map(Some);
        };
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if is_challenge(&start.client_hello()) {
            let mut answered = start.into_stream(acme.answering()).await?;
            answered.shutdown().await?;
            return Ok(None);
        }
        start.into_stream(Arc::clone(&self.shown.current().config)).await.map(Some)
    }
}

/// What clients are shown is made of.
struct Shown {
    config: ServerTlsConfig,
    /// Certificate and key that an ACME server has issued, or will.
    issued: Option<PathBuf>,
    /// Set once there is a certificate of an ACME server: its file may be missing before, and not after.
    has_been_issued: OnceLock<()>,
}

/// What clients are shown.
struct Certificates {
    config: Arc<ServerConfig>,
    expiries: Vec<i64>,
}

impl Recipe for Shown {
    type Made = Certificates;
    const NAME: &'static str = "TLS certificates";

    fn files(&self) -> Vec<&Path> {
        let ServerTlsConfig { certificates, clients, .. } = &self.config;
        let issued = self.issued.as_deref();
        let pairs = certificates.iter().flat_map(|pair| [pair.chain.as_path(), &pair.key]);
        issued
            .into_iter()
            .chain(pairs)
            .chain(clients.as_ref().map(|clients| clients.file.as_path()))
            .collect()
    }

    fn make(&self, files: &mut dyn Iterator<Item = &File>) -> Result<Certificates, TlsError> {
        let provider = provider();
        let mut certificates = Vec::new();
        if self.issued.is_some() {
            let file = next(files)?;
            if !file.is_missing() || self.has_been_issued.get().is_some() {
                certificates.push(certified(file, file, &provider)?);
                self.has_been_issued.get_or_init(|| ());
            }
        }
        for _ in &self.config.certificates {
            certificates.push(certified(next(files)?, next(files)?, &provider)?);
        }
        if certificates.is_empty() && self.issued.is_none() {
            return Err(TlsError::NoCertificate);
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions(self.config.minimum_version))?;
        let builder = match &self.config.clients {
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
        let expiries = certificates.iter().filter_map(expiry).collect();
        let mut config = builder.with_cert_resolver(Arc::new(ByName::new(certificates)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Certificates { config: Arc::new(config), expiries })
    }
}
