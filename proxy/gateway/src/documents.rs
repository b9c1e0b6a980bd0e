//! Documents of the backend for commands: asked for with our own credential, on nobody's behalf.

use bytes::Bytes;
use http::{HeaderMap, Uri};
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use tokio::time::{Instant, timeout_at};

use crate::config::{BackendConfig, Deadlines};
use crate::request::body::UpstreamBody;
use crate::request::query::Query;
use crate::upstream::{BackendError, Outgoing, Upstream};

/// Reads JSON documents of the backend, each whole or not at all. Redirections are not followed.
pub struct Documents {
    upstream: Upstream,
    deadlines: Deadlines,
}

/// Why there is no document. It tells nothing of what the backend sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DocumentError(String);

impl Documents {
    /// A reader of this backend.
    ///
    /// # Errors
    /// Why the backend's configuration cannot be used. Callers' credentials are nothing that a command has.
    pub fn new(config: &BackendConfig, deadlines: &Deadlines) -> Result<Documents, BackendError> {
        Ok(Documents { upstream: Upstream::new(config, deadlines)?, deadlines: *deadlines })
    }

    /// The document at a path with its query, such as `/api/queues?page=2`, of at most `limit` bytes.
    ///
    /// # Errors
    /// The backend cannot be reached, answers with another status than 200, with something else than JSON, or breaks
    /// off.
    pub async fn get(&self, target: &str, limit: usize) -> Result<Bytes, DocumentError> {
        let wrong = |what: &dyn std::fmt::Display| DocumentError(what.to_string());
        let uri: Uri = target.parse().map_err(|_| DocumentError("its address is no path".to_owned()))?;
        let query = Query::parse(uri.query().unwrap_or_default()).map_err(|cause| wrong(&cause))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let body = UpstreamBody::empty();
        let outgoing = Outgoing { method: Method::GET, path: uri.path(), query, headers, body };
        let end = Instant::now() + self.deadlines.whole;
        let response = self.upstream.send(outgoing, end).await.map_err(|cause| wrong(&cause))?;
        if response.status() != StatusCode::OK {
            let status = response.status();
            let hint = if status.is_redirection() { "; redirections are not followed" } else { "" };
            return Err(DocumentError(format!("the backend answered with status {status}{hint}")));
        }
        let coded = response.headers().get(header::CONTENT_ENCODING);
        if coded.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(DocumentError(
                "the backend's answer is compressed, which was not asked for".to_owned(),
            ));
        }
        if !is_json(response.headers()) {
            return Err(DocumentError("the backend's answer does not call itself JSON".to_owned()));
        }
        let body = timeout_at(end, Limited::new(response.into_body(), limit).collect()).await;
        match body {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                Err(DocumentError(format!("the backend's answer is longer than {limit} bytes")))
            }
            Ok(Err(error)) => Err(DocumentError(format!("the backend's answer broke off: {error}"))),
            Err(_) => Err(DocumentError("the backend's answer did not end in time".to_owned())),
        }
    }
}

/// `application/json`, or another type that is written as JSON (RFC 6839).
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let essence = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}
