//! Observe mode (D1, simplified): what comes is forwarded, and what enforcement would have done is counted.
//!
//! What has no single meaning is refused even here, and so is a request without a caller where the backend would be
//! shown a credential of ours.

use std::sync::Arc;

use cordon_directory::UserId;
use cordon_policy::{Decision, Exchange, ExchangePlan, RequestPlan, ResponsePlan};
use cordon_rewrite::Format;
use http::{Method, Response, header, request, response};
use hyper::body::Incoming;

use crate::access::Entry;
use crate::answer::AnswerBody;
use crate::edit::body::policy_cause;
use crate::edit::observed::{Beside, Observed};
use crate::request::body::UpstreamBody;
use crate::request::head::without_hops;
use crate::request::target::Target;
use crate::rescue::Cause;
use crate::response::check::{self, Meaning};
use crate::response::coding::{Coding, Decoder};
use crate::response::source::{Pace, Source};
use crate::stack::Round;
use crate::stage::Stage;
use crate::standing::{Standing, Vigil};
use crate::upstream::{BackendBody, Outgoing};
use crate::view::CallerScope;
use crate::websocket::{self, Measure, Opened, Upgrade};

/// What enforcement would run on the response.
pub(crate) struct Would {
    exchange: Exchange,
    plan: Arc<ExchangePlan>,
    scope: Arc<CallerScope>,
    route: usize,
}

impl Would {
    /// By what messages would be judged.
    pub(crate) fn measure(&self) -> Measure<'_> {
        Measure {
            exchange: &self.exchange,
            plan: &self.plan,
            route: &self.exchange.policy().manifest().routes[self.route],
            hash_key: self.scope.hash_key,
        }
    }
}

/// Forwards a request and its response.
pub(crate) async fn pass(
    round: &Round<'_>,
    user: Result<UserId, Cause>,
    (mut target, upgrade): (Target, Option<Upgrade>),
    parts: &request::Parts,
    body: Incoming,
    entry: &mut Entry,
) -> Result<Response<AnswerBody>, Cause> {
    let gateway = round.gateway;
    let user = match user {
        Err(cause) if gateway.upstream.credential_is_ours() => return Err(cause),
        user => user.ok(),
    };
    entry.observed = true;
    entry.enter(Stage::Policy);
    let credentials = target.query.clone();
    gateway.identifier.strip(&mut target.query);
    let has_body = !http_body::Body::is_end_stream(&body);
    let would = would(round, user.as_ref(), (&mut target, upgrade.as_ref()), parts, has_body, entry);
    let body = UpstreamBody::streamed(body, &gateway.config, round.end)?;
    let mut headers = gateway.request_headers.observed(&parts.headers);
    gateway.identifier.remove(&mut headers);
    let mut query = target.query.clone();
    round.credentials_and_origin(parts, &credentials, &mut query, &mut headers);
    if let Some(upgrade) = upgrade {
        let opening = websocket::Opening { path: target.path(), query, headers };
        return upgraded(round, upgrade, opening, would, entry).await;
    }
    let outgoing = Outgoing { method: parts.method.clone(), path: target.path(), query, headers, body };
    let response = round.send(outgoing, entry).await?;
    Ok(forwarded(round, response, |head| beside(round, &would?, parts, head)))
}

/// Asks the backend for a WebSocket. Where it gives none, its answer passes.
async fn upgraded(
    round: &Round<'_>,
    upgrade: Upgrade,
    mut opening: websocket::Opening<'_>,
    would: Option<Would>,
    entry: &mut Entry,
) -> Result<Response<AnswerBody>, Cause> {
    // Frames end here, as they do under enforcement: nobody could unpack what an extension made of them.
    opening.headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    let beside = would.map(|would| {
        let counters = Arc::clone(&round.active.counters[would.route]);
        websocket::Beside::new(would, counters)
    });
    let terms = websocket::Terms { headers: None, standing: Standing::of(round, None), audit: None, beside };
    Ok(match websocket::open(round, upgrade, opening, terms, entry).await? {
        Opened::Answer(answer) => answer,
        Opened::Declined(response) => forwarded(round, response, |_| None),
    })
}

/// The backend's response as it is, with an editor beside its body if there is one.
fn forwarded(
    round: &Round<'_>,
    response: Response<BackendBody>,
    beside: impl FnOnce(&response::Parts) -> Option<Beside>,
) -> Response<AnswerBody> {
    let gateway = round.gateway;
    let (head, body) = response.into_parts();
    let beside = beside(&head);
    let pace = Pace::new(&gateway.config.deadlines, round.end);
    let mut source = Source::new(body, None, &gateway.config.limits, pace, round.tap().cloned());
    let is_endless = beside.as_ref().is_some_and(|beside| beside.is_events);
    if is_endless {
        source.without_end();
    } else {
        source.watch();
    }
    let mut observed = Observed::new(source, beside);
    if is_endless {
        observed.watch_over(Vigil::new(Standing::of(round, None)));
    }
    let mut response = Response::new(AnswerBody::observed(observed));
    *response.status_mut() = head.status;
    *response.headers_mut() = without_hops(&head.headers);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// Goes the way of enforcement up to the backend. `None`: it would have ended there, which is counted by route if
/// there is one.
fn would(
    round: &Round<'_>,
    user: Option<&UserId>,
    (target, upgrade): (&mut Target, Option<&Upgrade>),
    parts: &request::Parts,
    has_body: bool,
    entry: &mut Entry,
) -> Option<Would> {
    let method = if upgrade.is_some() { websocket::method() } else { parts.method.clone() };
    let route = round.active.router.find(&method, target.path()).ok()?;
    round.matched(route, entry);
    let mut plan = || -> Result<Would, Cause> {
        let user = user.ok_or(Cause::NoCredentials)?;
        let scope = round.scope(user, &parts.headers, &mut target.query)?;
        if let Some(upgrade) = upgrade {
            upgrade.check_origin(&round.gateway.config.websocket, round.origin.is_tls)?;
        }
        let exchange = round.exchange(&scope, route);
        let request = round.active.policy_request(route, &method, target);
        let decision = exchange.authorize(&request).map_err(|failure| policy_cause(&failure))?;
        // A probe would double the backend's work; the record it asks for is left unjudged.
        if matches!(*decision, Decision::Refuse(_)) {
            return Err(Cause::Missing);
        }
        let plan = exchange.plan().map_err(|failure| policy_cause(&failure))?;
        if has_body && plan.request == RequestPlan::Empty {
            return Err(Cause::BodyNotTaken);
        }
        Ok(Would { exchange, plan, scope, route })
    };
    count_refusal(round, route, plan())
}

/// The editor that runs beside the body, if the response is one that it would have run on.
fn beside(
    round: &Round<'_>,
    would: &Would,
    parts: &request::Parts,
    head: &response::Parts,
) -> Option<Beside> {
    let ResponsePlan::Edit(plan) = &would.plan.response else {
        return None;
    };
    if parts.method == Method::HEAD {
        return None;
    }
    let ready = || -> Result<Option<Beside>, Cause> {
        match check::status(head.status, false) {
            Ok(Meaning::Content) => {}
            // An error of the backend stays one.
            Ok(Meaning::NoContent) | Err(Cause::Missing | Cause::Status(_)) => return Ok(None),
            Err(cause) => return Err(cause),
        }
        check::content_type(&head.headers, plan.spec())?;
        let limits = &round.gateway.config.limits;
        let decoder = Coding::of(&head.headers)?;
        Ok(Some(Beside {
            is_events: plan.spec().format == Format::Sse,
            editor: round.editor(plan, &would.scope),
            judge: would.exchange.judge(),
            decoder: decoder.map(|coding| Decoder::new(coding, limits.decoded_body, limits.decoded_ratio)),
            counters: Arc::clone(&round.active.counters[would.route]),
            tap: round.tap().cloned(),
        }))
    };
    count_refusal(round, would.route, ready()).flatten()
}

fn count_refusal<T>(round: &Round<'_>, route: usize, outcome: Result<T, Cause>) -> Option<T> {
    outcome
        .inspect_err(|cause| {
            round.active.counters[route].would_refuse();
            tracing::debug!(%cause, "would be refused");
        })
        .ok()
}
