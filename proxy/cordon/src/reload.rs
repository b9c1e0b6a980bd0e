//! SIGHUP: reads again what can change under a server that goes on.

use std::sync::Arc;

use cordon_directory::{Status, Store};
use cordon_gateway::{Gateway, ServerTls};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{PolicyConfig, PolicyPlace};
use crate::loaded::load_files;

/// What is read again.
pub(crate) struct Reloading {
    pub gateway: Arc<Gateway>,
    pub store: Arc<Store>,
    pub policy: PolicyConfig,
    pub tls: Vec<Arc<ServerTls>>,
}

/// Waits for SIGHUP from now on, which would end the process otherwise.
pub(crate) fn hangups() -> Option<Signal> {
    signal(SignalKind::hangup())
        .inspect_err(
            |error| tracing::warn!(%error, "SIGHUP cannot be waited for; what changed needs a restart"),
        )
        .ok()
}

impl Reloading {
    /// On each SIGHUP reads certificates, the directory's file, rules and component, and puts in force what is right.
    /// What is wrong is reported and kept out. Requests and connections under way end as they began.
    pub(crate) async fn follow(self, hangups: Option<Signal>) {
        let Some(mut hangups) = hangups else { return };
        let this = Arc::new(self);
        while hangups.recv().await.is_some() {
            let reloading = Arc::clone(&this);
            // Files are read and a policy is compiled; requests are not to wait for it.
            if let Err(error) = tokio::task::spawn_blocking(move || reloading.reload()).await {
                tracing::error!(%error, "nothing was read again; what was in force stays in force");
            }
        }
    }

    fn reload(&self) {
        self.certificates();
        self.directory();
        self.rules();
    }

    fn certificates(&self) {
        match self.gateway.reload_backend_tls() {
            Ok(true) => tracing::info!("changed TLS certificates towards the backend are in force"),
            Ok(false) => {}
            Err(error) => tracing::error!(
                %error,
                "changed TLS certificates towards the backend were kept out; the old ones stay in force"
            ),
        }
        for tls in &self.tls {
            match tls.reload() {
                Ok(true) => tracing::info!("changed TLS certificates are in force"),
                Ok(false) => tracing::info!("the TLS certificates are unchanged"),
                Err(error) => {
                    tracing::error!(%error, "changed TLS certificates were kept out; the old ones stay in force");
                }
            }
        }
    }

    fn directory(&self) {
        let before = self.store.current().revision();
        let Status { revision, trouble, .. } = self.store.reload();
        match trouble {
            Some(trouble) => tracing::error!(
                reason = trouble.message,
                revision,
                "the directory in force may be out of date; it stays in force"
            ),
            None if revision == before => tracing::info!(revision, "the directory is unchanged"),
            // The directory says itself when it has changed.
            None => {}
        }
    }

    fn rules(&self) {
        let PolicyPlace::Files { .. } = &self.policy.place else {
            return tracing::info!("the policy comes in bundles, which are followed without a signal");
        };
        let policy = match load_files(&self.policy) {
            Ok(policy) => policy,
            Err(failure) => {
                let problems = failure.text;
                return tracing::error!(
                    problems,
                    "the changed policy was kept out; the old one stays in force"
                );
            }
        };
        let digest = policy.digest().to_string();
        if policy.digest() == self.gateway.policy().digest() {
            return tracing::info!(digest, "the policy is unchanged");
        }
        match self.gateway.activate(policy) {
            Ok(()) => tracing::info!(digest, "a changed policy is in force"),
            Err(error) => {
                tracing::error!(%error, "the changed policy was kept out; the old one stays in force");
            }
        }
    }
}
