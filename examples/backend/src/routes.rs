//! Which request gets which answer.

use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use http::header::{AUTHORIZATION, LINK, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use serde_json::{Value, json};

use crate::catalog::TOKENS;
use crate::data::Data;
use crate::query::Query;
use crate::reply::Answer;
use crate::{contacts, objects, render, report};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// The answer to a request.
pub(crate) fn answer(data: &RwLock<Data>, request: &Parts, body: &[u8]) -> Answer {
    let query = Query::parse(request.uri.query());
    if !is_authenticated(request, &query) {
        let message = "give a token as api_token, X-Api-Key or Bearer";
        let answer = Answer::error(StatusCode::UNAUTHORIZED, "unauthorized", message);
        return answer.with(WWW_AUTHENTICATE, "Bearer".to_owned());
    }
    let path: Vec<&str> = request.uri.path().split('/').skip(1).collect();
    let [root, path @ ..] = path.as_slice() else {
        return no_route(request);
    };
    if *root != "api" {
        return no_route(request);
    }
    match request.method {
        Method::GET | Method::HEAD => read(data, request, path, &query),
        Method::PUT | Method::DELETE => write(data, request, path, body),
        _ => Answer::error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "no such method here"),
    }
}

/// Whether the request brings a token that this backend knows. Whose it is makes no difference.
pub(crate) fn is_authenticated(request: &Parts, query: &Query) -> bool {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let mut given = [query.get("api_token"), header("x-api-key"), bearer].into_iter().flatten();
    given.any(|given| TOKENS.iter().any(|(_, token)| *token == given))
}

fn read(data: &RwLock<Data>, request: &Parts, path: &[&str], query: &Query) -> Answer {
    let data = data.read().unwrap_or_else(PoisonError::into_inner);
    match path {
        ["calls"] => {
            let number = |name| query.get(name).and_then(|value| value.parse::<u32>().ok());
            let calls = data.calls.values().filter(|call| {
                query.get("status").is_none_or(|status| status == call.result)
                    && number("operator_id").is_none_or(|operator| operator == call.operator)
            });
            page(request, query, calls.map(|call| render::call(&data, call)).collect())
        }
        ["calls", id] => match parse(id).and_then(|id| data.calls.get(&id)) {
            Some(call) => Answer::json(StatusCode::OK, &json!({ "data": render::call(&data, call) })),
            None => missing("call", id),
        },
        ["calls", id, "recording"] => match parse(id).filter(|id| data.calls.contains_key(id)) {
            Some(_) => recording(),
            None => missing("call", id),
        },
        ["contacts"] => {
            let search = query.get("q").unwrap_or_default().to_lowercase();
            let found = data.contacts.values().filter(|contact| {
                search.is_empty()
                    || contact.fields.values().any(|value| value.to_lowercase().contains(&search))
            });
            page(request, query, found.map(render::contact_entries).collect())
        }
        ["contacts", id] => match parse(id).and_then(|id| data.contacts.get(&id)) {
            Some(contact) => Answer::json(StatusCode::OK, &render::contact_columns(contact)),
            None => contacts::missing(&data, parse(id).unwrap_or_default()),
        },
        ["reports", "calls"] => report::calls(&data, query),
        [kind] => match objects::list(kind) {
            Some(objects) => page(request, query, objects),
            None => no_route(request),
        },
        [kind, id] => match objects::list(kind) {
            Some(objects) => one_object(kind, objects, id),
            None => no_route(request),
        },
        _ => no_route(request),
    }
}

fn write(data: &RwLock<Data>, request: &Parts, path: &[&str], body: &[u8]) -> Answer {
    let ["contacts", id] = path else {
        return no_route(request);
    };
    let mut data = data.write().unwrap_or_else(PoisonError::into_inner);
    let id = parse(id).unwrap_or_default();
    if request.method == Method::PUT {
        contacts::put(&mut data, id, body)
    } else {
        contacts::delete(&mut data, id)
    }
}

/// One page of some records, with every total there is.
fn page(request: &Parts, query: &Query, records: Vec<Value>) -> Answer {
    let total = records.len();
    let per_page = query.number("per_page", 25, 1..=2_000);
    let number = query.number("page", 1, 1..=usize::MAX);
    let pages = total.div_ceil(per_page);
    let skipped = (number - 1).saturating_mul(per_page);
    let shown: Vec<Value> = records.into_iter().skip(skipped).take(per_page).collect();
    let meta = json!({ "page": number, "per_page": per_page, "pages": pages, "total": total });
    let mut answer = Answer::json(StatusCode::OK, &json!({ "data": shown, "meta": meta }));
    if number < pages {
        let path = request.uri.path();
        let next = number + 1;
        answer = answer.with(LINK, format!("<{path}?page={next}&per_page={per_page}>; rel=\"next\""));
    }
    answer.with(TOTAL_COUNT, total.to_string())
}

fn one_object(kind: &str, objects: Vec<Value>, id: &str) -> Answer {
    let known: Vec<String> =
        objects.iter().map(|object| format!("{} ({})", object["id"], text(object))).collect();
    match objects.into_iter().find(|object| object["id"].as_u64() == id.parse().ok()) {
        Some(object) => Answer::json(StatusCode::OK, &json!({ "data": object })),
        None => {
            let message = format!("no {id} among {kind}; there are {}", known.join(", "));
            Answer::error(StatusCode::NOT_FOUND, "not_found", &message)
        }
    }
}

/// A second of silence, 8 kHz, 8 bit.
fn recording() -> Answer {
    let mut wave =
        b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0"
            .to_vec();
    wave.resize(wave.len() + 8_000, 0x80);
    Answer { status: StatusCode::OK, content_type: "audio/wav", body: Bytes::from(wave), headers: Vec::new() }
}

fn missing(what: &str, id: &str) -> Answer {
    let message = format!("{what} {id} does not exist or was archived by adam on 2026-02-11");
    Answer::error(StatusCode::NOT_FOUND, "not_found", &message)
}

fn no_route(request: &Parts) -> Answer {
    let message = format!("no route {} {}", request.method, request.uri.path());
    Answer::error(StatusCode::NOT_FOUND, "no_route", &message)
}

fn text(object: &Value) -> &str {
    object["name"].as_str().or(object["label"].as_str()).unwrap_or_default()
}

fn parse(id: &str) -> Option<u32> {
    id.parse().ok()
}
