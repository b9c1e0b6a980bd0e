//! What of a request's head is refused, and what of it the backend gets.

use cordon_policy::Route;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{Request, Version};

use crate::config::{GatewayConfig, IdentityMethod, REQUEST_HEADERS};
use crate::identity::cookies;
use crate::rescue::Cause;
use crate::websocket;

/// Headers that change the method for frameworks that look at them (H40).
const METHOD_OVERRIDES: &[&str] = &["x-http-method-override", "x-http-method", "x-method-override"];

/// Headers that never reach the backend from a client, even if the configuration names them: hop-by-hop and framing
/// (H1, H2), ranges (H13), validators (H14), codings (H15), cookies, which are named one by one (H41), and what the
/// gateway tells itself.
static NEVER: [HeaderName; 35] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::HOST,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::SEC_WEBSOCKET_ACCEPT,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Hop-by-hop fields (RFC 9110, section 7.6.1), beside those that `Connection` names.
static HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Refuses heads that have more than one reading, or ask for what is not offered (H3, H6, H40).
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Cause> {
    let headers = request.headers();
    // Its answers end with the connection: a client could not tell one that broke off from a whole one (H10).
    if request.version() < Version::HTTP_11 {
        return Err(Cause::Version);
    }
    host(request)?;
    if headers.contains_key(header::CONTENT_LENGTH) && headers.contains_key(header::TRANSFER_ENCODING) {
        return Err(Cause::Head("Content-Length and Transfer-Encoding exclude each other."));
    }
    if headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 {
        return Err(Cause::Head("The request must have one Content-Length header."));
    }
    if headers.contains_key(header::UPGRADE) && !websocket::is_lawful(request) {
        return Err(Cause::Head(websocket::NOT_OFFERED));
    }
    if matches!(request.method().as_str(), Route::WEBSOCKET | Route::MESSAGE) {
        return Err(Cause::Head("This is no method of HTTP."));
    }
    if METHOD_OVERRIDES.iter().any(|name| headers.contains_key(*name)) {
        return Err(Cause::Head("The method cannot be changed by a header."));
    }
    if let Some(expectation) = headers.get(header::EXPECT)
        && !expectation.as_bytes().eq_ignore_ascii_case(b"100-continue")
    {
        return Err(Cause::Head("The only expectation that can be met is 100-continue."));
    }
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
    {
        return Err(Cause::Head("gRPC is not offered."));
    }
    Ok(())
}

/// One host, named once or in the same way (RFC 9112, 3.2; RFC 9113, 8.3.1).
fn host<B>(request: &Request<B>) -> Result<(), Cause> {
    let wrong = Cause::Head("The request must name one host, as HOST or HOST:PORT.");
    let mut named = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    let authority = request.uri().authority().filter(|_| request.version() >= Version::HTTP_2);
    let first = match authority {
        Some(authority) => authority.as_str().as_bytes(),
        None => match named.next() {
            Some(host) => host,
            None => return Err(wrong),
        },
    };
    let Ok(host) = Authority::try_from(first) else { return Err(wrong) };
    let port = host.as_str().strip_prefix(host.host()).and_then(|port| match port.strip_prefix(':') {
        Some(digits) => Some(digits.bytes().all(|byte| byte.is_ascii_digit())),
        None => port.is_empty().then_some(true),
    });
    let is_one = match authority {
        Some(_) => named.all(|other| other.eq_ignore_ascii_case(first)),
        None => named.next().is_none(),
    };
    if port == Some(true) && is_one { Ok(()) } else { Err(wrong) }
}

/// Which of a client's headers pass, from the configuration.
pub(crate) struct RequestHeaders {
    allowed: Vec<HeaderName>,
    stripped: Vec<HeaderName>,
    cookies: Vec<String>,
}

impl RequestHeaders {
    pub(crate) fn new(config: &GatewayConfig) -> RequestHeaders {
        let mut stripped = config.identity.stripped.clone();
        for method in &config.identity.methods {
            if let IdentityMethod::Front(front) = method {
                stripped.push(front.header.clone());
            }
        }
        let sessions = &config.identity.places.cookies;
        // Some backends read names of cookies without regard to case.
        let is_session = |name: &&String| sessions.iter().any(|known| known.eq_ignore_ascii_case(name));
        let cookies = config.request_cookies.iter().filter(|name| !is_session(name)).cloned().collect();
        let credentials = &config.identity.places.headers;
        let allowed = REQUEST_HEADERS
            .iter()
            .chain(&config.request_headers)
            .filter(|name| !NEVER.contains(name) && !stripped.contains(name) && !credentials.contains(name))
            .filter(|name| config.project.header.as_ref() != Some(name))
            .cloned()
            .collect();
        RequestHeaders { allowed, stripped, cookies }
    }

    /// The headers of a governed request: those allowed, unless `Connection` names them (H1).
    pub(crate) fn governed(&self, sent: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.allowed.len() + 6);
        let has_connection = sent.contains_key(header::CONNECTION);
        for name in &self.allowed {
            if has_connection && is_named_by_connection(sent, name) {
                continue;
            }
            for value in sent.get_all(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        if !(has_connection && is_named_by_connection(sent, &header::COOKIE)) {
            cookies::copy(sent, &self.cookies, &mut headers);
        }
        headers
    }

    /// The headers of a request that is only observed: all but hop-by-hop, framing and identity (H1, H41).
    pub(crate) fn observed(&self, sent: &HeaderMap) -> HeaderMap {
        let mut headers = without_hops(sent);
        for name in self.stripped.iter().chain(&[header::HOST, header::CONTENT_LENGTH, header::EXPECT]) {
            headers.remove(name);
        }
        headers
    }
}

/// A head without hop-by-hop fields and those that `Connection` names (H1).
pub(crate) fn without_hops(sent: &HeaderMap) -> HeaderMap {
    let mut headers = sent.clone();
    for value in sent.get_all(header::CONNECTION) {
        for name in value.to_str().unwrap_or_default().split(',') {
            headers.remove(name.trim());
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
    headers
}

fn is_named_by_connection(sent: &HeaderMap, name: &HeaderName) -> bool {
    sent.get_all(header::CONNECTION).iter().any(|value| names(value, name))
}

fn names(value: &HeaderValue, name: &HeaderName) -> bool {
    value
        .as_bytes()
        .split(|byte| *byte == b',')
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
}
