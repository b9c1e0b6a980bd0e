//! The backend: which of its hosts is asked, over which connection, how long that may take, and what it is told.
//!
//! `shared.rs` gives a request a place at a host (`choice.rs`), `host.rs` a connection, which may lie idle (`idle.rs`),
//! `attempt.rs` sends it, and this file says what becomes of a failure. `health.rs` knows which hosts are left out,
//! `upkeep.rs` resolves names and checks hosts beside the requests.

mod attempt;
mod choice;
mod connect;
mod health;
mod host;
mod hosts;
mod idle;
mod lease;
mod shared;
pub(crate) mod states;
mod tls;
mod upkeep;

use std::sync::{Arc, Once};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri};
use rustls::pki_types::ServerName;
use tokio::time::Instant;

use crate::config::{BackendConfig, BackendCredential, Deadlines, HostAddress};
use crate::memory::MemoryBackend;
use crate::request::body::UpstreamBody;
use crate::request::query::Query;
use crate::rescue::Cause;
use crate::tls::TlsError;
use crate::tls::client::ClientTls;
use crate::upstream::attempt::{Attempt, Failed};
use crate::upstream::connect::{Place, Tls};
use crate::upstream::hosts::Hosts;
use crate::upstream::shared::Shared;
use crate::upstream::states::BackendState;

pub(crate) use lease::BackendBody;
pub(crate) use tls::connector;

/// How often one request is given to a host at most.
const ATTEMPTS: usize = 4;

/// The server behind us.
pub(crate) struct Upstream {
    shared: Arc<Shared>,
    tls: Option<Tls>,
    host: HeaderValue,
    /// Put before every path; without a slash at its end.
    prefix: String,
    credential: BackendCredential,
    deadlines: Deadlines,
    /// What goes on beside requests goes on.
    kept_up: Once,
}

/// Why the backend's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The URL is not one of a server.
    #[error("backend URL: {0}; it must look like http://host:port or https://host")]
    Url(&'static str),
    /// TLS cannot be set up.
    #[error("TLS towards the backend: {0}")]
    Tls(#[from] TlsError),
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
        Upstream::before(None, config, deadlines)
    }

    /// A backend in this process.
    pub(crate) fn in_memory(
        config: &BackendConfig,
        deadlines: &Deadlines,
        backend: MemoryBackend,
    ) -> Result<Upstream, BackendError> {
        Upstream::before(Some(backend), config, deadlines)
    }

    fn before(
        memory: Option<MemoryBackend>,
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
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_secure = scheme == Scheme::HTTPS && memory.is_none();
        let tls = match is_secure {
            true => Some(Tls {
                config: Arc::new(ClientTls::load(config.tls.clone())?),
                name: ServerName::try_from(name.clone())
                    .map_err(|_| BackendError::Url("no name for a certificate"))?,
            }),
            false => None,
        };
        let hosts = match memory {
            Some(backend) => Hosts::only(Place::Memory(backend)),
            None if config.hosts.is_empty() => {
                let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
                Hosts::new(&[HostAddress::Network { name, port }], config.resolver.clone())
            }
            None => Hosts::new(&config.hosts, config.resolver.clone()),
        };
        let (limits, checks) = (config.host_limits, config.checks.clone());
        Ok(Upstream {
            shared: Shared::new(hosts, limits, checks, deadlines.connect),
            tls,
            host: HeaderValue::from_str(authority.as_str()).map_err(|_| BackendError::Url("no host"))?,
            prefix: config.url.path().trim_end_matches('/').to_owned(),
            credential: config.credential.clone(),
            deadlines: *deadlines,
            kept_up: Once::new(),
        })
    }

    /// Begins what goes on beside requests: names are resolved, hosts are checked, idle connections grow old. The first
    /// request begins it too.
    pub(crate) fn keep_up(&self) {
        self.kept_up.call_once(|| upkeep::begin(&self.shared, self.tls.clone(), self.host.clone()));
    }

    /// How the backend is reached by TLS, if it is.
    pub(crate) fn tls(&self) -> Option<&ClientTls> {
        self.tls.as_ref().map(|tls| &*tls.config)
    }

    /// How the backend does.
    pub(crate) fn state(&self) -> BackendState {
        self.shared.state()
    }

    /// Whether the backend is shown a credential of ours.
    pub(crate) fn credential_is_ours(&self) -> bool {
        matches!(self.credential, BackendCredential::Header { .. } | BackendCredential::Query { .. })
    }

    /// Whether the backend is shown the caller's credential.
    pub(crate) fn passes_credential_through(&self) -> bool {
        matches!(self.credential, BackendCredential::PassThrough)
    }

    /// Sends a request and waits for the response's head, until `end` at the latest. A response that switches protocols
    /// keeps its place at the host for as long as its body is held; `hyper::upgrade::on` has its connection.
    pub(crate) async fn send(
        &self,
        outgoing: Outgoing<'_>,
        end: Instant,
    ) -> Result<Response<BackendBody>, Cause> {
        self.exchange(self.request(outgoing, &self.credential)?, end).await
    }

    /// Sends a request that carries the caller's credential, to learn whose it is: with a credential of ours, the answer
    /// would be about us (H41).
    pub(crate) async fn ask(
        &self,
        outgoing: Outgoing<'_>,
        end: Instant,
    ) -> Result<Response<BackendBody>, Cause> {
        self.exchange(self.request(outgoing, &BackendCredential::None)?, end).await
    }

    async fn exchange(
        &self,
        mut request: Request<UpstreamBody>,
        end: Instant,
    ) -> Result<Response<BackendBody>, Cause> {
        self.keep_up();
        let fate = request.body().fate();
        let repeatable = http_body::Body::is_end_stream(request.body())
            && matches!(*request.method(), Method::GET | Method::HEAD);
        let copy = repeatable.then(|| copy_of(&request));
        if repeatable {
            self.shared.earn_retry();
        }
        let mut tried = Vec::new();
        // The first time that a kept connection was gone says nothing of the host, and is not paid for.
        let mut is_free = true;
        loop {
            let lease = self.shared.lease(&tried, end).await?;
            let host = Arc::clone(&lease.host);
            let attempt = Attempt { lease, tls: self.tls.as_ref(), deadlines: &self.deadlines, end };
            let is_last = tried.len() + 1 >= ATTEMPTS;
            request = match attempt.send(request, &fate).await {
                Ok(response) => return Ok(response),
                // It never left, whatever it asks for.
                Err(Failed::Unsent(cause, _)) if is_last || Instant::now() >= end => return Err(cause),
                Err(Failed::Unsent(_, request)) => *request,
                Err(Failed::Unanswered(cause, was_kept)) => {
                    let Some(copy) = copy.as_ref().filter(|_| !is_last) else { return Err(cause) };
                    if !self.shared.may_retry(is_free && was_kept) {
                        return Err(cause);
                    }
                    is_free = false;
                    copy_of(copy)
                }
                Err(Failed::Answered(cause)) => return Err(cause),
            };
            tried.push(host);
        }
    }

    fn request(
        &self,
        outgoing: Outgoing<'_>,
        credential: &BackendCredential,
    ) -> Result<Request<UpstreamBody>, Cause> {
        let Outgoing { method, path, mut query, mut headers, body } = outgoing;
        headers.insert(header::HOST, self.host.clone());
        match credential {
            BackendCredential::None | BackendCredential::PassThrough => {}
            BackendCredential::Header { name, value } => {
                headers.insert(name.clone(), value.clone());
            }
            BackendCredential::Query { name, value } => query.set(name, value),
        }
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = self.target(path, &query)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    /// In the form that a server gets: path and query.
    fn target(&self, path: &str, query: &Query) -> Result<Uri, Cause> {
        let mut target = String::with_capacity(self.prefix.len() + path.len() + 64);
        target.push_str(&self.prefix);
        target.push_str(path);
        query.write(&mut target);
        PathAndQuery::from_maybe_shared(Bytes::from(target))
            .map(Uri::from)
            .map_err(|_| Cause::Target("The request target is too long."))
    }
}

/// The same request without a body.
fn copy_of<B>(request: &Request<B>) -> Request<UpstreamBody> {
    let mut copy = Request::new(UpstreamBody::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}
