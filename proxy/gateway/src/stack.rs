//! The order of the layers: what happens to a request, from its head to the last byte of its answer.
//!
//! | step | why it stands there |
//! |---|---|
//! | gate | before any work: what is too much is refused at once, whatever it asks for (H36) |
//! | view, policy | taken once, so that one exchange never sees two directories or two policies (D8) |
//! | head, target | given one meaning before anything else looks at them (H3, H6, H40) |
//! | age | a directory that cannot be confirmed is not enforced as if it were in force (D8) |
//! | caller, their rate | before routes, so that nobody learns without a credential which exist (H41) |
//! | observe | a simplified deployment branches off here: it enforces nothing (D1) |
//! | scope | needs the caller, and the project asked for (D24) |
//! | route | unknown ones are refused to everybody |
//! | authorize, plan | before the backend hears of the request, and before the client is told to send a body (H5) |
//! | request body | refused, or limited, before a probe is spent on it |
//! | probe | last before the backend, since it costs a request: may the caller see what this is about? (H36) |
//! | backend | with a head made anew, not the client's (H1) |
//! | response head | status, type and coding must be as declared before the body is touched (H8, H13, H15, H20) |
//! | editor | judges and edits; its first output, or its failure, decides the head (H10) |
//! | rescue | outside of all that can fail: causes become problems |
//! | seal | outside of rescue, so that refusals carry the same headers (H17) |
//! | access log | outermost: it ends with the last byte |

use std::net::SocketAddr;
use std::sync::Arc;

use cordon_directory::{Security, UserId};
use cordon_policy::{Decision, Exchange, ExchangePlan, QueryEdits, RequestPlan, ResponsePlan};
use cordon_rewrite::{Editor, Options, Plan};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header, request, response,
};
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use crate::access::Entry;
use crate::active::Active;
use crate::answer::AnswerBody;
use crate::audit::{self, Audit, Ledger, Spoken, Without};
use crate::edit::body::{Edited, policy_cause};
use crate::explain::{Explaining, Tap};
use crate::gateway::Gateway;
use crate::identity::Presented;
use crate::observe;
use crate::probe::{self, Asking, Memory};
use crate::request::body::UpstreamBody;
use crate::request::head;
use crate::request::id::REQUEST_ID;
use crate::request::query::Query;
use crate::request::target::Target;
use crate::rescue::{Cause, rescue};
use crate::response::check::{self, Meaning};
use crate::response::coding::Coding;
use crate::response::headers;
use crate::response::source::{Pace, Source};
use crate::stage::Stage;
use crate::standing::{Admitted, Asked, Standing, Vigil};
use crate::trace::TraceContext;
use crate::trial::{Copying, Lineup, Part, Question, Sample, Trial};
use crate::upstream::{BackendBody, Outgoing};
use crate::view::{CallerScope, View};
use crate::websocket::{self, Opened, Tunnel, Upgrade};

/// The connection that a request came over.
#[derive(Clone, Default)]
pub(crate) struct Origin {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) is_tls: bool,
    /// What the client showed of itself in the TLS handshake, checked by one of the configured authorities.
    pub(crate) client_certificate: Option<Arc<CertificateDer<'static>>>,
    /// It is one of ours, to show what becomes of a request.
    pub(crate) explaining: Option<Explaining>,
    /// What the connection becomes if it is no HTTP any more, if it can.
    pub(crate) tunnel: Option<Arc<Tunnel>>,
}

/// What holds for the whole of one exchange.
pub(crate) struct Round<'a> {
    pub(crate) gateway: &'a Arc<Gateway>,
    pub(crate) view: Arc<View>,
    /// The policy in force for the caller: until it is known who that is, the one for nobody in particular.
    pub(crate) active: Arc<Active>,
    pub(crate) lineup: Arc<Lineup>,
    /// The exchange, if it will be compared.
    sample: Option<Arc<Sample>>,
    pub(crate) trace: Option<TraceContext>,
    /// What the request is called, if it was given a name here.
    pub(crate) request_id: Option<HeaderValue>,
    pub(crate) origin: Origin,
    /// When the last byte must have come from the backend.
    pub(crate) end: Instant,
}

/// By what a response is judged.
struct Terms<'a> {
    plan: &'a ExchangePlan,
    exchange: &'a Exchange,
    scope: &'a CallerScope,
    audit: Option<Box<Audit>>,
    /// Of what may go on without end.
    standing: Option<Standing>,
}

/// Answers a request, whatever happens.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    request: Request<Incoming>,
    origin: Origin,
) -> Response<AnswerBody> {
    let mut round = Round::begin(gateway, origin);
    let is_head = request.method() == Method::HEAD;
    let version = request.version();
    let (active, snapshot) = (Arc::clone(&round.active), Arc::clone(&round.view.snapshot));
    let head = (request.method().clone(), request.headers());
    let address = round.origin.address.map(|address| address.ip());
    let mut entry = Entry::new(gateway, head, address, active, snapshot);
    (round.trace, round.request_id) = (entry.trace, entry.request_id(gateway));
    let passed = match gateway.gate.enter(&round.origin) {
        Ok(admitted) => {
            entry.admitted = Some(admitted);
            round.pass(request, &mut entry).await
        }
        Err(cause) => Err(cause),
    };
    let mut response = passed.unwrap_or_else(|cause| {
        entry.refused(&cause);
        if let Some(tap) = round.tap() {
            tap.refusal(cause.problem(), cause.to_string());
        }
        entry.observed = false;
        let mut refusal = rescue(&cause, round.request_id.as_ref());
        gateway.identifier.challenge(&cause, refusal.headers_mut());
        refusal
    });
    if !entry.observed {
        gateway.seal.put(response.headers_mut());
        if let Some(name) = gateway.config.policy_header.clone().filter(|_| entry.user.is_some()) {
            response.headers_mut().insert(name, round.active.digest.clone());
        }
    }
    if let Some(id) = &round.request_id {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    if version >= Version::HTTP_2 {
        response.headers_mut().remove(header::CONNECTION);
    }
    entry.answered(response.status());
    response.body_mut().attach(entry);
    if is_head && let Some(length) = response.body_mut().take_content() {
        // Our own length, of what GET would give (H7).
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

impl<'a> Round<'a> {
    /// What is in force now, for a request that came this way.
    pub(crate) fn begin(gateway: &'a Arc<Gateway>, origin: Origin) -> Round<'a> {
        let lineup = gateway.lineup.load_full();
        Round {
            gateway,
            view: gateway.views.current(),
            active: Arc::clone(&lineup.active),
            lineup,
            sample: None,
            trace: None,
            request_id: None,
            origin,
            end: Instant::now() + gateway.config.deadlines.whole,
        }
    }

    async fn pass(
        &mut self,
        mut request: Request<Incoming>,
        entry: &mut Entry,
    ) -> Result<Response<AnswerBody>, Cause> {
        head::check(&request)?;
        if self.gateway.directory_is_stale() {
            return Err(Cause::Stale);
        }
        let mut target = Target::parse(request.method(), request.uri(), request.version())?;
        let upgrade = Upgrade::of(&mut request)?;
        let (parts, body) = request.into_parts();
        let user = self.identify(&parts, &target.query).await;
        entry.user = user.as_ref().ok().cloned();
        if let (Ok(user), None) = (&user, self.tap()) {
            self.gateway.gate.caller(user)?;
        }
        if self.view.snapshot.security() == Security::Simplified {
            return Box::pin(observe::pass(self, user, (target, upgrade), &parts, body, entry)).await;
        }
        let user = user?;
        entry.enter(Stage::Policy);
        if let Some(trial) = self.choose(&user) {
            entry.served_by(&trial);
        }
        let scope = self.scope(&user, &parts.headers, &mut target.query)?;
        let credentials = target.query.clone();
        self.gateway.identifier.strip(&mut target.query);
        let method = match &upgrade {
            None => {
                self.sample(&scope, &parts, &target, &body);
                parts.method.clone()
            }
            Some(upgrade) => {
                upgrade.check_origin(&self.gateway.config.websocket, self.origin.is_tls)?;
                websocket::method()
            }
        };
        let route = self.active.router.find(&method, target.path());
        let route = route
            .map_err(|cause| if upgrade.is_some() { Cause::Head(websocket::NOT_OFFERED) } else { cause })?;
        self.matched(route, entry);
        let exchange = self.exchange(&scope, route);
        let request = self.active.policy_request(route, &method, &target);
        let decision = exchange.authorize(&request).map_err(|failure| policy_cause(&failure))?;
        let edits = match &*decision {
            Decision::Refuse(refusal) => return Err(refused(refusal)),
            Decision::Forward(edits) => edits,
            Decision::ForwardIf(condition) => &condition.query,
        };
        let plan = exchange.plan().map_err(|failure| policy_cause(&failure))?;
        let body = self.request_body(&plan, body)?;
        let is_endless = upgrade.is_some() || plan.is_endless();
        let mut evidence = None;
        if let Decision::ForwardIf(condition) = &*decision {
            entry.enter(Stage::Probe);
            let memory = if is_endless { Memory::Evidence } else { Memory::Nothing };
            let asking = Asking { parts: &parts, route, target: &target, credentials: &credentials };
            evidence = Box::pin(probe::check(self, &scope, &condition.probe, asking, memory)).await?;
        }
        apply(edits, &mut target.query);
        let headers = self.request_headers(&parts, &plan, &credentials, &mut target.query);
        let withouts = Without::each(self, &scope, (route, &request));
        let standing = is_endless.then(|| {
            let asked = Asked::of(self, &user, method, &parts)?;
            let (scope, exchange, plan) = (Arc::clone(&scope), exchange.clone(), Arc::clone(&plan));
            let (active, decision) = (Arc::clone(&self.active), Arc::clone(&decision));
            let withouts = withouts.clone();
            let admitted =
                Admitted { asked, active, route, scope, exchange, decision, plan, withouts, evidence };
            Ok(Standing::of(self, Some(admitted)))
        });
        let standing = match (upgrade, standing.transpose()?) {
            (Some(upgrade), Some(standing)) => {
                let opening =
                    websocket::Opening { path: target.path(), query: target.query.clone(), headers };
                let ledger = Ledger::of(self, &user, &scope, route, &parts.method);
                let (headers, audit) = (Some(&*plan.headers), ledger.map(Spoken::new));
                let terms = websocket::Terms { headers, standing, audit, beside: None };
                return match Box::pin(websocket::open(self, upgrade, opening, terms, entry)).await? {
                    Opened::Answer(answer) => Ok(answer),
                    Opened::Declined(_) => Err(Cause::Response("no WebSocket where one was asked for")),
                };
            }
            (_, standing) => standing,
        };
        let method = backend_method(&parts.method, &plan);
        let outgoing = Outgoing { method, path: target.path(), query: target.query.clone(), headers, body };
        let response = self.send(outgoing, entry).await?;
        let audit = Audit::of(self, (&user, &scope), route, &parts.method, withouts);
        let terms = Terms { plan: &plan, exchange: &exchange, scope: &scope, audit, standing };
        let about_one = plan.has_sole_set() && matches!(parts.method, Method::GET | Method::HEAD);
        let answered = self.respond(response, &parts.method, terms, entry).await;
        answered.map_err(|cause| if about_one { cause.veiled() } else { cause })
    }

    /// Keeps what the exchange is compared by, if it is one of those.
    fn sample(&mut self, scope: &Arc<CallerScope>, parts: &request::Parts, target: &Target, body: &Incoming) {
        let Some(trial) = self.lineup.sampling(&self.active).filter(|_| self.tap().is_none()) else {
            return;
        };
        let question = Question {
            view: Arc::clone(&self.view),
            active: Arc::clone(&self.lineup.active),
            scope: Arc::clone(scope),
            method: parts.method.clone(),
            target: target.clone(),
            has_body: !http_body::Body::is_end_stream(body),
        };
        self.sample = Some(Sample::new(Arc::clone(trial), question));
    }

    /// Where this exchange is watched from.
    pub(crate) fn tap(&self) -> Option<&Arc<Tap>> {
        self.origin.explaining.as_ref().map(|explaining| &explaining.tap)
    }

    /// Notes the request's route, by its index.
    pub(crate) fn matched(&self, route: usize, entry: &mut Entry) {
        entry.matched(route);
        if let Some(tap) = self.tap() {
            tap.route(&self.active.policy.manifest().routes[route].name);
        }
    }

    /// The policy in force for this caller, which may be one on trial.
    pub(crate) fn choose(&mut self, user: &UserId) -> Option<Arc<Trial>> {
        let trial = self.lineup.trial_for(user).map(Arc::clone)?;
        self.active = Arc::clone(&trial.candidate);
        Some(trial)
    }

    pub(crate) async fn identify(&self, parts: &request::Parts, query: &Query) -> Result<UserId, Cause> {
        match &self.origin.explaining {
            Some(explaining) => Ok(explaining.user.clone()),
            None => {
                let address = self.origin.address.map(|address| address.ip());
                let certificate = self.origin.client_certificate.as_ref().map(|leaf| leaf.as_ref().as_ref());
                let presented = Presented { headers: &parts.headers, query, address, certificate };
                let Gateway { identifier, upstream, .. } = &**self.gateway;
                identifier.identify(&self.view.snapshot, upstream, &presented).await
            }
        }
    }

    /// The caller's scope, for the project they ask for (D24), which is taken out of the query.
    pub(crate) fn scope(
        &self,
        user: &UserId,
        headers: &HeaderMap,
        query: &mut Query,
    ) -> Result<Arc<CallerScope>, Cause> {
        let selector = &self.gateway.config.project;
        let mut chosen: Option<String> = None;
        let mut choose = |project: &str| match chosen.replace(project.to_owned()) {
            Some(other) if other != project => {
                Err(Cause::Head("The request asks for two different projects."))
            }
            _ => Ok(()),
        };
        for value in selector.header.iter().flat_map(|name| headers.get_all(name)) {
            choose(std::str::from_utf8(value.as_bytes()).map_err(|_| Cause::Project)?)?;
        }
        if let Some(name) = &selector.query {
            query.values(name).try_for_each(choose)?;
            query.remove(name);
        }
        let source = self.view.snapshot.scope(user, chosen.as_deref()).map_err(|_| Cause::Project)?;
        Ok(self.view.scope(&source, &self.gateway.config.mask_secret))
    }

    pub(crate) fn exchange(&self, scope: &CallerScope, route: usize) -> Exchange {
        let directory = Arc::clone(&self.view.directory);
        Exchange::new(Arc::clone(&self.active.policy), directory, Arc::clone(&scope.scope), route)
    }

    fn request_body(&self, plan: &ExchangePlan, body: Incoming) -> Result<UpstreamBody, Cause> {
        if http_body::Body::is_end_stream(&body) {
            return Ok(UpstreamBody::empty());
        }
        let config = &self.gateway.config;
        match plan.request {
            RequestPlan::Empty => Err(Cause::BodyNotTaken),
            RequestPlan::Pass => UpstreamBody::streamed(body, config, self.end),
        }
    }

    /// Sends the request that the exchange is about, and waits for the head of its answer.
    pub(crate) async fn send(
        &self,
        mut outgoing: Outgoing<'_>,
        entry: &mut Entry,
    ) -> Result<Response<BackendBody>, Cause> {
        entry.enter(Stage::Backend);
        entry.receives(outgoing.body.fate());
        outgoing.body = outgoing.body.begun().await?;
        let response = self.ask(outgoing).await?;
        entry.enter(Stage::Body);
        Ok(response)
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn ask(&self, outgoing: Outgoing<'_>) -> Result<Response<BackendBody>, Cause> {
        let response = self.gateway.upstream.send(outgoing, self.end).await?;
        if let Some(tap) = self.tap() {
            tap.backend_head(response.status(), response.headers());
        }
        Ok(response)
    }

    async fn respond(
        &self,
        response: Response<BackendBody>,
        method: &Method,
        terms: Terms<'_>,
        entry: &mut Entry,
    ) -> Result<Response<AnswerBody>, Cause> {
        let plan = terms.plan;
        let (head, body) = response.into_parts();
        let meaning = check::status(head.status, self.gateway.upstream.credential_is_ours())?;
        let (kind, body) = match (&plan.response, meaning) {
            (_, Meaning::NoContent) => {
                // Nothing where a record should be is a record that is not there (H8, H36).
                if plan.has_sole_set() && matches!(*method, Method::GET | Method::HEAD) {
                    return Err(Cause::Missing);
                }
                (None, AnswerBody::empty())
            }
            (ResponsePlan::Empty, Meaning::Content) => (None, AnswerBody::empty()),
            (ResponsePlan::Pass, Meaning::Content) => {
                let mut source = self.source(&head, body)?;
                if let Some(mut audit) = terms.audit {
                    Box::pin(audit.before_unfiltered()).await?;
                }
                source.copy_to(self.answered(Part::Answer, &head));
                let body = AnswerBody::passed(source, self.gateway.config.limits.whole_answer).await?;
                (head.headers.get(header::CONTENT_TYPE).cloned(), body)
            }
            (ResponsePlan::Edit(plan), Meaning::Content) => {
                let mut edited = self.edited(plan, &head, body, terms.exchange, terms.scope)?;
                edited.copy_to(self.answered(Part::Answer, &head));
                edited.audited(terms.audit);
                edited.watch_over(terms.standing.map(Vigil::new));
                let begun = edited.begin(self.gateway.config.limits.whole_answer).await;
                if !matches!(begun, Ok(None)) {
                    entry.edited(edited.report());
                }
                let body = match begun? {
                    Some(whole) => {
                        edited.audit(audit::Part::Whole).await?;
                        AnswerBody::whole(whole)
                    }
                    None => {
                        edited.audit(audit::Part::Begun).await?;
                        AnswerBody::edited(edited)
                    }
                };
                (Some(check::declared(plan.spec())), body)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        headers::copy(&plan.headers, &head.headers, response.headers_mut());
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(response)
    }

    /// Where the backend's answer is copied to, if the exchange will be compared.
    pub(crate) fn answered(&self, part: Part, head: &response::Parts) -> Option<Copying> {
        Some(self.sample.as_ref()?.answered(part, &head.headers))
    }

    /// The backend's body under this plan, after its head was found to be as declared.
    pub(crate) fn edited(
        &self,
        plan: &Arc<Plan>,
        head: &response::Parts,
        body: BackendBody,
        exchange: &Exchange,
        scope: &CallerScope,
    ) -> Result<Edited, Cause> {
        check::content_type(&head.headers, plan.spec())?;
        let source = self.source(head, body)?;
        Ok(Edited::new(source, self.editor(plan, scope), exchange.judge(), plan, self.tap().cloned()))
    }

    pub(crate) fn editor(&self, plan: &Arc<Plan>, scope: &CallerScope) -> Editor {
        let options = Options {
            limits: self.gateway.config.editor.clone(),
            hash_key: scope.hash_key,
            trace: self.tap().is_some(),
        };
        Editor::new(Arc::clone(plan), options)
    }

    fn source(&self, head: &response::Parts, body: BackendBody) -> Result<Source, Cause> {
        let coding = Coding::of(&head.headers)?;
        let config = &self.gateway.config;
        let pace = Pace::new(&config.deadlines, self.end);
        Ok(Source::new(body, coding, &config.limits, pace, self.tap().cloned()))
    }
}

/// The method that the backend gets: what is edited must be there, also for HEAD (H7).
fn backend_method(method: &Method, plan: &ExchangePlan) -> Method {
    match plan.response {
        ResponsePlan::Edit(_) if method == Method::HEAD => Method::GET,
        _ => method.clone(),
    }
}

fn apply(edits: &QueryEdits, query: &mut Query) {
    edits.remove.iter().for_each(|name| query.remove(name));
    edits.set.iter().for_each(|(name, value)| query.set(name, value));
}

pub(crate) fn refused(refusal: &cordon_policy::Refusal) -> Cause {
    match StatusCode::from_u16(refusal.status) {
        // The one status that must not be told from a missing record (H36).
        Ok(StatusCode::NOT_FOUND) => Cause::Missing,
        Ok(status) if status.is_client_error() => {
            Cause::Refused { status, code: refusal.code.clone(), detail: refusal.detail.clone() }
        }
        _ => Cause::Policy("refusal with a status outside 400 to 499".into()),
    }
}
