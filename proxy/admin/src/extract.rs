//! What handlers take out of a request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::json;
use crate::paging::checked;
use crate::problem::{Fault, Problem};
use crate::query::Query;
use crate::shared::Shared;

/// The parts of a path, decoded.
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Shared>> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Segments<T>, Problem> {
        let Path(segments) = Path::<T>::from_request_parts(parts, shared).await.map_err(|_| {
            let detail = "The path is not percent-encoded UTF-8.";
            Problem::new(StatusCode::BAD_REQUEST, "path", detail)
        })?;
        Ok(Segments(segments))
    }
}

/// The query of a request.
impl FromRequestParts<Arc<Shared>> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Query, Problem> {
        Ok(Query::of(&parts.uri))
    }
}

/// A request that takes no parameters in its query.
pub(crate) struct NoQuery;

impl FromRequestParts<Arc<Shared>> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<NoQuery, Problem> {
        checked(Query::of(&parts.uri)).map(|()| NoQuery)
    }
}

/// A request that changes something. Its body is read when it is known that the caller may do so.
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    body: Body,
}

impl FromRequest<Arc<Shared>> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Shared>) -> Result<Sent, Problem> {
        let (parts, body) = request.into_parts();
        Ok(Sent { method: parts.method, uri: parts.uri, headers: parts.headers, body })
    }
}

impl Sent {
    /// The body as a value, and as it was sent.
    pub(crate) async fn json(&mut self, shared: &Shared) -> Result<(Value, Bytes), Problem> {
        self.check_type()?;
        let config = &shared.options.config;
        let body = std::mem::take(&mut self.body);
        let received = tokio::time::timeout(config.receive, Limited::new(body, config.body).collect()).await;
        let text = match received {
            Ok(Ok(collected)) => collected.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let detail = format!("The body is too large: {} bytes are allowed.", config.body);
                return Err(closing(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail));
            }
            Ok(Err(_)) => {
                let detail = "The body broke off.".to_owned();
                return Err(closing(StatusCode::BAD_REQUEST, "body-broken", detail));
            }
            Err(_) => {
                let detail = "The body did not arrive in time.".to_owned();
                return Err(closing(StatusCode::REQUEST_TIMEOUT, "body-late", detail));
            }
        };
        Ok((json::parse(&text)?, text))
    }

    /// What makes this creation the same as an earlier one, if the caller says that it may be.
    pub(crate) fn once(&self, login: &str, body: &[u8]) -> Result<Option<(String, [u8; 32])>, Problem> {
        let mut values = self.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else { return Ok(None) };
        let key = value.as_bytes();
        let is_visible = key.iter().all(|byte| (0x20..0x7f).contains(byte));
        let key = value.to_str().ok().filter(|key| is_visible && (1..=200).contains(&key.len()));
        let (Some(key), None) = (key, values.next()) else {
            let fault =
                Fault::of("idempotency-key", "header", "one text of 1 to 200 ASCII characters is expected");
            let errors = vec![fault.help("a new random UUID for each creation does well")];
            let detail = "A header is not what it has to be.";
            return Err(Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "header", detail) });
        };
        let mut hash = Sha256::new();
        for part in [self.method.as_str(), &self.uri.to_string(), login] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let fingerprint = hash.chain_update(body).finalize().into();
        Ok(Some((key.to_owned(), fingerprint)))
    }

    fn check_type(&self) -> Result<(), Problem> {
        let mut values = self.headers.get_all(header::CONTENT_TYPE).iter();
        let value = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = value.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is_json = name.eq_ignore_ascii_case("application/json")
            || self.method == Method::PATCH && name.eq_ignore_ascii_case("application/merge-patch+json");
        let is_utf8 = |parameter: &str| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        };
        let is_plain = !self.headers.contains_key(header::CONTENT_ENCODING);
        if is_json && parts.all(is_utf8) && values.next().is_none() && is_plain {
            return Ok(());
        }
        let detail = "Send the body as `Content-Type: application/json`, in UTF-8, without a content coding.";
        let problem = Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", detail);
        Err(problem.with(header::ACCEPT, HeaderValue::from_static("application/json")))
    }
}

/// The rest of the body was not read: what follows on the connection cannot be taken for a request.
fn closing(status: StatusCode, code: &'static str, detail: String) -> Problem {
    Problem::new(status, code, detail).with(header::CONNECTION, HeaderValue::from_static("close"))
}
