//! Answers in JSON.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body_util::Full;
use serde::Serialize;

/// An answer that is this value.
pub(crate) fn json(value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).expect("answers hold texts, numbers, lists and flags");
    of_type("application/json", text.into())
}

/// An answer of a media type.
pub(crate) fn of_type(media_type: &'static str, text: Bytes) -> Response {
    let mut response = axum::body::Body::new(Full::new(text)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
