//! `/policy`: which policy is in force, what is tried out beside it, and changes of both. For the role Admin.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::json;
use crate::extract::{NoQuery, Sent};
use crate::members::Members;
use crate::paging::checked;
use crate::policies::{Policies, PolicyEvent, PolicyOrder, PolicyRefusal, PolicyStanding};
use crate::problem::{Fault, Problem};
use crate::query::Query;
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;

const NEED: &[Right] = &[Right::Administrator];
/// Entries of the history without `limit`, and with it.
const ENTRIES: usize = 50;
const MOST: usize = 500;
/// What shares are parts of.
const WHOLE: u16 = 10_000;

/// A trial that is to begin.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialRequest {
    /// Digest of a bundle on offer; without it the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub digest: Option<String>,
    /// How many of ten thousand exchanges are compared; without it 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 10000)]
    pub compared: Option<u16>,
    /// How many of ten thousand callers the candidate serves; without it none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, maximum = 10000)]
    pub served: Option<u16>,
    /// What the candidate may reveal without being sent home: the route's name, a colon, and a place of its report or `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub approved: Option<Vec<String>>,
}

/// A bundle that is to be put in force.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundleRequest {
    /// Its digest; without it the one on trial, or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub digest: Option<String>,
}

/// What happened to the policies.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyHistory {
    /// The newest first.
    pub items: Vec<PolicyEvent>,
}

/// Which policy is in force, and what is tried out beside it. For the role Admin.
#[utoipa::path(
    get, path = "/policy", tag = "policy",
    responses((status = 200, description = "The bundles in force, on trial and on offer.", body = PolicyStanding)),
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    Ok(json(&policies(&shared)?.standing()))
}

/// Which policies were in force, tried out, sent home. For the role Admin.
#[utoipa::path(
    get, path = "/policy/history", tag = "policy",
    params(("limit" = Option<usize>, Query, description = "How many entries.", minimum = 1, maximum = 500)),
    responses((status = 200, description = "The newest first.", body = PolicyHistory)),
)]
pub(crate) async fn history(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let limit = match query.take("limit").map(|text| text.parse::<usize>()) {
        None => ENTRIES,
        Some(Ok(limit @ 1..=MOST)) => limit,
        Some(_) => {
            query.fault(Fault::of("limit", "range", "a whole number from 1 to 500 is expected"));
            ENTRIES
        }
    };
    checked(query)?;
    let items = policies(&shared)?.history(limit).await.map_err(refused)?;
    Ok(json(&PolicyHistory { items }))
}

/// Tries a bundle out beside the one in force: as a shadow that serves nobody, or as a canary. For the role Admin.
#[utoipa::path(
    post, path = "/policy/trial", tag = "policy", request_body = TrialRequest,
    responses((status = 200, description = "It has begun, in the place of any other trial.", body = PolicyStanding)),
)]
pub(crate) async fn begin_trial(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let (body, _) = sent.json(&shared).await?;
    let mut members = Members::of(body)?;
    let digest = members.text("digest");
    let compared = share(&mut members, "compared").unwrap_or(100);
    let served = share(&mut members, "served").unwrap_or(0);
    let approved = members.texts("approved").unwrap_or_default();
    let approved = approved.iter().enumerate().filter_map(|(place, text)| match text.split_once(':') {
        Some((route, path)) if !route.is_empty() && !path.is_empty() => {
            Some((route.to_owned(), path.to_owned()))
        }
        _ => {
            let expected = "a route's name, a colon and a place of the report are expected";
            members.fault(Fault::at(format!("/approved/{place}"), "type", expected));
            None
        }
    });
    let approved = approved.collect();
    finished(members)?;
    ordered(&shared, &sight, PolicyOrder::Try { digest, compared, served, approved }).await
}

/// Ends the trial: everybody is served by the bundle in force. For the role Admin.
#[utoipa::path(
    delete, path = "/policy/trial", tag = "policy",
    responses((status = 200, description = "There is none any more.", body = PolicyStanding)),
)]
pub(crate) async fn end_trial(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    ordered(&shared, &sight, PolicyOrder::EndTrial).await
}

/// Puts the bundle on trial in force, or another one on offer. For the role Admin.
#[utoipa::path(
    post, path = "/policy/promote", tag = "policy", request_body = BundleRequest,
    responses((status = 200, description = "It is in force.", body = PolicyStanding)),
)]
pub(crate) async fn promote(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    let digest = named(&shared, &sight, sent).await?;
    ordered(&shared, &sight, PolicyOrder::Promote { digest }).await
}

/// Puts a bundle in force again that was before, although its counter is smaller. For the role Admin.
#[utoipa::path(
    post, path = "/policy/rollback", tag = "policy", request_body = BundleRequest,
    responses((status = 200, description = "It is in force.", body = PolicyStanding)),
)]
pub(crate) async fn rollback(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    let digest = named(&shared, &sight, sent).await?;
    ordered(&shared, &sight, PolicyOrder::Rollback { digest }).await
}

/// The bundle that a body names, if it names one.
async fn named(shared: &Shared, sight: &Sight, mut sent: Sent) -> Result<Option<String>, Problem> {
    sight.need(NEED)?;
    let (body, _) = sent.json(shared).await?;
    let mut members = Members::of(body)?;
    let digest = members.text("digest");
    finished(members)?;
    Ok(digest)
}

async fn ordered(shared: &Shared, sight: &Sight, order: PolicyOrder) -> Result<Response, Problem> {
    let policies = policies(shared)?;
    policies.order(&format!("user:{}", sight.login()), order).await.map_err(refused)?;
    Ok(json(&policies.standing()))
}

fn share(members: &mut Members, name: &str) -> Option<u16> {
    let value = members.any(name)?;
    let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
    let share = number.filter(|share| *share <= WHOLE);
    if share.is_none() {
        let expected = "a whole number of ten-thousandths from 0 to 10000 is expected";
        members.fault(Fault::at(format!("/{name}"), "type", expected));
    }
    share
}

fn finished(members: Members) -> Result<(), Problem> {
    let faults = members.finish();
    if faults.is_empty() { Ok(()) } else { Err(Problem::body(faults)) }
}

fn policies(shared: &Shared) -> Result<&Arc<dyn Policies>, Problem> {
    shared.options.policies.as_ref().ok_or_else(|| {
        let detail =
            "This proxy reads its policy from files and not from bundles: change them and send it SIGHUP.";
        Problem::new(StatusCode::CONFLICT, "no-bundles", detail)
    })
}

fn refused(refusal: PolicyRefusal) -> Problem {
    match refusal {
        PolicyRefusal::Declined(detail) => Problem::new(StatusCode::CONFLICT, "policy-declined", detail),
        PolicyRefusal::Failed(detail) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "policy-failed", detail)
        }
    }
}
