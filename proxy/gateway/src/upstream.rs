//! The backend: a pool of connections, deadlines, and what it is told.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::Instant;

use crate::config::{BackendConfig, BackendCredential, Deadlines};
use crate::memory::{MemoryBackend, MemoryConnector};
use crate::request::body::UpstreamBody;
use crate::request::query::Query;
use crate::rescue::Cause;

/// The server behind us.
pub(crate) struct Upstream {
    client: BackendClient,
    scheme: Scheme,
    authority: Authority,
    host: HeaderValue,
    /// Put before every path; without a slash at its end.
    prefix: String,
    credential: BackendCredential,
    deadlines: Deadlines,
}

/// Asks the backend, wherever it is.
enum BackendClient {
    Network(Client<HttpsConnector<HttpConnector>, UpstreamBody>),
    Memory(Client<MemoryConnector, UpstreamBody>),
}

/// Why the backend's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The URL is not one of a server.
    #[error("backend URL: {0}; it must look like http://host:port or https://host")]
    Url(&'static str),
    /// The authorities' file cannot be used.
    #[error("CA file {path}: {reason}; it must hold PEM certificates")]
    Authorities {
        /// Where it should be.
        path: std::path::PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS towards the backend: {0}")]
    Tls(#[from] rustls::Error),
}

/// A request for the backend before its target is put together.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: UpstreamBody,
}

impl Upstream {
    pub(crate) fn new(config: &BackendConfig, deadlines: &Deadlines) -> Result<Upstream, BackendError> {
        let client = BackendClient::Network(client().build(connector(config, deadlines)?));
        Upstream::before(client, config, deadlines)
    }

    /// A backend in this process.
    pub(crate) fn in_memory(
        config: &BackendConfig,
        deadlines: &Deadlines,
        backend: MemoryBackend,
    ) -> Result<Upstream, BackendError> {
        let client = BackendClient::Memory(client().build(MemoryConnector(backend)));
        Upstream::before(client, config, deadlines)
    }

    fn before(
        client: BackendClient,
        config: &BackendConfig,
        deadlines: &Deadlines,
    ) -> Result<Upstream, BackendError> {
        let parts = config.url.clone().into_parts();
        let scheme = parts.scheme.ok_or(BackendError::Url("no scheme"))?;
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(BackendError::Url("neither http nor https"));
        }
        let authority = parts.authority.ok_or(BackendError::Url("no host"))?;
        if authority.as_str().contains('@') {
            return Err(BackendError::Url("credentials inside"));
        }
        if config.url.query().is_some() {
            return Err(BackendError::Url("a query inside"));
        }
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| BackendError::Url("no host"))?;
        Ok(Upstream {
            client,
            scheme,
            authority,
            host,
            prefix: config.url.path().trim_end_matches('/').to_owned(),
            credential: config.credential.clone(),
            deadlines: *deadlines,
        })
    }

    /// Whether the backend is shown a credential of ours.
    pub(crate) fn credential_is_ours(&self) -> bool {
        matches!(self.credential, BackendCredential::Header { .. } | BackendCredential::Query { .. })
    }

    /// Whether the backend is shown the caller's credential.
    pub(crate) fn passes_credential_through(&self) -> bool {
        matches!(self.credential, BackendCredential::PassThrough)
    }

    /// Sends a request and waits for the response's head, until `end` at the latest.
    pub(crate) async fn send(
        &self,
        outgoing: Outgoing<'_>,
        end: Instant,
    ) -> Result<Response<Incoming>, Cause> {
        let Outgoing { method, path, mut query, mut headers, body } = outgoing;
        headers.insert(header::HOST, self.host.clone());
        match &self.credential {
            BackendCredential::None | BackendCredential::PassThrough => {}
            BackendCredential::Header { name, value } => {
                headers.insert(name.clone(), value.clone());
            }
            BackendCredential::Query { name, value } => query.set(name, value),
        }
        let uri = self.uri(path, &query)?;
        let fate = body.fate();
        let repeatable =
            http_body::Body::is_end_stream(&body) && matches!(method, Method::GET | Method::HEAD);
        let again = repeatable.then(|| request(&method, &uri, &headers, UpstreamBody::empty()));
        let first = request(&method, &uri, &headers, body);
        let exchange = async {
            match (self.client.request(first).await, again) {
                // A pooled connection that the backend closed while it lay idle is no failure of the backend.
                (Err(error), Some(again)) if was_unanswered(&error) => self.client.request(again).await,
                (outcome, _) => outcome,
            }
        };
        let mut exchange = std::pin::pin!(exchange);
        loop {
            let due = (Instant::now() + self.deadlines.head).min(end);
            match tokio::time::timeout_at(due, &mut exchange).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(fate.cause().unwrap_or_else(|| unreachable(&error))),
                // The backend has not heard all of the request yet; the client has its own deadline for that.
                Err(_) if fate.is_under_way() && due < end => {}
                Err(_) => return Err(fate.cause().unwrap_or(Cause::Late("response head"))),
            }
        }
    }

    fn uri(&self, path: &str, query: &Query) -> Result<Uri, Cause> {
        let mut target = String::with_capacity(self.prefix.len() + path.len() + 64);
        target.push_str(&self.prefix);
        target.push_str(path);
        query.write(&mut target);
        let target = PathAndQuery::from_maybe_shared(Bytes::from(target))
            .map_err(|_| Cause::Target("The request target is too long."))?;
        let uri = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        uri.path_and_query(target).build().map_err(|error| Cause::Internal(error.into()))
    }
}

impl BackendClient {
    fn request(&self, request: Request<UpstreamBody>) -> ResponseFuture {
        match self {
            BackendClient::Network(client) => client.request(request),
            BackendClient::Memory(client) => client.request(request),
        }
    }
}

fn client() -> Builder {
    let mut client = Client::builder(TokioExecutor::new());
    client
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(std::time::Duration::from_secs(30))
        // A GET is repeated above, knowing what it is; nothing else ever is (H10).
        .retry_canceled_requests(false)
        .set_host(false);
    client
}

/// Connects over TCP, and TLS where the URL says so.
pub(crate) fn connector(
    config: &BackendConfig,
    deadlines: &Deadlines,
) -> Result<HttpsConnector<HttpConnector>, BackendError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(deadlines.connect));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = HttpsConnectorBuilder::new();
    let builder = match &config.ca_file {
        None => builder.with_provider_and_webpki_roots(provider)?,
        Some(path) => {
            let wrong = |reason: String| BackendError::Authorities { path: path.clone(), reason };
            let mut roots = rustls::RootCertStore::empty();
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("no certificate in it".into()));
            }
            let client =
                ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
            builder.with_tls_config(client.with_root_certificates(roots).with_no_client_auth())
        }
    };
    Ok(builder.https_or_http().enable_http1().wrap_connector(tcp))
}

fn request(method: &Method, uri: &Uri, headers: &HeaderMap, body: UpstreamBody) -> Request<UpstreamBody> {
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    request
}

/// Whether the connection was lost before any byte of an answer.
fn was_unanswered(error: &hyper_util::client::legacy::Error) -> bool {
    !error.is_connect()
        && sources(error)
            .filter_map(|source| source.downcast_ref::<hyper::Error>())
            .any(|error| error.is_canceled() || error.is_incomplete_message())
}

/// What went wrong, by its kind: an error's text may hold addresses, but never what was sent.
fn unreachable(error: &hyper_util::client::legacy::Error) -> Cause {
    let malformed =
        sources(error).filter_map(|source| source.downcast_ref::<hyper::Error>()).any(hyper::Error::is_parse);
    if malformed {
        return Cause::Response("not HTTP");
    }
    let reasons = sources(error).map(ToString::to_string).collect::<Vec<_>>();
    Cause::Unreachable(reasons.join(": "))
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}
