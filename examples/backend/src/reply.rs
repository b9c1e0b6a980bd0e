//! Answers, with the headers that legacy software puts on them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use async_compression::tokio::write::GzipEncoder;
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, SERVER, SET_COOKIE, VARY,
};
use http::{HeaderName, Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

/// The body of a response.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What a route answers, before it is dressed.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
    pub(crate) headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// A JSON document.
    pub(crate) fn json(status: StatusCode, document: &Value) -> Answer {
        let body = Bytes::from(document.to_string());
        Answer { status, content_type: "application/json; charset=utf-8", body, headers: Vec::new() }
    }

    /// An error that says more than it should.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Answer {
        Answer::json(
            status,
            &json!({ "error": { "code": code, "message": message, "trace": "CallCentre.php:1841" } }),
        )
    }

    /// Done, with nothing to say.
    pub(crate) fn empty() -> Answer {
        Answer {
            status: StatusCode::NO_CONTENT,
            content_type: "application/json",
            body: Bytes::new(),
            headers: Vec::new(),
        }
    }

    /// With a header.
    pub(crate) fn with(mut self, name: HeaderName, value: String) -> Answer {
        self.headers.push((name, value));
        self
    }

    /// The response to a request of this method with these headers: validators, compression if asked for, no body
    /// for HEAD.
    pub(crate) async fn respond(self, method: &Method, request: &HeaderMap) -> Response<Body> {
        let tag = tag_of(&self.body);
        let known = request.get(IF_NONE_MATCH).is_some_and(|asked| asked.as_bytes() == tag.as_bytes());
        let ok = self.status == StatusCode::OK;
        let mut response = Response::new(full(Bytes::new()));
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("CallCentre/4.2 (PHP/5.6.40)"));
        headers.insert(SET_COOKIE, HeaderValue::from_static("PHPSESSID=5f2c1d; path=/"));
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        if ok && let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(ETAG, tag);
        }
        if ok && known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        *response.status_mut() = self.status;
        if self.status == StatusCode::NO_CONTENT {
            return response;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let mut body = self.body;
        if asks_for_gzip(request) {
            body = gzip(&body).await;
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if method != Method::HEAD {
            *response.body_mut() = full(body);
        }
        response
    }
}

/// A body that is there at once.
pub(crate) fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// The bytes, compressed. Writing to memory does not fail; if it did, the bytes would be missing their end.
pub(crate) async fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzipEncoder::new(Vec::new());
    _ = encoder.write_all(bytes).await;
    _ = encoder.shutdown().await;
    encoder.into_inner().into()
}

fn asks_for_gzip(request: &HeaderMap) -> bool {
    let mut asked = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    asked.any(|value| value.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("gzip")))
}

fn tag_of(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
