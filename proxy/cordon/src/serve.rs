//! `cordon serve`: the data plane until a signal ends it.

use std::path::Path;
use std::sync::Arc;

use cordon_gateway::{Gateway, server_config};
use cordon_rollout::{Rollout, follow};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Failure;
use crate::admin::Admin;
use crate::config::PolicyConfig;
use crate::loaded::{Delivered, Purpose, load, load_files};
use crate::policies::Bundled;

/// Serves until SIGINT or SIGTERM; requests under way are finished first.
///
/// # Errors
/// What is wrong in the files, or why the socket cannot be had.
pub(crate) fn run(config: &Path) -> Result<(), Failure> {
    log_to_stderr();
    let runtime = runtime()?;
    let loaded = runtime.block_on(load(config, Purpose::Serving))?;
    let tls = match &loaded.config.listen.tls {
        Some((certificate, key)) => {
            let tls = server_config(certificate, key);
            Some(tls.map_err(|error| Failure::wrong(format!("error: {error}")))?)
        }
        None => None,
    };
    runtime.block_on(async {
        let address = loaded.config.listen.address;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| Failure::failed(format!("error: cannot listen on {address}: {error}")))?;
        let address = listener.local_addr().unwrap_or(address);
        tracing::info!(
            %address,
            policy = loaded.policy,
            routes = loaded.routes,
            revision = loaded.store.current().revision(),
            "serving"
        );
        let mut loaded = loaded;
        let delivered = loaded.delivered.take();
        let rollout = delivered.map(|Delivered { settings, start, sources }| {
            (Rollout::new(settings, Arc::clone(&loaded.gateway), start), sources)
        });
        let bundled = rollout.as_ref().map(|(rollout, _)| Bundled(Arc::clone(rollout)));
        let admin = Admin::bind(&loaded, bundled).await?;
        let reloading = match rollout {
            Some((rollout, sources)) => tokio::spawn(follow(rollout, sources)),
            None => tokio::spawn(follow_hangups(Arc::clone(&loaded.gateway), loaded.config.policy.clone())),
        };
        let admin = async {
            if let Some(admin) = admin {
                admin.serve(told_to_stop()).await;
            }
        };
        tokio::join!(loaded.gateway.serve(listener, tls, told_to_stop()), admin);
        reloading.abort();
        Ok(())
    })
}

/// The runtime that everything runs on.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("error: no runtime: {error}")))
}

/// SIGINT or SIGTERM.
pub(crate) async fn told_to_stop() {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be waited for; only SIGINT ends this process cleanly");
            _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// On each SIGHUP reads rules and component again and puts them in force; wrong ones are reported and kept out.
/// Requests under way end under the policy they began with.
async fn follow_hangups(gateway: Arc<Gateway>, files: PolicyConfig) {
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!(%error, "SIGHUP cannot be waited for; a changed policy needs a restart");
            return;
        }
    };
    while hangups.recv().await.is_some() {
        let files = files.clone();
        // Compiling takes a while; requests are not to wait for it.
        let loaded = tokio::task::spawn_blocking(move || load_files(&files)).await;
        let policy = match loaded {
            Ok(Ok(policy)) => policy,
            Ok(Err(failure)) => {
                tracing::error!(
                    problems = failure.text,
                    "the changed policy was kept out; the old one stays in force"
                );
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "the changed policy could not be read; the old one stays in force");
                continue;
            }
        };
        let digest = policy.digest().to_string();
        match gateway.activate(policy) {
            Ok(()) => tracing::info!(digest, "a changed policy is in force"),
            Err(error) => {
                tracing::error!(%error, "the changed policy was kept out; the old one stays in force");
            }
        }
    }
}

/// JSON lines on standard error; `RUST_LOG` chooses what.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
