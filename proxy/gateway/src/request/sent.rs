//! What the backend is told of a request, and of who asks.

use cordon_policy::{ExchangePlan, ResponsePlan};
use http::{HeaderMap, HeaderValue, header, request};

use crate::request::id::REQUEST_ID;
use crate::request::query::Query;
use crate::response::check;
use crate::stack::Round;

impl Round<'_> {
    /// The head that the backend gets: made anew, with what is allowed of the client's (H1, H13–H15).
    pub(crate) fn request_headers(
        &self,
        parts: &request::Parts,
        plan: &ExchangePlan,
        credentials: &Query,
        query: &mut Query,
    ) -> HeaderMap {
        let mut headers = self.gateway.request_headers.governed(&parts.headers);
        let accept = match &plan.response {
            ResponsePlan::Edit(plan) => check::accepted(plan.spec().format),
            ResponsePlan::Pass | ResponsePlan::Empty => HeaderValue::from_static("*/*"),
        };
        headers.insert(header::ACCEPT, accept);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self.credentials_and_origin(parts, credentials, query, &mut headers);
        headers
    }

    /// Passes the caller's credential on, where that is configured, and says where the request came from.
    pub(crate) fn credentials_and_origin(
        &self,
        parts: &request::Parts,
        credentials: &Query,
        query: &mut Query,
        headers: &mut HeaderMap,
    ) {
        if let Some(trace) = &self.trace {
            trace.tell(headers);
        }
        if let Some(id) = &self.request_id {
            headers.insert(REQUEST_ID, id.clone());
        }
        if self.gateway.upstream.passes_credential_through() {
            self.gateway.identifier.pass_through(&parts.headers, headers, (credentials, query));
        }
        let forwarded = &self.gateway.config.forwarded;
        let address =
            self.origin.address.filter(|_| forwarded.address).map(|address| address.ip().to_string());
        if let Some(value) = address.and_then(|text| HeaderValue::from_str(&text).ok()) {
            headers.insert("x-forwarded-for", value);
        }
        if forwarded.scheme {
            let scheme = if self.origin.is_tls { "https" } else { "http" };
            headers.insert("x-forwarded-proto", HeaderValue::from_static(scheme));
        }
        let asked = || match parts.uri.authority() {
            Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
            None => parts.headers.get(header::HOST).cloned(),
        };
        if forwarded.host
            && let Some(host) = asked()
        {
            headers.insert("x-forwarded-host", host);
        }
    }
}
