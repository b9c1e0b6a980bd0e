//! Telling who calls: by a token of the directory, or as the program that carries this crate can tell.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use cordon_directory::{Snapshot, UserId};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::problem::Problem;
use crate::shared::Shared;
use crate::sight::Sight;

/// Tells who calls by what the directory's tokens do not, such as the subject of a JWT.
pub trait Identify: Send + Sync {
    /// The user whom the credentials in these headers name. They have one `Authorization` header of the scheme
    /// Bearer, which is no token of the directory. `None`: they name nobody, for whatever reason.
    fn identify<'a>(
        &'a self,
        headers: &'a HeaderMap,
        snapshot: &'a Snapshot,
    ) -> Pin<Box<dyn Future<Output = Option<UserId>> + Send + 'a>>;
}

/// Where the access log learns who called.
#[derive(Clone, Default)]
pub(crate) struct Known(pub(crate) Arc<OnceLock<String>>);

impl FromRequestParts<Arc<Shared>> for Sight {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Sight, Problem> {
        let snapshot = shared.store.current();
        let token = bearer(&parts.headers)?;
        let user = match snapshot.user_by_token(token) {
            Some(user) => Some(user),
            None => match &shared.options.identify {
                Some(identify) => identify.identify(&parts.headers, &snapshot).await,
                None => None,
            },
        };
        let user =
            user.ok_or_else(|| unauthorized("The credentials are unknown, expired or not valid here."))?;
        if let Some(known) = parts.extensions.get::<Known>() {
            // The first answer stands: a request has one caller.
            known.0.get_or_init(|| user.user().login.to_string());
        }
        Ok(Sight::new(snapshot, user))
    }
}

/// The credential of the one `Authorization` header.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| {
        unauthorized("Say who you are: `Authorization: Bearer` and a token of the directory, or a JWT.")
    })?;
    if values.next().is_some() {
        return Err(unauthorized("There is more than one Authorization header. Send one."));
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    let token = token.trim();
    // Nobody's secret is empty, whatever the directory says: it would be everybody's.
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(unauthorized("The Authorization header is not `Bearer` and a token."));
    }
    Ok(token)
}

fn unauthorized(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "credentials", detail)
        .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"cordon-admin\""))
}
