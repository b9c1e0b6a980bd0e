//! `cordon serve`: the data plane until a signal ends it.

use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use cordon_gateway::Workers;
use cordon_rollout::{Rollout, follow};
use futures_util::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Failure;
use crate::admin::Admin;
use crate::config::Config;
use crate::listeners::{self, Open};
use crate::loaded::{Delivered, Purpose, load};
use crate::operate;
use crate::policies::Bundled;
use crate::reload::{Reloading, hangups};

/// Serves until SIGINT or SIGTERM; requests under way are finished first.
///
/// # Errors
/// What is wrong in the files, or why the socket cannot be had.
pub(crate) fn run(config: &Path) -> Result<(), Failure> {
    log_to_stderr();
    let inherited = listeners::inherited();
    let runtime = runtime()?;
    let loaded = runtime.block_on(load(config, Purpose::Serving))?;
    let tls = listeners::certificates(&loaded.config.listen)?;
    runtime.block_on(async {
        let hangups = hangups();
        let stopping = told_to_stop();
        let listeners = listeners::open(&loaded.config.listen, tls, inherited)?;
        let mut loaded = loaded;
        let delivered = loaded.delivered.take();
        let rollout = delivered.map(|Delivered { settings, start, sources }| {
            (Rollout::new(settings, Arc::clone(&loaded.gateway), start), sources)
        });
        let bundled = rollout.as_ref().map(|(rollout, _)| Bundled(Arc::clone(rollout)));
        let admin = Admin::bind(&loaded, bundled).await?;
        loaded.gateway.work_on(workers(&loaded.config)?);
        let mut following = JoinSet::new();
        if let Some((rollout, sources)) = rollout {
            following.spawn(follow(rollout, sources));
        }
        let logs = operate::begin(&loaded, &mut following).await?;
        // Whoever reads this may come.
        let address = listeners.iter().map(|open| open.listener.to_string()).collect::<Vec<_>>().join(", ");
        tracing::info!(
            address,
            policy = loaded.policy,
            routes = loaded.routes,
            revision = loaded.store.current().revision(),
            "serving"
        );
        let tls: Vec<_> = listeners.iter().filter_map(|open| open.tls.clone()).collect();
        following.spawn(Arc::clone(&loaded.gateway).follow_backend_tls());
        for tls in &tls {
            following.spawn(Arc::clone(tls).follow());
        }
        let reloading = Reloading {
            gateway: Arc::clone(&loaded.gateway),
            store: Arc::clone(&loaded.store),
            policy: loaded.config.policy.clone(),
            tls,
        };
        following.spawn(reloading.follow(hangups));
        let admin = async {
            if let Some(admin) = admin {
                admin.serve(stopped(stopping.clone())).await;
            }
        };
        let served = listeners.into_iter().map(|Open { listener, tls }| {
            Arc::clone(&loaded.gateway).serve(listener, tls, stopped(stopping.clone()))
        });
        tokio::join!(join_all(served), admin);
        following.shutdown().await;
        logs.finish().await;
        Ok(())
    })
}

/// The threads that connections are given to.
fn workers(config: &Config) -> Result<Workers, Failure> {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    Workers::start(config.threads.unwrap_or_else(processors))
        .map_err(|error| Failure::failed(format!("error: no threads: {error}")))
}

/// The runtime that everything runs on but connections, while serving.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("error: no runtime: {error}")))
}

/// SIGINT or SIGTERM, waited for from now on: the channel closes when one of them comes.
pub(crate) fn told_to_stop() -> watch::Receiver<()> {
    let terminate = signal(SignalKind::terminate()).inspect_err(|error| {
        tracing::warn!(%error, "SIGTERM cannot be waited for; only SIGINT ends this process cleanly");
    });
    let (told, stopping) = watch::channel(());
    tokio::spawn(async move {
        let terminated = async {
            match terminate {
                Ok(mut terminate) => terminate.recv().await,
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated => {}
        }
        tracing::info!("told to stop; requests under way are finished");
        drop(told);
    });
    stopping
}

/// Waits until it closes.
pub(crate) async fn stopped(mut stopping: watch::Receiver<()>) {
    // It never changes, and closes.
    while stopping.changed().await.is_ok() {}
}

/// JSON lines on standard error; `RUST_LOG` chooses what.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}
