//! `forward-if`: is there such a record, and may the caller see it? (H36)

use std::future::poll_fn;
use std::sync::Arc;

use cordon_policy::{Evidence, Exchange, Probe, ResponsePlan};
use cordon_rewrite::{Plan, Report};
use http::{Method, Response, request};

use crate::edit::body::policy_cause;
use crate::request::body::UpstreamBody;
use crate::request::query::Query;
use crate::request::target::Target;
use crate::rescue::Cause;
use crate::response::check::{self, Meaning};
use crate::stack::Round;
use crate::trial::Part;
use crate::upstream::{BackendBody, Outgoing};
use crate::view::CallerScope;

/// What is kept of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    Nothing,
    /// By what it was judged, for what has no end: as long as that is judged in the same way, there is no need to ask.
    Evidence,
}

/// The request that is about a record.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) parts: &'a request::Parts,
    /// The route's index in the manifest.
    pub(crate) route: usize,
    pub(crate) target: &'a Target,
    /// The query as it came.
    pub(crate) credentials: &'a Query,
}

/// Asks the backend for the record that the request is about and judges it by the probe's route. A record that is
/// missing and one that is hidden give the same [`Cause::Missing`].
pub(crate) async fn check(
    round: &Round<'_>,
    scope: &CallerScope,
    probe: &Probe,
    Asking { parts, route, target, credentials }: Asking<'_>,
    memory: Memory,
) -> Result<Option<Evidence>, Cause> {
    let path = round.active.probe_path(route, target, probe).ok_or(Cause::Missing)?;
    let exchange = round.exchange(scope, probe.route);
    let exchange_plan = exchange.plan().map_err(|failure| policy_cause(&failure))?;
    let ResponsePlan::Edit(plan) = &exchange_plan.response else {
        return Err(Cause::Policy("the plan of a probe's route edits nothing".into()));
    };
    if !plan.has_sole_set() {
        return Err(Cause::Policy("the plan of a probe's route has no sole set".into()));
    }
    let mut query = Query::default();
    let mut headers = round.request_headers(parts, &exchange_plan, credentials, &mut query);
    headers.remove(http::header::CONTENT_TYPE);
    headers.remove(http::header::CONTENT_LANGUAGE);
    let outgoing = Outgoing { method: Method::GET, path: &path, query, headers, body: UpstreamBody::empty() };
    let response = round.ask(outgoing).await?;
    judged(round, scope, (&exchange, plan), response, memory).await.map_err(Cause::veiled)
}

/// Whether the record in this response may be seen.
async fn judged(
    round: &Round<'_>,
    scope: &CallerScope,
    (exchange, plan): (&Exchange, &Arc<Plan>),
    response: Response<BackendBody>,
    memory: Memory,
) -> Result<Option<Evidence>, Cause> {
    let (head, body) = response.into_parts();
    let meaning = check::status(head.status, round.gateway.upstream.credential_is_ours())?;
    if meaning == Meaning::NoContent {
        return Err(Cause::Missing);
    }
    let mut edited = round.edited(plan, &head, body, exchange, scope)?;
    edited.copy_to(round.answered(Part::Probe, &head));
    if memory == Memory::Evidence {
        edited.remember();
    }
    while let Some(piece) = poll_fn(|context| edited.poll_piece(context)).await {
        piece?;
    }
    if shows_record(plan, edited.report()) { Ok(edited.evidence()) } else { Err(Cause::Missing) }
}

/// Whether the record that a plan's sole set is about is kept.
pub(crate) fn shows_record(plan: &Plan, report: &Report) -> bool {
    plan.spec().sets.iter().zip(&report.sets).any(|(set, count)| set.sole && count.kept > 0)
}
