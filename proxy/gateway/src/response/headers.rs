//! Which headers of a response pass, and which we set (H1, H2, H14, H16–H18).
//!
//! Validators are removed in both directions in this version: a request has no condition when it reaches the backend,
//! and a response has no `ETag` or `Last-Modified` when it reaches the caller (H14).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::config::GatewayConfig;

/// Headers of a backend that never pass, even if a plan names them.
const NEVER: &[&str] = &[
    "accept-ranges",
    "age",
    "alt-svc",
    "cache-control",
    "connection",
    "content-digest",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "digest",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "repr-digest",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "set-cookie",
    "set-cookie2",
    "signature",
    "signature-input",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "want-content-digest",
    "want-repr-digest",
    "www-authenticate",
    "x-content-type-options",
];

/// Copies what the plan names from the backend's headers.
pub(crate) fn copy(named: &[String], from: &HeaderMap, to: &mut HeaderMap) {
    for name in named {
        if NEVER.contains(&name.as_str()) || is_named_by_connection(from, name) {
            continue;
        }
        let Ok(wanted) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        for value in from.get_all(&wanted) {
            to.append(wanted.clone(), value.clone());
        }
    }
}

fn is_named_by_connection(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
    })
}

/// What every response carries.
pub(crate) struct Seal {
    cache_control: HeaderValue,
    vary: HeaderValue,
}

impl Seal {
    /// `Vary` names what tells callers apart, or `*` where a query parameter does (H17).
    pub(crate) fn new(config: &GatewayConfig) -> Seal {
        let places = &config.identity.places;
        let by_query = !places.query.is_empty() || config.project.query.is_some();
        let names = [header::AUTHORIZATION].into_iter().chain(places.headers.iter().cloned());
        let names = names.chain(config.project.header.clone()).map(|name| name.as_str().to_owned());
        let listed = names.collect::<Vec<_>>().join(", ");
        let vary = if by_query { "*".to_owned() } else { listed };
        Seal {
            cache_control: config.cache_control.clone(),
            vary: HeaderValue::from_str(&vary).unwrap_or(HeaderValue::from_static("*")),
        }
    }

    /// Sets them.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        headers.insert(header::VARY, self.vary.clone());
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
}
