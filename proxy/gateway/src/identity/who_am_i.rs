//! Credentials that the backend itself is asked about.
//!
//! The question carries one credential of the caller's, where the caller put it, and nothing else: none of ours, or the
//! backend would answer for us, and no other of the caller's, or it would answer for another.

use std::sync::Arc;

use bytes::BytesMut;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use serde_json_path::JsonPath;
use tokio::time::{Duration, Instant};

use crate::config::{CredentialPlace, WhoAmISettings};
use crate::identity::error::{Doubt, IdentityError};
use crate::identity::presented::{Credential, Place};
use crate::identity::remembered::{Remembered, Said};
use crate::request::body::UpstreamBody;
use crate::request::query::Query;
use crate::request::target::Target;
use crate::rescue::Cause;
use crate::upstream::{BackendBody, Outgoing, Upstream};

/// Largest answer.
const ANSWER: usize = 256 << 10;

/// Asks the backend who is calling.
pub(super) struct Asking {
    method: Method,
    path: String,
    query: Query,
    user: JsonPath,
    deadline: Duration,
    from: Vec<CredentialPlace>,
    remembered: Remembered,
}

impl Asking {
    pub(super) fn new(settings: &WhoAmISettings) -> Result<Asking, IdentityError> {
        let wrong = |cause: Cause| IdentityError::Path(cause.to_string());
        let uri = settings.path.parse().map_err(|_| IdentityError::Path("no path".to_owned()))?;
        let target = Target::parse(&settings.method, &uri, http::Version::HTTP_11).map_err(wrong)?;
        Ok(Asking {
            method: settings.method.clone(),
            path: target.path().to_owned(),
            query: target.query.clone(),
            user: settings.user.clone(),
            deadline: settings.deadline,
            from: settings.from.clone(),
            remembered: Remembered::new(settings.remembrance, settings.deadline)?,
        })
    }

    /// Whether credentials of this place are shown to the backend.
    pub(super) fn takes(&self, place: Place<'_>) -> bool {
        place.is_among(&self.from)
    }

    /// What the backend calls the user.
    pub(super) async fn name(
        &self,
        credential: &Credential<'_>,
        upstream: &Upstream,
    ) -> Result<Arc<str>, Doubt> {
        let ask = async {
            let response = upstream.ask(self.question(credential)?, Instant::now() + self.deadline).await;
            let response = response.map_err(|cause| {
                tracing::warn!(%cause, "the backend cannot be asked who is calling");
                Doubt::Unavailable("the backend cannot be asked who is calling")
            })?;
            self.answer(response).await
        };
        self.remembered.name(credential, ask).await
    }

    fn question(&self, credential: &Credential<'_>) -> Result<Outgoing<'_>, Doubt> {
        let (mut headers, mut query) = (HeaderMap::with_capacity(4), self.query.clone());
        let mut put = |name: &HeaderName, text: &str| -> Result<(), Doubt> {
            let value = HeaderValue::from_str(text);
            let mut value = value.map_err(|_| Doubt::Refused("credential that cannot stand in a header"))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
            Ok(())
        };
        match credential.place {
            Place::Bearer => put(&header::AUTHORIZATION, &format!("Bearer {}", credential.text))?,
            Place::Basic => put(&header::AUTHORIZATION, &format!("Basic {}", credential.text))?,
            Place::Header(name) => put(name, credential.text)?,
            Place::Cookie(name) => put(&header::COOKIE, &format!("{name}={}", credential.text))?,
            Place::Query(name) => query.set(name, credential.text),
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let (method, path) = (self.method.clone(), self.path.as_str());
        Ok(Outgoing { method, path, query, headers, body: UpstreamBody::empty() })
    }

    async fn answer(&self, response: Response<BackendBody>) -> Result<Said, Doubt> {
        let (head, body) = response.into_parts();
        let nobody = Ok(Said { name: None, expires: None });
        match head.status {
            StatusCode::OK => {}
            // A page to log in at is an answer too.
            status if status.is_redirection() || matches!(status.as_u16(), 401 | 403) => return nobody,
            status => {
                tracing::warn!(%status, "the backend does not say who is calling");
                return Err(Doubt::Unavailable("the backend does not say who is calling"));
            }
        }
        if head.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(Doubt::Unavailable("the backend's answer to who is calling is compressed"));
        }
        let mut text = BytesMut::new();
        let mut body = Limited::new(body, ANSWER);
        while let Some(frame) = body.frame().await {
            let broken =
                |_| Doubt::Unavailable("the backend's answer to who is calling is too long or broken");
            if let Ok(data) = frame.map_err(broken)?.into_data() {
                text.extend_from_slice(&data);
            }
        }
        // HTML, or nobody in particular: the backend does not know the credential.
        let Ok(answer) = serde_json::from_slice::<Value>(&text) else { return nobody };
        let name = self.user.query(&answer).exactly_one().ok().and_then(|value| match value {
            Value::String(name) => Some(name.clone()),
            Value::Number(name) => Some(name.to_string()),
            _ => None,
        });
        let name = name.filter(|name| !name.trim().is_empty());
        Ok(Said { name: name.map(Arc::from), expires: None })
    }
}
