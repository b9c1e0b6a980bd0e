//! `/users/{login}/tokens`: what callers show. For the role Admin.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::response::Response;
use cordon_directory::model::Token;
use cordon_directory::{Key, Record, RecordKind, State as Directory, User};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::change::{Asked, Written, change};
use crate::extract::{NoQuery, Segments, Sent};
use crate::members::Members;
use crate::paging::{List, Page, blocking, checked};
use crate::problem::Problem;
use crate::query::Query;
use crate::resource::{TokenView, find, part, token_id};
use crate::right::Right;
use crate::shared::Shared;
use crate::sight::Sight;

const NEED: &[Right] = &[Right::Administrator];

/// A token that is to be made.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// What people call it: what it is for, where it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<String>,
}

/// The tokens of a user, without anything that could be used. For the role Admin.
#[utoipa::path(
    get, path = "/users/{login}/tokens", tag = "users",
    params(
        ("login" = String, Path, description = "Login of the user."),
        ("limit" = Option<usize>, Query, description = "Items on a page.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ),
    responses((status = 200, description = "One page, in the order of keys.", body = List<TokenView>, headers(("Link" = String)))),
)]
pub(crate) async fn list(
    sight: Sight,
    Segments(login): Segments<String>,
    mut query: Query,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let page = Page::read(&mut query);
    checked(query)?;
    find::<User>(&sight, &Key::new(RecordKind::User, &*login))?;
    blocking(move || {
        let own = sight.state().tokens().filter(|token| *token.user == *login);
        let own: Vec<(String, &Arc<Token>)> = own.map(|token| (token_id(token), token)).collect();
        page.answer(own.iter().map(|(id, token)| (("", id.as_str()), *token)), |token| {
            TokenView::from(&**token)
        })
    })
    .await
}

/// Issues a token to a user. The answer is the only place where it ever stands. For the role Admin.
///
/// A repetition by `Idempotency-Key` makes no second token, and cannot tell the first one again: it is refused with
/// status 409 and the id of the token that was made.
#[utoipa::path(
    post, path = "/users/{login}/tokens", tag = "users", request_body = TokenRequest,
    params(
        ("login" = String, Path, description = "Login of the user."),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeating the request with the same key creates nothing twice."),
    ),
    responses((status = 201, description = "Issued.", body = TokenView, headers(("ETag" = String), ("Location" = String)))),
)]
pub(crate) async fn issue(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments(login): Segments<String>,
    _: NoQuery,
    mut sent: Sent,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let (body, text) = sent.json(&shared).await?;
    let mut members = Members::of(body)?;
    let label = members.text("label");
    let faults = members.finish();
    if !faults.is_empty() {
        return Err(Problem::body(faults));
    }
    let asked = Asked { body: None, once: sent.once(sight.login(), &text)? };
    // The answer of the change is kept for a repetition; the token goes beside it.
    let told = Arc::new(Mutex::new(None));
    let telling = Arc::clone(&told);
    let (mut written, repeated) = change(&shared, &sight, "issue token", asked, move |draft, sight| {
        sight.need(NEED)?;
        find::<User>(sight, &Key::new(RecordKind::User, &*login))?;
        let (text, token) = Token::issue(&login, label.as_deref(), sight.state().salt());
        *telling.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        let view = serde_json::to_value(TokenView::from(&token)).expect("texts");
        let location = format!("/users/{}/tokens/{}", part(&login), token_id(&token));
        draft.create(Record::Token(token));
        Ok(Written { status: 201, seen: Some(view), warnings: Vec::new(), location: Some(location) })
    })
    .await?;
    let text = told.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (&mut written.seen, text) {
        (Some(serde_json::Value::Object(members)), Some(text)) if !repeated => {
            members.insert("token".to_owned(), text.into());
            Ok(written.response())
        }
        _ => {
            let id = written.seen.as_ref().and_then(|seen| seen["id"].as_str()).unwrap_or_default();
            let detail = format!(
                "This request was carried out before and made the token `{id}`, whose text was told then and is not \
                 known here. If it was lost, remove that token and issue another."
            );
            Err(Problem::new(StatusCode::CONFLICT, "told-before", detail))
        }
    }
}

/// Takes a token from a user: whoever shows it is nobody from then on. For the role Admin.
#[utoipa::path(
    delete, path = "/users/{login}/tokens/{token}", tag = "users",
    params(("login" = String, Path, description = "Login of the user."), ("token" = String, Path, description = "Id of the token.")),
    responses((status = 204, description = "Removed.")),
)]
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    sight: Sight,
    Segments((login, id)): Segments<(String, String)>,
    _: NoQuery,
) -> Result<Response, Problem> {
    sight.need(NEED)?;
    let (written, _) = change(&shared, &sight, "remove token", Asked::default(), move |draft, sight| {
        sight.need(NEED)?;
        let key = key_of(sight.state(), &login, &id).ok_or_else(Problem::not_found)?;
        draft.remove(&key);
        Ok(Written::nothing())
    })
    .await?;
    Ok(written.response())
}

/// The key of a user's token of this id; none if two begin alike.
fn key_of(directory: &Directory, login: &str, id: &str) -> Option<Key> {
    let mut found = directory.tokens().filter(|token| *token.user == *login && token_id(token) == id);
    let token = found.next()?;
    let is_sole = found.next().is_none();
    is_sole.then(|| Key::new(RecordKind::Token, token.hash.to_string()))
}
