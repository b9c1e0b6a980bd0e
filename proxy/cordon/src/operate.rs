//! What operators are told, beside the data plane.

use std::sync::Arc;

use cordon_operate::{Logs, Plane};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::Failure;
use crate::loaded::Loaded;

/// Opens the logs and takes the operators' socket, before anything is served so that what cannot be had is told at
/// once. What operators are told is told until `following` is dropped, so that they see it drain.
///
/// # Errors
/// A log or the socket cannot be had.
pub(crate) async fn begin(loaded: &Loaded, following: &mut JoinSet<()>) -> Result<Arc<Logs>, Failure> {
    let logs = Logs::start(loaded.config.logs.clone());
    let logs = logs.map_err(|error| Failure::failed(format!("error: {error}")))?;
    logs.attach(&loaded.gateway);
    following.spawn(reopen(Arc::clone(&logs)));
    let Some(config) = loaded.config.operate else {
        return Ok(logs);
    };
    let listen = config.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::failed(format!("error: operators cannot be listened to on {listen}: {error}"))
    })?;
    tracing::info!(address = %listener.local_addr().unwrap_or(listen), "serving operators");
    let plane = Plane { gateway: Arc::clone(&loaded.gateway), logs: Arc::clone(&logs) };
    following.spawn(cordon_operate::serve(listener, plane, std::future::pending()));
    Ok(logs)
}

/// Opens log files anew on each SIGHUP.
async fn reopen(logs: Arc<Logs>) {
    // That it cannot be waited for is told where rules are read anew.
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    while hangups.recv().await.is_some() {
        logs.reopen();
    }
}
