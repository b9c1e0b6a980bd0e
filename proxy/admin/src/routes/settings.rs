//! `/settings`: whether anybody is restricted (D1). For the role Admin.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use cordon_directory::Draft;

use crate::change::{Asked, Written, change};
use crate::extract::{NoQuery, Sent};
use crate::problem::Problem;
use crate::resource::SettingsView;
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;
use crate::warning::Warning;

const NEED: &[Right] = &[Right::Administrator];

/// What holds for the whole directory.
#[utoipa::path(
    get, path = "/settings", tag = "settings",
    responses((status = 200, description = "The settings.", body = SettingsView, headers(("ETag" = String)))),
)]
pub(crate) async fn get(sight: Sight, _: NoQuery) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let view = SettingsView::from(sight.state().settings());
    Ok(Written::ok(serde_json::to_value(view).expect("texts"), Vec::new()).response())
}

/// Turns isolation on.
///
/// Makes the project Default and puts every user, object and field into it, so that nothing breaks on that day (D1).
/// Does nothing where security is enhanced already.
#[utoipa::path(
    post, path = "/settings/enhance", tag = "settings",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key answers as the first did.")),
    responses((status = 200, description = "Security is enhanced.", body = SettingsView, headers(("ETag" = String)))),
)]
pub(crate) async fn enhance(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let once = sent.once(sight.login(), &[])?;
    let told = "Everybody and everything is in the project Default now, and whoever is added to another project still \
                sees Default's things until taken out of it (D2).";
    switch(&shared, &sight, once, "enhance security", Draft::enhance, Some(told)).await
}

/// Turns isolation off: nobody is restricted, and the proxies count what enforcement would have done (D1).
#[utoipa::path(
    post, path = "/settings/simplify", tag = "settings",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key answers as the first did.")),
    responses((status = 200, description = "Security is simplified.", body = SettingsView, headers(("ETag" = String)))),
)]
pub(crate) async fn simplify(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    _: NoQuery,
    sent: Sent,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let once = sent.once(sight.login(), &[])?;
    switch(&shared, &sight, once, "simplify security", Draft::simplify, None).await
}

async fn switch(
    shared: &Arc<Shared>,
    sight: &Sight,
    once: Option<(String, [u8; 32])>,
    action: &'static str,
    step: fn(&mut Draft),
    told: Option<&'static str>,
) -> Result<Response, Problem> {
    let asked = Asked { body: None, once };
    let (written, _) = change(shared, sight, action, asked, move |draft, sight| {
        sight.need(NEED)?;
        let before = draft.state().settings().security;
        step(draft);
        let settings = draft.state().settings();
        let told = told.filter(|_| settings.security != before);
        let warnings =
            told.map(|told| Warning::new("still-in-default", told.to_owned())).into_iter().collect();
        Ok(Written::ok(serde_json::to_value(SettingsView::from(settings)).expect("texts"), warnings))
    })
    .await?;
    Ok(written.response())
}
