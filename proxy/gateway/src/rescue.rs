//! The one place where causes become statuses.

use std::error::Error;
use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};

use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::answer::AnswerBody;
use crate::problem::Problem;
use crate::websocket::Side;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Culprit {
    Caller,
    Backend,
    Policy,
    Gateway,
}

/// Why an exchange does not go its way. Texts hold no value of a request or a body (H42).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("request head: {0}")]
    Head(&'static str),
    #[error("HTTP version before 1.1")]
    Version,
    #[error("a WebSocket of another version")]
    WebSocketVersion,
    #[error("a page of another origin asks")]
    Origin,
    /// A side does not keep to the protocol of frames, or to what may be in them; and the code that it is told.
    #[error("WebSocket: the {0:?} is told {1}")]
    Frames(Side, CloseCode),
    #[error("request target: {0}")]
    Target(&'static str),
    #[error("request body where none is taken")]
    BodyNotTaken,
    #[error("request body too large")]
    BodyTooLarge,
    #[error("request body not sent in time")]
    BodyLate,
    #[error("request body sent too slowly")]
    BodySlow,
    #[error("the client did not take its answer in time")]
    NotTaken,
    /// Nobody is told: there is no answer any more.
    #[error("the client takes its answer too slowly")]
    TakenSlowly,
    #[error("request body broken off")]
    BodyBroken,
    #[error("no credentials")]
    NoCredentials,
    #[error("credentials not accepted: {0}")]
    Credentials(&'static str),
    #[error("credentials of different users")]
    CredentialsDisagree,
    /// Who would know whose a credential is cannot be asked.
    #[error("the caller cannot be identified: {0}")]
    Identity(&'static str),
    #[error("chosen project not available")]
    Project,
    #[error("no route")]
    NoRoute,
    #[error("method not declared for the route")]
    Method(HeaderValue),
    #[error("refused by the policy: {code}")]
    Refused { status: StatusCode, code: String, detail: String },
    #[error("missing or hidden record")]
    Missing,
    #[error("backend cannot be reached: {0}")]
    Unreachable(String),
    #[error("backend is late with its {0}")]
    Late(&'static str),
    #[error("backend response: {0}")]
    Response(&'static str),
    #[error("backend answered with status {0}")]
    Status(StatusCode),
    #[error("backend response: it does not accept our credential")]
    OwnCredential,
    #[error("backend body: {0}")]
    Body(String),
    #[error("backend body: broken off: {0}")]
    Lost(String),
    #[error("policy failure: {0}")]
    Policy(String),
    #[error("no sandbox is free")]
    Busy,
    #[error("as many requests are under way as are taken on")]
    Overloaded,
    #[error("too many requests of one caller or address")]
    TooMany(Duration),
    #[error("the backend has all the requests that it is given at a time, and too many wait")]
    BackendBusy,
    #[error("the directory was last confirmed too long ago")]
    Stale,
    #[error("the audit log cannot be written")]
    Unaudited,
    #[error("{0}")]
    Internal(Box<dyn Error + Send + Sync>),
    /// The caller is told that the record is missing, the operator what it is (H36).
    #[error("told as missing: {0}")]
    Veiled(Box<Cause>),
}

impl Culprit {
    /// The word for metrics and logs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Culprit::Caller => "caller",
            Culprit::Backend => "backend",
            Culprit::Policy => "policy",
            Culprit::Gateway => "gateway",
        }
    }
}

impl Cause {
    pub(crate) fn culprit(&self) -> Culprit {
        match self {
            Cause::Unreachable(_)
            | Cause::Late(_)
            | Cause::Response(_)
            | Cause::Status(_)
            | Cause::OwnCredential
            | Cause::Body(_)
            | Cause::Lost(_)
            | Cause::Frames(Side::Backend, _) => Culprit::Backend,
            Cause::Policy(_) => Culprit::Policy,
            Cause::Busy
            | Cause::Overloaded
            | Cause::BackendBusy
            | Cause::Stale
            | Cause::Unaudited
            | Cause::Identity(_)
            | Cause::Internal(_) => Culprit::Gateway,
            Cause::Veiled(cause) => cause.culprit(),
            _ => Culprit::Caller,
        }
    }

    /// What the caller of a route about one record is told of a response: only a record that is there can be
    /// malformed, too large, of a wrong type, gone or locked, so that any other answer than the one for a missing
    /// record would tell that it exists (H36). Faults of the backend or of the way to it stay what they are, and so do
    /// statuses about the caller or the request rather than the record.
    pub(crate) fn veiled(self) -> Cause {
        let tells = match &self {
            Cause::Body(_) | Cause::Response(_) | Cause::Policy(_) | Cause::Internal(_) => true,
            Cause::Status(status) => {
                status.is_client_error() && !matches!(status.as_u16(), 400 | 401 | 403 | 407 | 429)
            }
            _ => false,
        };
        if tells { Cause::Veiled(Box::new(self)) } else { self }
    }

    /// It is refused since there is too much, and for no other reason.
    pub(crate) fn is_shed(&self) -> bool {
        matches!(self, Cause::Overloaded | Cause::BackendBusy | Cause::TooMany(_))
    }

    /// The word for metrics and logs: one of this program's, whatever a policy calls its refusals (H42).
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Cause::Veiled(cause) => cause.reason(),
            _ => self.told().1,
        }
    }

    /// What the caller is told.
    pub(crate) fn problem(&self) -> Problem {
        let (status, code, detail) = self.told();
        let code = if let Cause::Refused { code, .. } = self { code.as_str() } else { code };
        Problem { status, code: code.to_owned(), detail: detail.to_owned() }
    }

    fn told(&self) -> (StatusCode, &'static str, &str) {
        match self {
            Cause::Head(reason) | Cause::Target(reason) => (StatusCode::BAD_REQUEST, "bad-request", *reason),
            Cause::Version => (
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "http-version",
                "This server speaks HTTP/1.1 and HTTP/2. Use one of them.",
            ),
            Cause::WebSocketVersion => (
                StatusCode::UPGRADE_REQUIRED,
                "websocket-version",
                "This server speaks version 13 of the WebSocket protocol.",
            ),
            Cause::Origin => {
                (StatusCode::FORBIDDEN, "origin-not-allowed", "Pages of this origin may not connect here.")
            }
            Cause::Frames(Side::Client, _) => {
                (StatusCode::BAD_REQUEST, "websocket-message", "This message is not taken here.")
            }
            Cause::BodyNotTaken => (
                StatusCode::BAD_REQUEST,
                "body-not-taken",
                "This request takes no body. Send it without one.",
            ),
            Cause::BodyTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The request's body is too large.")
            }
            Cause::BodyLate | Cause::NotTaken => {
                (StatusCode::REQUEST_TIMEOUT, "body-late", "The request's body did not arrive in time.")
            }
            Cause::BodySlow => (
                StatusCode::REQUEST_TIMEOUT,
                "body-slow",
                "The request's body arrived more slowly than is allowed.",
            ),
            Cause::TakenSlowly => {
                (StatusCode::REQUEST_TIMEOUT, "answer-taken-slowly", "The answer was taken too slowly.")
            }
            Cause::BodyBroken => (StatusCode::BAD_REQUEST, "body-broken", "The request's body broke off."),
            Cause::NoCredentials => (
                StatusCode::UNAUTHORIZED,
                "credentials-required",
                "Say who you are: send an API token or another credential that this server takes.",
            ),
            Cause::Credentials(_) => (
                StatusCode::UNAUTHORIZED,
                "credentials-not-accepted",
                "The credentials are unknown, expired or not valid here.",
            ),
            Cause::CredentialsDisagree => (
                StatusCode::BAD_REQUEST,
                "credentials-disagree",
                "The request carries credentials of different users. Send one.",
            ),
            Cause::Identity(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "identity-unavailable",
                "Who you are cannot be found out here at present. Try again later.",
            ),
            Cause::Project => (StatusCode::FORBIDDEN, "no-such-project", "You have no project of that name."),
            Cause::NoRoute => (StatusCode::NOT_FOUND, "no-such-route", "Nothing is offered at this path."),
            Cause::Method(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This path is not offered with this method.",
            ),
            Cause::Refused { status, detail, .. } => (*status, "policy-refused", detail),
            Cause::Missing | Cause::Veiled(_) => {
                (StatusCode::NOT_FOUND, "not-found", "There is no such record.")
            }
            Cause::Unreachable(_) => (
                StatusCode::BAD_GATEWAY,
                "backend-unreachable",
                "The backend does not answer. Try again later.",
            ),
            Cause::Late(_) => {
                (StatusCode::GATEWAY_TIMEOUT, "backend-late", "The backend took too long. Try again later.")
            }
            Cause::Response(_)
            | Cause::OwnCredential
            | Cause::Body(_)
            | Cause::Lost(_)
            | Cause::Frames(Side::Backend, _) => (
                StatusCode::BAD_GATEWAY,
                "backend-response",
                "The backend's response is not what this route declares and was withheld.",
            ),
            Cause::Status(status) => {
                (*status, "backend-error", "The backend refused or failed this request.")
            }
            Cause::Policy(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "policy-failure", "The policy could not decide.")
            }
            Cause::Busy | Cause::Overloaded => {
                (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Too much is going on here. Try again later.")
            }
            Cause::TooMany(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "You ask too often. Wait for as long as Retry-After says.",
            ),
            Cause::BackendBusy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "backend-overloaded",
                "The backend has too much to do. Try again later.",
            ),
            Cause::Stale => (
                StatusCode::SERVICE_UNAVAILABLE,
                "directory-stale",
                "Who may see what is not known here at present. Try again later.",
            ),
            Cause::Unaudited => (
                StatusCode::SERVICE_UNAVAILABLE,
                "audit-not-written",
                "What you may see by your special rights cannot be recorded here at present. Try again later.",
            ),
            Cause::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal-error",
                "Something went wrong here. The operator finds more in the log.",
            ),
        }
    }
}

/// Turns a cause into the response that tells it, with the request's id if it has one, and logs it with what the caller need
/// not know.
pub(crate) fn rescue(cause: &Cause, request_id: Option<&HeaderValue>) -> Response<AnswerBody> {
    match cause.culprit() {
        Culprit::Caller => tracing::debug!(%cause, "refused"),
        Culprit::Backend => tracing::warn!(%cause, "backend fault"),
        Culprit::Policy => tracing::error!(%cause, "policy fault"),
        // One line for each would be load, too; the access log has them.
        Culprit::Gateway if cause.is_shed() => tracing::debug!(%cause, "shed"),
        Culprit::Gateway => tracing::warn!(%cause, "unexpected"),
    }
    let mut response = cause.problem().response(request_id.and_then(|id| id.to_str().ok()));
    match cause {
        Cause::Method(allow) => {
            response.headers_mut().insert(header::ALLOW, allow.clone());
        }
        Cause::WebSocketVersion => {
            response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        Cause::Identity(_) => {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // What has two readings, or was not read to its end: what follows on the connection cannot be trusted to be a
        // request (H3).
        Cause::Head(_)
        | Cause::Target(_)
        | Cause::BodyNotTaken
        | Cause::BodyTooLarge
        | Cause::BodyLate
        | Cause::BodySlow
        | Cause::BodyBroken => {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Cause::TooMany(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        Cause::Busy | Cause::Overloaded | Cause::BackendBusy => {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}
