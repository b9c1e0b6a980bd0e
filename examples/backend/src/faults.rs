//! Answers that no backend should give, for trying what stands before it.
//!
//! All but one are answers to a list of calls: `{"data": […], "meta": {…}}`, as `GET /api/calls` gives them.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{HeaderName, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

use crate::data::Data;
use crate::render;
use crate::reply::{Body, full, gzip};

/// Names of the faults, each under `/api/faults/`, and what they do.
pub const FAULTS: [(&str, &str); 12] = [
    ("slow-head", "nothing for a minute, then a whole answer"),
    ("stalled-body", "the first half of the body, then nothing for a minute, then the rest"),
    ("cut", "the first half of a chunked body, then the connection is closed"),
    ("cut-length", "a Content-Length, the first half of that, then the connection is closed"),
    ("down", "the connection is closed without an answer"),
    ("broken-json", "a body that is no JSON from its second half on"),
    ("duplicate-keys", "a call that names its project twice"),
    ("deep", "100,000 nested arrays"),
    ("gzip", "a gzip body whatever was asked for"),
    ("content-type", "the body as text/html"),
    ("no-project", "a call among others that says nothing of its project"),
    ("large-record", "a call of 2 MiB among others"),
];

/// How long the slow ones are slow.
const PAUSE: Duration = Duration::from_secs(60);

const NESTED: usize = 100_000;
const LARGE: usize = 2 * 1024 * 1024;

/// The answer of a fault: none if there is no such fault, an error to close the connection.
pub(crate) async fn answer(data: &Data, name: &str) -> Option<Result<Response<Body>, io::Error>> {
    let mut calls: Vec<Value> = data.calls.values().take(20).map(|call| render::call(data, call)).collect();
    let whole = list(&calls);
    let halves = || [whole.slice(..whole.len() / 2), whole.slice(whole.len() / 2..)];
    let response = match name {
        "slow-head" => {
            tokio::time::sleep(PAUSE).await;
            json_response(full(whole))
        }
        "stalled-body" => {
            let [first, second] = halves();
            let later = stream::once(async move {
                tokio::time::sleep(PAUSE).await;
                Ok(second)
            });
            json_response(streamed(stream::iter([Ok(first)]).chain(later)))
        }
        "cut" => json_response(streamed(broken(halves()))),
        "cut-length" => with(json_response(streamed(broken(halves()))), CONTENT_LENGTH, whole.len().into()),
        "down" => return Some(Err(closed())),
        "broken-json" => {
            let [first, second] = halves();
            let second = String::from_utf8_lossy(&second).replace(':', " => ");
            json_response(full([first, second.into()].concat().into()))
        }
        "duplicate-keys" => {
            let text = String::from_utf8_lossy(&whole).into_owned();
            json_response(full(
                text.replacen("\"id\":", "\"project_id\":1,\"project_id\":2,\"id\":", 1).into(),
            ))
        }
        "deep" => json_response(full([vec![b'['; NESTED], vec![b']'; NESTED]].concat().into())),
        "gzip" => {
            with(json_response(full(gzip(&whole).await)), CONTENT_ENCODING, HeaderValue::from_static("gzip"))
        }
        "content-type" => {
            with(json_response(full(whole)), CONTENT_TYPE, HeaderValue::from_static("text/html"))
        }
        "no-project" => {
            calls.insert(
                10,
                json!({ "id": 99_999, "started_at": "2026-03-01T00:00:00Z", "result": "answered" }),
            );
            json_response(full(list(&calls)))
        }
        "large-record" => {
            calls[10]["notes"] = json!("x".repeat(LARGE));
            json_response(full(list(&calls)))
        }
        _ => return None,
    };
    Some(Ok(response))
}

fn list(calls: &[Value]) -> Bytes {
    json!({ "data": calls, "meta": { "page": 1, "total": calls.len() } }).to_string().into()
}

fn broken([first, _]: [Bytes; 2]) -> impl Stream<Item = io::Result<Bytes>> + Send {
    // A pause lets the first half reach the other side before the connection goes.
    stream::iter([Ok(first)]).chain(stream::once(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(closed())
    }))
}

fn streamed(chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Body {
    StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))).boxed_unsync()
}

fn json_response(body: Body) -> Response<Body> {
    with(Response::new(body), CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

fn with(mut response: Response<Body>, name: HeaderName, value: HeaderValue) -> Response<Body> {
    response.headers_mut().insert(name, value);
    response
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "closed on purpose")
}
