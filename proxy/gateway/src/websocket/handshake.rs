//! The two handshakes: the client's with us, and ours with the backend (RFC 6455, section 4).

use std::sync::Arc;

use cordon_policy::Route;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version, response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use crate::answer::AnswerBody;
use crate::config::WebSocketConfig;
use crate::rescue::Cause;
use crate::websocket::Tunnel;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
const UPGRADE: HeaderValue = HeaderValue::from_static("Upgrade");
const VERSION: HeaderValue = HeaderValue::from_static("13");
/// Encoded, the 16 bytes of a key end with this.
const KEY: usize = 24;

/// The method by which routes know the request.
pub(crate) fn method() -> Method {
    Method::from_bytes(Route::WEBSOCKET.as_bytes()).expect("a word in upper case is a method")
}

/// A client's request to go on with frames.
pub(crate) struct Upgrade {
    /// Ready with the connection, once the 101 is sent.
    pub(crate) connection: OnUpgrade,
    accept: HeaderValue,
    /// Subprotocols that the client offers.
    protocols: Vec<String>,
    /// Where the page that asks is from, as a browser says, and whether that is whom it asks.
    origin: Option<(HeaderValue, Whose)>,
}

/// Whether a head that asks for an upgrade asks for a WebSocket, in the one way there is.
pub(crate) fn is_lawful<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let is_named = sole(headers, &header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let key = sole(headers, &header::SEC_WEBSOCKET_KEY);
    let is_key = key.is_some_and(|key| {
        let key = key.as_bytes();
        let (text, end) = key.split_at(key.len().saturating_sub(2));
        let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        key.len() == KEY && end == b"==" && text.iter().all(digit)
    });
    request.version() == Version::HTTP_11
        && request.method() == Method::GET
        && is_named
        && is_key
        && lists(headers, &header::CONNECTION, "upgrade")
        && sole(headers, &header::SEC_WEBSOCKET_VERSION).is_some()
        && !headers.contains_key(header::CONTENT_LENGTH)
        && !headers.contains_key(header::TRANSFER_ENCODING)
        && !headers.contains_key(header::EXPECT)
}

impl Upgrade {
    /// Takes what a request asks for, if it asks for an upgrade: [`is_lawful`] has found that it may.
    pub(crate) fn of(request: &mut Request<Incoming>) -> Result<Option<Upgrade>, Cause> {
        if !request.headers().contains_key(header::UPGRADE) {
            return Ok(None);
        }
        let connection = hyper::upgrade::on(&mut *request);
        let headers = request.headers();
        if sole(headers, &header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
            return Err(Cause::WebSocketVersion);
        }
        let key = sole(headers, &header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
        let accept = HeaderValue::try_from(derive_accept_key(key));
        let accept = accept.map_err(|error| Cause::Internal(error.into()))?;
        let offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let offers = offers.flat_map(|value| value.to_str().unwrap_or_default().split(','));
        let protocols: Vec<String> = offers.map(|name| name.trim().to_owned()).collect();
        if !protocols.iter().all(|name| is_token(name)) {
            return Err(Cause::Head("A WebSocket's subprotocols are a list of names."));
        }
        let origin = origin(headers)?;
        Ok(Some(Upgrade { connection, accept, protocols, origin }))
    }

    /// Checks that no page of a foreign origin asks: a browser adds cookies and client certificates for whoever asks.
    /// That whoever stands before us has ended TLS is not known here.
    pub(crate) fn check_origin(&self, config: &WebSocketConfig, is_tls: bool) -> Result<(), Cause> {
        let Some((origin, whose)) = &self.origin else { return Ok(()) };
        let is_own = *whose == Whose::Own || (*whose == Whose::OwnWithoutTls && !is_tls);
        if is_own || config.allows(origin.as_bytes()) { Ok(()) } else { Err(Cause::Origin) }
    }

    /// Adds what asks the backend for a WebSocket. `with_protocols`: the rules let subprotocols pass.
    pub(crate) fn ask(&self, headers: &mut HeaderMap, with_protocols: bool) -> Result<Asking, Cause> {
        let key = generate_key();
        let accept = derive_accept_key(key.as_bytes());
        headers.remove(header::ACCEPT);
        headers.remove(header::ACCEPT_ENCODING);
        headers.remove(header::CONTENT_TYPE);
        headers.insert(header::CONNECTION, UPGRADE);
        headers.insert(header::UPGRADE, WEBSOCKET);
        headers.insert(header::SEC_WEBSOCKET_VERSION, VERSION);
        let value = |text: String| HeaderValue::try_from(text).map_err(|error| Cause::Internal(error.into()));
        headers.insert(header::SEC_WEBSOCKET_KEY, value(key)?);
        let protocols = if with_protocols { self.protocols.clone() } else { Vec::new() };
        if !protocols.is_empty() {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value(protocols.join(", "))?);
        }
        Ok(Asking { accept, protocols })
    }

    /// The answer to the client, after which its connection is `tunnel`'s.
    pub(crate) fn answer(
        accept: HeaderValue,
        protocol: Option<HeaderValue>,
        tunnel: Arc<Tunnel>,
    ) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::tunnel(tunnel));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, UPGRADE);
        headers.insert(header::UPGRADE, WEBSOCKET);
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }

    /// What the client takes as a proof that we have understood it.
    pub(crate) fn accept(&self) -> HeaderValue {
        self.accept.clone()
    }
}

/// What was asked of the backend.
pub(crate) struct Asking {
    accept: String,
    protocols: Vec<String>,
}

impl Asking {
    /// Checks that the backend has understood, and gives the subprotocol that it chose.
    ///
    /// # Errors
    /// Its answer is no 101, or none to this request.
    pub(crate) fn answered(&self, head: &response::Parts) -> Result<Option<HeaderValue>, Cause> {
        let headers = &head.headers;
        let wrong = |what| Err(Cause::Response(what));
        if head.status != StatusCode::SWITCHING_PROTOCOLS {
            return wrong("no WebSocket where one was asked for");
        }
        let is_named = sole(headers, &header::UPGRADE)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
        if !is_named || !lists(headers, &header::CONNECTION, "upgrade") {
            return wrong("an upgrade to something else than a WebSocket");
        }
        let accept = sole(headers, &header::SEC_WEBSOCKET_ACCEPT);
        if accept.is_none_or(|value| value.as_bytes() != self.accept.as_bytes()) {
            return wrong("a WebSocket handshake that answers another one");
        }
        if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
            return wrong("a WebSocket extension that nobody offered");
        }
        match sole(headers, &header::SEC_WEBSOCKET_PROTOCOL) {
            None if headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) => {
                wrong("two WebSocket subprotocols")
            }
            None => Ok(None),
            Some(chosen) if self.protocols.iter().any(|name| name.as_bytes() == chosen.as_bytes()) => {
                Ok(Some(chosen.clone()))
            }
            Some(_) => wrong("a WebSocket subprotocol that nobody offered"),
        }
    }
}

/// Whose pages ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// Those of the host that is asked, by `https`.
    Own,
    /// The same, by `http`.
    OwnWithoutTls,
    Foreign,
}

/// Where the page that asks is from. Who is no browser says nothing.
fn origin(headers: &HeaderMap) -> Result<Option<(HeaderValue, Whose)>, Cause> {
    if !headers.contains_key(header::ORIGIN) {
        return Ok(None);
    }
    let origin = sole(headers, &header::ORIGIN).ok_or(Cause::Head("A page has one origin."))?;
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    // Browsers leave the usual port out.
    let is_host = |scheme: &str, port: &str| {
        let rest = origin.as_bytes().strip_prefix(scheme.as_bytes());
        let without = host.strip_suffix(port.as_bytes()).unwrap_or(host);
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host) || rest.eq_ignore_ascii_case(without))
    };
    let whose = match (is_host("https://", ":443"), is_host("http://", ":80")) {
        (true, _) => Whose::Own,
        (_, true) => Whose::OwnWithoutTls,
        _ => Whose::Foreign,
    };
    Ok(Some((origin.clone(), whose)))
}

/// The value of a header that stands once.
fn sole<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a list has this word.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|item| item.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
