//! Certificates from an ACME server (RFC 8555): ordered when there is none, and anew before the last one expires.

mod challenge;
mod folder;
mod order;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::RngExt;
use rustls::ServerConfig;
use rustls::pki_types::ServerName;

use crate::config::{AcmeConfig, ClientTlsConfig};
use crate::tls::TlsError;
use crate::tls::acme::challenge::Challenges;
use crate::tls::acme::folder::Folder;
use crate::tls::client::ClientTls;
use crate::tls::names::is_made_out_to;

pub(super) use challenge::is_challenge;

/// How often the certificate is looked at.
const LOOK: Duration = Duration::from_secs(60 * 60);
/// How long the first failure is waited after; each further one doubles it. Servers limit failures by the hour.
const PAUSE: Duration = Duration::from_secs(5 * 60);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 60 * 60);
/// For a whole order.
const DEADLINE: Duration = Duration::from_secs(10 * 60);

/// The certificate of a listener that an ACME server issues.
pub(super) struct Acme {
    config: AcmeConfig,
    folder: Folder,
    client: ClientTls,
    challenges: Arc<Challenges>,
    answering: Arc<ServerConfig>,
}

/// Why there is no new certificate. It holds nothing of keys.
#[derive(Debug, thiserror::Error)]
enum OrderError {
    /// The server cannot be reached, or does not want what it is asked for.
    #[error("{}", causes(.0))]
    Server(#[from] instant_acme::Error),
    /// The server did not find its proof at the names.
    #[error("the ACME server did not find its proof: {0}")]
    Unproven(String),
    /// The server cannot be convinced over TLS.
    #[error("the ACME server does not offer TLS-ALPN-01 for {0}")]
    NoChallenge(String),
    /// The challenge's certificate cannot be made.
    #[error("no certificate for the challenge: {0}")]
    Challenge(#[from] rcgen::Error),
    /// The folder cannot be used.
    #[error("the folder of the ACME account: {0}")]
    Folder(#[from] io::Error),
    /// What was issued cannot be used, or the authorities cannot.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It took too long.
    #[error("the ACME server took too long")]
    Late,
}

impl Acme {
    /// Takes the folder, and makes it if there is none.
    pub(super) fn load(config: &AcmeConfig) -> Result<Acme, TlsError> {
        let folder = Folder::open(&config.folder)?;
        let authorities = config.authorities.clone();
        let client = ClientTls::load(ClientTlsConfig { authorities, ..ClientTlsConfig::default() })?;
        let challenges = Arc::new(Challenges::default());
        let answering = Arc::new(challenge::answering(Arc::clone(&challenges))?);
        Ok(Acme { config: config.clone(), folder, client, challenges, answering })
    }

    /// The file that holds the certificate and its key, if there is one yet.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.certificate()
    }

    /// What an ACME server is shown that looks for its proof. Nobody else learns anything by it.
    pub(super) fn answering(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.answering)
    }

    /// Sees to it that there is a certificate, and puts it in force, for as long as it is polled. Failures are told; the
    /// last certificate stays.
    pub(super) async fn keep(&self, put_in_force: impl Fn() -> Result<bool, TlsError>) {
        let names = self.config.names.join(", ");
        let mut pause = PAUSE;
        loop {
            let Some(reason) = self.due() else {
                tokio::time::sleep(LOOK).await;
                continue;
            };
            tracing::info!(names, reason, "a certificate is ordered");
            let ordered = tokio::time::timeout(DEADLINE, self.order()).await;
            self.challenges.clear();
            let outcome = ordered.unwrap_or(Err(OrderError::Late)).and_then(|()| Ok(put_in_force()?));
            match outcome {
                Ok(_) => {
                    tracing::info!(names, "a certificate was issued and is in force");
                    pause = PAUSE;
                    tokio::time::sleep(LOOK).await;
                }
                Err(error) => {
                    let pause_seconds = pause.as_secs();
                    if self.certificate().exists() {
                        tracing::error!(names, %error, pause_seconds, "no new certificate; the last one stays in force");
                    } else {
                        tracing::error!(names, %error, pause_seconds, "no certificate yet; TLS handshakes fail");
                    }
                    // Those that failed together do not all come back together.
                    let spread = rand::rng().random_range(1.0..1.2);
                    tokio::time::sleep(pause.mul_f64(spread)).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }

    async fn order(&self) -> Result<(), OrderError> {
        self.client.reload()?;
        // Whatever is wrong with the folder is to be known before a certificate is spent.
        self.folder.try_writing()?;
        let issued =
            order::order(&self.config, self.client.current(), &self.folder, &self.challenges).await?;
        Ok(self.folder.keep_certificate(&issued)?)
    }

    /// Why a certificate has to be ordered now; none if not.
    fn due(&self) -> Option<&'static str> {
        let Some((key, validity)) = self.folder.issued() else {
            return Some("there is none that can be used; TLS handshakes fail until it is there");
        };
        let is_for =
            |name: &String| ServerName::try_from(name.as_str()).is_ok_and(|name| is_made_out_to(&key, &name));
        if !self.config.names.iter().all(is_for) {
            return Some("the last one is made out to other names");
        }
        if self.folder.directory().as_deref() != Some(&self.config.directory) {
            return Some("the last one is of another ACME server");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let (begin, end) = validity;
        (end.saturating_sub(now) < end.saturating_sub(begin) / 3)
            .then_some("two thirds of the last one's time are over")
    }
}

/// An error with all that caused it.
fn causes(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    let mut texts: Vec<_> = all.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}
