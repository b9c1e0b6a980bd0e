//! What operators are told, beside the data plane.

use std::sync::Arc;

use cordon_operate::Plane;
use tokio::net::TcpListener;

use crate::Failure;
use crate::loaded::Loaded;

/// The operators' socket, taken before anything is served so that a taken port is told at once.
pub(crate) struct Operate {
    listener: TcpListener,
    plane: Plane,
}

impl Operate {
    /// Takes the socket that the configuration names. None: it names none.
    ///
    /// # Errors
    /// The socket cannot be had.
    pub(crate) async fn bind(loaded: &Loaded) -> Result<Option<Operate>, Failure> {
        let Some(config) = loaded.config.operate else {
            return Ok(None);
        };
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::failed(format!("error: operators cannot be listened to on {listen}: {error}"))
        })?;
        tracing::info!(address = %listener.local_addr().unwrap_or(listen), "serving operators");
        Ok(Some(Operate { listener, plane: Plane { gateway: Arc::clone(&loaded.gateway) } }))
    }

    /// Serves until this is dropped.
    pub(crate) async fn serve(self) {
        cordon_operate::serve(self.listener, self.plane, std::future::pending()).await;
    }
}
