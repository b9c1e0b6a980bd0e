//! What a caller gets instead of an answer: `application/problem+json` (RFC 9457), with every error at once.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cordon_directory::Rule;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal or failure as the caller sees it. It tells nothing that the caller may not see.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// A stable word for programs.
    pub(crate) code: &'static str,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) errors: Vec<Fault>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Fault {
    /// Where in the body (RFC 6901); the empty text is the body as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// Which parameter of the query or which header.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub help: Option<String>,
    /// A stable word for the rule that is broken.
    #[schema(value_type = String)]
    pub rule: &'static str,
}

/// The form of every refusal and failure (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// Always `about:blank`: the code says more.
    #[schema(value_type = String)]
    pub r#type: &'static str,
    /// The status in words.
    pub title: String,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// A stable word for programs.
    #[schema(value_type = String)]
    pub code: &'static str,
    /// What happened and what to do, for people.
    pub detail: String,
    /// Everything that is wrong with the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<Fault>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Problem {
        Problem { status, code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// There is no such thing, or the caller may not know of it: one answer for both (D22).
    pub(crate) fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing of this name that you may see.")
    }

    pub(crate) fn query(errors: Vec<Fault>) -> Problem {
        let detail = "The query is not what this path takes.";
        Problem { errors, ..Problem::new(StatusCode::BAD_REQUEST, "query", detail) }
    }

    pub(crate) fn body(errors: Vec<Fault>) -> Problem {
        let detail = "The body is understood, but what it asks for cannot be.";
        Problem { errors, ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }
}

impl Fault {
    pub(crate) fn at(pointer: impl Into<String>, rule: &'static str, detail: impl Into<String>) -> Fault {
        Fault { pointer: Some(pointer.into()), rule, detail: detail.into(), ..Fault::default() }
    }

    pub(crate) fn of(parameter: &str, rule: &'static str, detail: impl Into<String>) -> Fault {
        Fault { parameter: Some(parameter.to_owned()), rule, detail: detail.into(), ..Fault::default() }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }
}

/// The word for a rule of the directory.
pub(crate) fn rule_name(rule: Rule) -> &'static str {
    match rule {
        Rule::Taken => "taken",
        Rule::Missing => "missing",
        Rule::Unknown => "unknown",
        Rule::Text => "text",
        Rule::Twice => "twice",
        Rule::SingleProject => "single-project",
        Rule::SystemField => "system-field",
        Rule::Fixed => "fixed",
        Rule::InUse => "in-use",
        Rule::LastAdministrator => "last-administrator",
        Rule::Archived => "archived",
    }
}

/// Escapes a member's name for a pointer (RFC 6901, section 3).
pub(crate) fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = ProblemDocument {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.into_owned(),
            errors: self.errors,
        };
        let body = serde_json::to_vec(&document).expect("a problem holds texts and numbers");
        let mut response = Response::new(axum::body::Body::new(Full::new(Bytes::from(body))));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}
