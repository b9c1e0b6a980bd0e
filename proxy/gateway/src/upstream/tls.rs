//! TLS towards backends: whose certificates are believed.

use std::sync::Arc;

use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::{BackendConfig, Deadlines};
use crate::upstream::BackendError;

/// Believes the authorities of the configuration, or the public ones.
pub(super) fn client_config(config: &BackendConfig) -> Result<ClientConfig, BackendError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let Some(path) = &config.ca_file else {
        return Ok(builder.with_webpki_roots().with_no_client_auth());
    };
    let wrong = |reason: String| BackendError::Authorities { path: path.clone(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("no certificate in it".into()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Connects to whatever a URL names, over TCP, and TLS where the URL says so: for documents that are no backend's.
pub(crate) fn connector(
    config: &BackendConfig,
    deadlines: &Deadlines,
) -> Result<HttpsConnector<HttpConnector>, BackendError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(deadlines.connect));
    let builder = HttpsConnectorBuilder::new().with_tls_config(client_config(config)?);
    Ok(builder.https_or_http().enable_http1().wrap_connector(tcp))
}
