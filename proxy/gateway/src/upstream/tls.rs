//! Connections for documents that are no backend's.

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;

use crate::config::{BackendConfig, Deadlines};
use crate::tls::client::ClientTls;
use crate::upstream::BackendError;

/// Connects to whatever a URL names, over TCP, and TLS where the URL says so.
pub(crate) fn connector(
    config: &BackendConfig,
    deadlines: &Deadlines,
) -> Result<HttpsConnector<HttpConnector>, BackendError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(deadlines.connect));
    let tls = ClientTls::load(config.tls.clone())?.current();
    let builder = HttpsConnectorBuilder::new().with_tls_config((*tls).clone());
    Ok(builder.https_or_http().enable_http1().wrap_connector(tcp))
}
