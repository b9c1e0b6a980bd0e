//! The admin API beside the data plane.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use cordon_admin::{AdminConfig, Identify, Options, Policies};
use cordon_directory::{Snapshot, Store, UserId};
use cordon_gateway::Gateway;
use http::HeaderMap;
use tokio::net::TcpListener;

use crate::Failure;
use crate::loaded::Loaded;
use crate::policies::Bundled;

/// The admin API's socket, taken before anything is served so that a taken port is told at once.
pub(crate) struct Admin {
    listener: TcpListener,
    options: Options,
    store: Arc<Store>,
}

/// Tells callers as the data plane does, so that a JWT of the organisation's works here too.
struct AsTheDataPlane(Arc<Gateway>);

impl Identify for AsTheDataPlane {
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
        snapshot: &'a Snapshot,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + 'a>> {
        Box::pin(self.0.identify(snapshot, headers))
    }
}

impl Admin {
    /// Takes the socket that the configuration names. None: it names none.
    ///
    /// # Errors
    /// The socket cannot be had.
    pub(crate) async fn bind(loaded: &Loaded, bundled: Option<Bundled>) -> Result<Option<Admin>, Failure> {
        let Some(config) = loaded.config.admin.clone() else {
            return Ok(None);
        };
        let AdminConfig { listen, .. } = config;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::failed(format!("error: the admin API cannot listen on {listen}: {error}"))
        })?;
        let identify: Arc<dyn Identify> = Arc::new(AsTheDataPlane(Arc::clone(&loaded.gateway)));
        let max_age = Some(loaded.config.directory.max_age);
        let options = Options {
            config,
            identify: Some(identify),
            policies: bundled.map(|bundled| Arc::new(bundled) as Arc<dyn Policies>),
            max_age,
        };
        Ok(Some(Admin { listener, options, store: Arc::clone(&loaded.store) }))
    }

    /// Serves until `shutdown` is done.
    pub(crate) async fn serve(self, shutdown: impl Future<Output = ()>) {
        let config = self.options.config.clone();
        tracing::info!(address = %config.listen, "serving the admin API");
        let router = cordon_admin::router(self.store, self.options);
        if let Err(error) = cordon_admin::serve(self.listener, router, &config, shutdown).await {
            tracing::error!(%error, "the admin API is not served any more");
        }
    }
}
