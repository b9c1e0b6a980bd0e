//! What goes on beside the requests, for as long as there is a backend: names are resolved again, hosts are asked how
//! they are, and connections that nobody needs are closed.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{HeaderValue, Request, header};
use tokio::time::{Instant, sleep, timeout};

use crate::config::ActiveCheck;
use crate::request::body::UpstreamBody;
use crate::upstream::connect::{Connection, Place, Tls};
use crate::upstream::host::Host;
use crate::upstream::shared::Shared;

/// Begins all of it. It ends with `shared`.
pub(super) fn begin(shared: &Arc<Shared>, tls: Option<Tls>, name: HeaderValue) {
    if matches!(shared.hosts.current().first().map(|host| &host.place), Some(Place::Memory(_))) {
        return;
    }
    tokio::spawn(sweep(Arc::downgrade(shared), shared.limits.idle_time / 2));
    if shared.hosts.have_names() {
        tokio::spawn(resolve(Arc::downgrade(shared), shared.checks.resolve_interval));
    }
    if let Some(check) = shared.checks.active.clone() {
        tokio::spawn(check_all(Arc::downgrade(shared), check, tls, name));
    }
}

async fn sweep(shared: Weak<Shared>, pause: Duration) {
    loop {
        sleep(pause).await;
        let Some(shared) = shared.upgrade() else { return };
        shared.hosts.current().iter().for_each(|host| host.sweep(shared.limits.idle_time));
    }
}

async fn resolve(shared: Weak<Shared>, interval: Duration) {
    loop {
        let Some(alive) = shared.upgrade() else { return };
        if let Err(problem) = alive.hosts.resolve(interval, alive.connect).await {
            tracing::warn!(problem, "a backend's name cannot be resolved");
        }
        drop(alive);
        sleep(interval).await;
    }
}

/// All hosts at once, so that none waits for one that does not answer.
async fn check_all(shared: Weak<Shared>, check: ActiveCheck, tls: Option<Tls>, name: HeaderValue) {
    loop {
        let begun = Instant::now();
        let Some(alive) = shared.upgrade() else { return };
        let hosts = alive.hosts.current().to_vec();
        drop(alive);
        let checks = hosts.iter().map(|host| check_one(host, &check, tls.as_ref(), name.clone()));
        futures_util::future::join_all(checks).await;
        tokio::time::sleep_until(begun + check.interval).await;
    }
}

async fn check_one(host: &Host, check: &ActiveCheck, tls: Option<&Tls>, name: HeaderValue) {
    let answer = timeout(check.timeout, ask(host, check, tls, name)).await;
    let reason = answer.unwrap_or_else(|_| Err("it took too long".to_owned())).err();
    if host.health.checked(reason.is_none(), check.unhealthy_after, check.healthy_after) {
        let (host, address) = (&*host.name, host.address());
        match reason {
            Some(reason) => tracing::warn!(host, address, reason, "unhealthy by its check"),
            None => tracing::info!(host, address, "healthy again by its check"),
        }
    }
}

async fn ask(host: &Host, check: &ActiveCheck, tls: Option<&Tls>, name: HeaderValue) -> Result<(), String> {
    let mut connection = Connection::open(&host.place, tls).await?;
    let mut request = Request::new(UpstreamBody::empty());
    *request.uri_mut() = check.path.clone().into();
    request.headers_mut().insert(header::HOST, name);
    request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    let response = connection.sender.send_request(request).await.map_err(|error| error.to_string())?;
    match response.status().as_u16() {
        200..=399 => Ok(()),
        status => Err(format!("status {status}")),
    }
}
