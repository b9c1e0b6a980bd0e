//! `cordon serve`: the data plane until a signal ends it.

use std::path::Path;
use std::sync::Arc;

use cordon_gateway::ServerTls;
use cordon_rollout::{Rollout, follow};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::Failure;
use crate::admin::Admin;
use crate::loaded::{Delivered, Purpose, load};
use crate::policies::Bundled;
use crate::reload::{Reloading, hangups};

/// Serves until SIGINT or SIGTERM; requests under way are finished first.
///
/// # Errors
/// What is wrong in the files, or why the socket cannot be had.
pub(crate) fn run(config: &Path) -> Result<(), Failure> {
    log_to_stderr();
    let runtime = runtime()?;
    let loaded = runtime.block_on(load(config, Purpose::Serving))?;
    let tls = match &loaded.config.listen.tls {
        Some(config) => {
            let tls = ServerTls::load(config.clone());
            Some(tls.map_err(|error| Failure::wrong(format!("error: {error}")))?)
        }
        None => None,
    };
    runtime.block_on(async {
        let hangups = hangups();
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
        let mut following = JoinSet::new();
        if let Some((rollout, sources)) = rollout {
            following.spawn(follow(rollout, sources));
        }
        if let Some(tls) = &tls {
            following.spawn(Arc::clone(tls).follow());
        }
        let reloading = Reloading {
            gateway: Arc::clone(&loaded.gateway),
            store: Arc::clone(&loaded.store),
            policy: loaded.config.policy.clone(),
            tls: tls.clone(),
        };
        following.spawn(reloading.follow(hangups));
        let admin = async {
            if let Some(admin) = admin {
                admin.serve(told_to_stop()).await;
            }
        };
        tokio::join!(loaded.gateway.serve(listener, tls, told_to_stop()), admin);
        following.shutdown().await;
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

/// JSON lines on standard error; `RUST_LOG` chooses what.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
