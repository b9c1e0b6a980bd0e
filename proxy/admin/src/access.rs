//! What happens around every request: deadlines, the media type of the answer, the access log, the count.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::identify::Known;
use crate::problem::Problem;
use crate::shared::Shared;

/// What the log and the figures call paths that nothing is offered at.
const UNMATCHED: &str = "unmatched";

pub(crate) async fn around(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = path.unwrap_or_else(|| UNMATCHED.to_owned());
    let known = Known::default();
    request.extensions_mut().insert(known.clone());
    // What is told to programs in their own form is asked for as that form.
    let offered = if route == "/metrics" { ["text", "plain"] } else { ["application", "json"] };
    let mut response = if accepts(request.headers(), offered) {
        match tokio::time::timeout(shared.options.config.answer, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let detail =
                    "The answer took too long. If something was to be changed, it may have been: look.";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "late", detail)
                    .with(header::RETRY_AFTER, HeaderValue::from_static("1"))
                    .into_response()
            }
        }
    } else {
        let detail = format!("This path answers in {}/{} only.", offered[0], offered[1]);
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = response.status();
    shared.metrics.count(&route, &method, status);
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    let caller = known.0.get().map_or("-", String::as_str);
    tracing::info!(target: "cordon::admin", caller, %method, route, status = status.as_u16(), milliseconds, "access");
    response
}

pub(crate) async fn no_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-route", "Nothing is offered at this path.")
}

pub(crate) async fn no_method() -> Problem {
    let detail = "This path is not offered with this method.";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
}

/// Whether the caller takes this type (RFC 9110, section 12.5.1). The most precise range decides.
fn accepts(headers: &HeaderMap, [top, sub]: [&str; 2]) -> bool {
    if !headers.contains_key(header::ACCEPT) {
        return true;
    }
    let mut best = (0, false);
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let (own_top, own_sub) = parts.next().unwrap_or_default().split_once('/').unwrap_or_default();
        let precision = match (own_top, own_sub) {
            ("*", "*") => 1,
            (own, "*") if own.eq_ignore_ascii_case(top) => 2,
            (own, own_sub) if own.eq_ignore_ascii_case(top) && own_sub.eq_ignore_ascii_case(sub) => 3,
            _ => continue,
        };
        let is_refused = parts.any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.eq_ignore_ascii_case("q") && value.parse() == Ok(0.0)
        });
        if precision >= best.0 {
            best = (precision, !is_refused);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_precise_range_decides() {
        for (accept, expected) in [
            ("*/*", true),
            ("application/*", true),
            ("application/json", true),
            ("Application/JSON; q=0.5", true),
            ("text/html, application/json", true),
            ("text/html, */*;q=0.1", true),
            ("application/problem+json", false),
            ("text/html", false),
            ("", false),
            ("*/*, application/json;q=0", false),
            ("application/json;q=0.000", false),
            ("json", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]);
            assert_eq!(accepts(&headers, ["application", "json"]), expected, "{accept}");
        }
        assert!(accepts(&HeaderMap::new(), ["application", "json"]));
    }
}
