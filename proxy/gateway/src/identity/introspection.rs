//! Tokens that their issuer is asked about (RFC 7662).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderValue, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::config::{CredentialPlace, IntrospectionSettings};
use crate::fetch::Fetcher;
use crate::identity::error::{Doubt, IdentityError};
use crate::identity::jwt::{Claims, claim};
use crate::identity::presented::{Credential, Place};
use crate::identity::remembered::{Remembered, Said};

/// Largest answer.
const ANSWER: usize = 64 << 10;
/// What forms leave as it is, of what this needs.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Asks one endpoint.
pub(super) struct Introspector {
    url: Uri,
    authorization: HeaderValue,
    issuer: Option<String>,
    audiences: Vec<String>,
    claim: String,
    from: Vec<CredentialPlace>,
    remembered: Remembered,
    fetcher: Fetcher,
}

impl Introspector {
    pub(super) fn new(
        settings: &IntrospectionSettings,
        fetcher: &Fetcher,
    ) -> Result<Introspector, IdentityError> {
        // Both are encoded before they are put together (RFC 6749, section 2.3.1).
        let encode = |text: &str| utf8_percent_encode(text, FORM).to_string();
        let both = format!("{}:{}", encode(&settings.client), encode(&settings.secret));
        let authorization = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(both)));
        let mut authorization = authorization.map_err(|_| IdentityError::Client)?;
        authorization.set_sensitive(true);
        Ok(Introspector {
            url: settings.url.clone(),
            authorization,
            issuer: settings.issuer.clone(),
            audiences: settings.audiences.clone(),
            claim: settings.claim.clone(),
            from: settings.from.clone(),
            remembered: Remembered::new(settings.remembrance, settings.deadline)?,
            fetcher: fetcher.clone(),
        })
    }

    /// Whether credentials of this place are shown to the endpoint.
    pub(super) fn takes(&self, place: Place<'_>) -> bool {
        place.is_among(&self.from)
    }

    /// What names the user.
    pub(super) async fn subject(&self, credential: &Credential<'_>) -> Result<Arc<str>, Doubt> {
        let ask = async {
            let form = format!("token={}", utf8_percent_encode(credential.text, FORM));
            let answer = self.fetcher.post(&self.url, &self.authorization, form, ANSWER).await;
            let answer = match answer {
                Ok((StatusCode::OK, answer)) => Ok(answer),
                // Some have it that what is asked about is no token of theirs at all.
                Ok((StatusCode::BAD_REQUEST, _)) => return Ok(nobody("no token of the endpoint's")),
                Ok((status, _)) => Err(status.to_string()),
                Err(reason) => Err(reason),
            };
            let answer = answer.map_err(|reason| {
                tracing::warn!(url = %self.url, reason, "the introspection endpoint does not answer");
                Doubt::Unavailable("the introspection endpoint does not answer")
            })?;
            let Ok(claims) = serde_json::from_slice::<Claims>(&answer) else {
                tracing::warn!(url = %self.url, "the introspection endpoint does not answer in JSON");
                return Err(Doubt::Unavailable("the introspection endpoint does not answer in JSON"));
            };
            Ok(self.judge(&claims))
        };
        self.remembered.name(credential, ask).await
    }

    /// Whose the token is, if it is active and for us.
    fn judge(&self, answer: &Claims) -> Said {
        if answer.get("active") != Some(&Value::Bool(true)) {
            return nobody("not active");
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        if self.issuer.is_some() && text("iss") != self.issuer.as_deref() {
            return nobody("of another issuer");
        }
        if !self.audiences.is_empty() && !self.is_for_us(answer.get("aud")) {
            return nobody("for another audience");
        }
        let seconds = |name: &str| answer.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        // A token that is not valid yet is asked about again soon, as all that is nobody's.
        if seconds("nbf")
            .is_some_and(|begins| !super::remembered::has_passed(Some(begins)) || begins.is_nan())
        {
            return nobody("not valid yet");
        }
        match claim(answer, &self.claim) {
            Ok(name) => Said { name: Some(name.into()), expires: seconds("exp") },
            Err(why) => nobody(why),
        }
    }

    fn is_for_us(&self, named: Option<&Value>) -> bool {
        let ours =
            |value: &Value| value.as_str().is_some_and(|name| self.audiences.iter().any(|our| our == name));
        match named {
            Some(Value::Array(names)) => names.iter().any(ours),
            Some(name) => ours(name),
            None => false,
        }
    }
}

fn nobody(why: &'static str) -> Said {
    tracing::debug!(why, "token not accepted");
    Said { name: None, expires: None }
}
