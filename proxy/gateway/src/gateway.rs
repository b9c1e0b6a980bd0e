//! The gateway as a whole.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use bytes::Bytes;
use cordon_directory::{Snapshot, Store, UserId};
use cordon_policy::Policy;
use http::{HeaderMap, Request, Response, Uri};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::active::Active;
use crate::answer::AnswerBody;
use crate::audit::Auditor;
use crate::config::{BackendConfig, ClientTlsConfig, GatewayConfig};
use crate::counters::{Counters, Totals};
use crate::explain::{self, ExplainError, Explained};
use crate::fetch::Fetcher;
use crate::identity::{Identifier, IdentityError, Presented};
use crate::limit::Gate;
use crate::measures::Measures;
use crate::memory::MemoryBackend;
use crate::record::Recorder;
use crate::request::head::RequestHeaders;
use crate::request::query::Query;
use crate::response::headers::Seal;
use crate::route::RouteError;
use crate::serve;
use crate::serve::listener::Listener;
use crate::serve::places::Places;
use crate::stack::{self, Origin};
use crate::tls::TlsError;
use crate::tls::client::ClientTls;
use crate::tls::server::ServerTls;
use crate::trace::Sampling;
use crate::trial::{Lineup, Trial, TrialOptions};
use crate::upstream::states::BackendState;
use crate::upstream::{BackendError, Upstream, connector};
use crate::view::Views;
use crate::workers::Workers;

/// Answers requests: process-wide, shared by all connections.
pub struct Gateway {
    pub(crate) config: GatewayConfig,
    pub(crate) views: Views,
    pub(crate) lineup: ArcSwap<Lineup>,
    pub(crate) identifier: Identifier,
    pub(crate) request_headers: RequestHeaders,
    pub(crate) seal: Seal,
    pub(crate) upstream: Upstream,
    pub(crate) gate: Gate,
    pub(crate) totals: Arc<Totals>,
    pub(crate) places: Arc<Places>,
    /// What is shown on each listener that has TLS, by its address.
    pub(crate) shown: Mutex<BTreeMap<String, Arc<ServerTls>>>,
    /// Who keeps records of exchanges, instead of the log.
    pub(crate) recorder: OnceLock<Arc<dyn Recorder>>,
    /// Who keeps what special rights reveal.
    pub(crate) auditor: OnceLock<Arc<dyn Auditor>>,
    /// How much is traced; if absent, contexts pass as they come.
    pub(crate) sampling: OnceLock<Sampling>,
    /// On which threads connections are served, if not where they are accepted.
    pub(crate) workers: OnceLock<Workers>,
}

/// Why there is no gateway.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The backend's configuration cannot be used.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// Callers cannot be identified.
    #[error("identities: {0}")]
    Identity(#[from] IdentityError),
    /// The policy's routes cannot be matched.
    #[error(transparent)]
    Routes(#[from] RouteError),
}

/// Why a candidate cannot be tried out.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Its routes cannot be matched.
    #[error(transparent)]
    Routes(#[from] RouteError),
    /// There is no thread to compare on.
    #[error("the trial's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl Gateway {
    /// A gateway for this backend, directory and policy. It does nothing until it is asked to serve.
    ///
    /// # Errors
    /// A file named in the configuration cannot be read, or the configuration or the manifest contradicts itself.
    pub fn new(
        config: GatewayConfig,
        store: Arc<Store>,
        policy: Arc<Policy>,
    ) -> Result<Arc<Gateway>, GatewayError> {
        let upstream = Upstream::new(&config.backend, &config.deadlines)?;
        Gateway::before(upstream, config, store, policy)
    }

    /// A gateway before a backend in this process. The configured URL says what is put before paths and what the
    /// backend is called, but nothing is looked for there.
    ///
    /// # Errors
    /// As [`Gateway::new`].
    pub fn in_memory(
        config: GatewayConfig,
        store: Arc<Store>,
        policy: Arc<Policy>,
        backend: MemoryBackend,
    ) -> Result<Arc<Gateway>, GatewayError> {
        let upstream = Upstream::in_memory(&config.backend, &config.deadlines, backend)?;
        Gateway::before(upstream, config, store, policy)
    }

    fn before(
        upstream: Upstream,
        config: GatewayConfig,
        store: Arc<Store>,
        policy: Arc<Policy>,
    ) -> Result<Arc<Gateway>, GatewayError> {
        let elsewhere = BackendConfig {
            tls: ClientTlsConfig {
                authorities: config.identity.authorities.clone(),
                ..ClientTlsConfig::default()
            },
            ..BackendConfig::new(Uri::default())
        };
        let fetcher = Fetcher::new(connector(&elsewhere, &config.deadlines)?);
        let totals = Arc::<Totals>::default();
        Ok(Arc::new(Gateway {
            views: Views::new(store),
            lineup: ArcSwap::from_pointee(Lineup::of(Active::new(policy, &totals.routes)?)),
            identifier: Identifier::new(&config.identity, &fetcher)?,
            request_headers: RequestHeaders::new(&config),
            seal: Seal::new(&config),
            upstream,
            gate: Gate::new(&config.limits),
            places: Places::new(config.limits.connections, config.limits.connections_per_address),
            totals,
            shown: Mutex::default(),
            recorder: OnceLock::new(),
            auditor: OnceLock::new(),
            sampling: OnceLock::new(),
            workers: OnceLock::new(),
            config,
        }))
    }

    /// Puts another policy in force. Exchanges under way end under the one they began with; routes that it has too
    /// go on with their counts. A trial ends.
    ///
    /// # Errors
    /// The manifest's routes cannot be matched; the old policy stays in force.
    pub fn activate(&self, policy: Arc<Policy>) -> Result<(), RouteError> {
        self.lineup.store(Arc::new(Lineup::of(Active::new(policy, &self.totals.routes)?)));
        Ok(())
    }

    /// Tries a candidate out beside the policy in force, instead of any other that was tried out.
    ///
    /// # Errors
    /// The manifest's routes cannot be matched, or there is no thread to compare on; nothing has changed then.
    pub fn try_out(&self, candidate: Arc<Policy>, options: TrialOptions) -> Result<Arc<Trial>, TrialError> {
        let candidate = Arc::new(Active::new(candidate, &self.totals.routes)?);
        let trial = Trial::start(candidate, options, self.config.editor.clone())?;
        self.lineup
            .rcu(|lineup| Lineup { active: Arc::clone(&lineup.active), trial: Some(Arc::clone(&trial)) });
        Ok(trial)
    }

    /// The trial under way.
    pub fn trial(&self) -> Option<Arc<Trial>> {
        self.lineup.load().trial.clone()
    }

    /// Ends this trial, if it is still under way: everybody is served by the policy in force again.
    pub fn end_trial(&self, trial: &Arc<Trial>) {
        self.lineup.rcu(|lineup| Lineup {
            active: Arc::clone(&lineup.active),
            trial: lineup.trial.clone().filter(|other| !Arc::ptr_eq(other, trial)),
        });
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.lineup.load().active.policy)
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.totals.read(self.lineup.load().active.counts())
    }

    /// Requests under way, from their head to the last byte of the answer.
    pub fn requests_under_way(&self) -> usize {
        self.gate.under_way()
    }

    /// Reads the files of TLS towards the backend again, and uses what is in them for connections that are made from now
    /// on. It blocks for as long as that takes. False: the files, if there are any, hold what is in force.
    ///
    /// # Errors
    /// Which file cannot be used; what was in force stays in force.
    pub fn reload_backend_tls(&self) -> Result<bool, TlsError> {
        self.upstream.tls().map_or(Ok(false), ClientTls::reload)
    }

    /// Does so when a file has changed, for as long as it is polled.
    pub async fn follow_backend_tls(self: Arc<Self>) {
        if let Some(tls) = self.upstream.tls() {
            tls.follow().await;
        }
    }

    /// How the backend and each of its hosts do.
    pub fn backend_state(&self) -> BackendState {
        self.upstream.state()
    }

    /// Everything that an operator measures, as it is now.
    pub fn measures(&self) -> Measures {
        Measures::of(self)
    }

    /// Whether the gateway was told to stop, and finishes what is under way.
    pub fn is_draining(&self) -> bool {
        self.totals.draining.load(Ordering::Relaxed)
    }

    /// Whether nothing is served since the directory could not be confirmed for too long.
    pub fn directory_is_stale(&self) -> bool {
        self.views.age() > self.config.directory_age
    }

    /// From now on exchanges are told to this recorder. As with the other three, only the first call counts, and it comes
    /// before anything is served.
    pub fn record_to(&self, recorder: Arc<dyn Recorder>) {
        _ = self.recorder.set(recorder);
    }

    /// From now on nothing is shown by a special right unless this auditor has written so.
    pub fn audit_to(&self, auditor: Arc<dyn Auditor>) {
        _ = self.auditor.set(auditor);
    }

    /// From now on exchanges are part of traces.
    pub fn trace(&self, sampling: Sampling) {
        _ = self.sampling.set(sampling);
    }

    /// From now on connections are served on these threads.
    pub fn work_on(&self, workers: Workers) {
        _ = self.workers.set(workers);
    }

    /// Serves HTTP/1.1 and HTTP/2 on a listener, over TLS if `tls` is given, until
    /// `shutdown` is done. Then no connection is accepted any more, and those under way have the configured time to
    /// end.
    pub async fn serve(
        self: Arc<Self>,
        listener: impl Into<Listener>,
        tls: Option<Arc<ServerTls>>,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        self.upstream.keep_up();
        let listener = listener.into();
        if let Some(tls) = &tls {
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.insert(listener.to_string(), Arc::clone(tls));
        }
        serve::run(self, listener, tls, shutdown).await;
    }

    /// Serves HTTP/1.1 and HTTP/2 on one connection that is there already, such as one in memory, until the other side
    /// closes it.
    pub async fn serve_stream<S>(self: Arc<Self>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        serve::stream(self, stream, Origin::default()).await;
    }

    /// The user whom the credentials in these headers name, by the methods that the data plane takes. `None`: nobody,
    /// for whatever reason.
    pub async fn identify(&self, snapshot: &Snapshot, headers: &HeaderMap) -> Option<UserId> {
        let query = Query::default();
        let presented = Presented { headers, query: &query, address: None, certificate: None };
        self.identifier.identify(snapshot, &self.upstream, &presented).await.ok()
    }

    /// Answers one request.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        origin: Origin,
    ) -> Response<AnswerBody> {
        stack::answer(self, request, origin).await
    }

    /// Makes one exchange as this user, who need not show a credential, and shows both sides of it. The request goes
    /// over a connection in memory, and from there the way of all others. `None`: the directory has no user of this
    /// login.
    ///
    /// # Errors
    /// The request is none that can be sent, such as one with two lengths.
    pub async fn explain(
        self: &Arc<Self>,
        login: &str,
        request: Request<Bytes>,
    ) -> Result<Option<Explained>, ExplainError> {
        match self.views.current().snapshot.user_by_login(login) {
            Some(user) => explain::explain(Arc::clone(self), user, request).await.map(Some),
            None => Ok(None),
        }
    }
}
