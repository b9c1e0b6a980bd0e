//! Who is calling (H41).

mod jwt;
mod keys;

use cordon_directory::{Snapshot, UserId};
use http::header::{self, HeaderMap, HeaderName};

use crate::config::{IdentityConfig, IdentityMethod};
use crate::fetch::Fetcher;
use crate::request::query::Query;
use crate::rescue::Cause;
use jwt::JwtVerifier;
pub use keys::KeysError;

/// Finds out who is calling from the credentials that a request carries.
pub(crate) struct Identifier {
    methods: Vec<Method>,
    headers: Vec<HeaderName>,
    query: Vec<String>,
}

enum Method {
    ApiToken,
    Jwt(Box<JwtVerifier>),
}

impl Identifier {
    pub(crate) fn new(config: &IdentityConfig, fetcher: &Fetcher) -> Result<Identifier, KeysError> {
        let methods = config.methods.iter().map(|method| match method {
            IdentityMethod::ApiToken => Ok(Method::ApiToken),
            IdentityMethod::Jwt(settings) => {
                JwtVerifier::new(settings, fetcher.clone()).map(|verifier| Method::Jwt(Box::new(verifier)))
            }
        });
        Ok(Identifier {
            methods: methods.collect::<Result<_, _>>()?,
            headers: config.places.headers.clone(),
            query: config.places.query.clone(),
        })
    }

    /// The user whom every credential of the request names. One that names nobody refuses the request even beside
    /// one that does: what the backend would make of it is unknown.
    pub(crate) async fn identify(
        &self,
        snapshot: &Snapshot,
        headers: &HeaderMap,
        query: &Query,
    ) -> Result<UserId, Cause> {
        let mut caller = None;
        for credential in self.credentials(headers, query)? {
            let user = self.resolve(snapshot, credential).await?;
            if caller.as_ref().is_some_and(|other| *other != user) {
                return Err(Cause::CredentialsDisagree);
            }
            caller = Some(user);
        }
        caller.ok_or(Cause::NoCredentials)
    }

    /// Takes the credentials out of a query, so that they are neither judged nor forwarded.
    pub(crate) fn strip(&self, query: &mut Query) {
        if !query.is_empty() {
            self.query.iter().for_each(|name| query.remove(name));
        }
    }

    /// Takes the credentials out of a head.
    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        headers.remove(header::AUTHORIZATION);
        for name in &self.headers {
            headers.remove(name);
        }
    }

    /// Copies the credentials to a request that the backend is to judge by itself as well.
    pub(crate) fn pass_through(
        &self,
        sent: &HeaderMap,
        headers: &mut HeaderMap,
        query: (&Query, &mut Query),
    ) {
        for name in self.headers.iter().chain(&[header::AUTHORIZATION]) {
            if let Some(value) = sent.get(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        let (from, to) = query;
        for name in &self.query {
            if let Some(value) = from.values(name).next() {
                to.set(name, value);
            }
        }
    }

    fn credentials<'a>(&'a self, headers: &'a HeaderMap, query: &'a Query) -> Result<Vec<&'a str>, Cause> {
        let mut found = Vec::with_capacity(1);
        for value in headers.get_all(header::AUTHORIZATION) {
            let text = value.to_str().map_err(|_| Cause::Credentials("unreadable header"))?;
            let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(Cause::Credentials("scheme other than Bearer"));
            }
            found.push(token.trim());
        }
        for name in &self.headers {
            for value in headers.get_all(name) {
                found.push(value.to_str().map_err(|_| Cause::Credentials("unreadable header"))?);
            }
        }
        for name in &self.query {
            found.extend(query.values(name));
        }
        // Nobody's secret is empty, whatever the directory says: it would be everybody's.
        if found.iter().any(|credential| credential.trim().is_empty()) {
            return Err(Cause::Credentials("empty"));
        }
        Ok(found)
    }

    async fn resolve(&self, snapshot: &Snapshot, credential: &str) -> Result<UserId, Cause> {
        let mut why = Cause::Credentials("unknown token");
        for method in &self.methods {
            match method {
                Method::ApiToken => {
                    if let Some(user) = snapshot.user_by_token(credential) {
                        return Ok(user);
                    }
                }
                Method::Jwt(verifier) if JwtVerifier::recognizes(credential) => {
                    match verifier.subject(credential).await {
                        Ok(subject) => {
                            let user = snapshot.user_by_subject(&subject);
                            return user.ok_or(Cause::Credentials("no user has this subject"));
                        }
                        Err(reason) => why = Cause::Credentials(reason),
                    }
                }
                Method::Jwt(_) => {}
            }
        }
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[tokio::test]
    async fn h41_an_empty_credential_is_not_looked_up() {
        let snapshot =
            Snapshot::parse("security = \"enhanced\"\n").unwrap_or_else(|problems| panic!("{problems:?}"));
        let identifier = Identifier {
            methods: vec![Method::ApiToken],
            headers: vec![HeaderName::from_static("x-api-key")],
            query: vec!["api_token".into()],
        };
        let named = [("authorization", "Bearer"), ("authorization", "Bearer "), ("x-api-key", "")];
        for (name, value) in named {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            let outcome = identifier.identify(&snapshot, &headers, &Query::default()).await;
            assert!(matches!(outcome, Err(Cause::Credentials("empty"))), "{name}: {outcome:?}");
        }
        for value in ["", " "] {
            let mut query = Query::default();
            query.set("api_token", value);
            let outcome = identifier.identify(&snapshot, &HeaderMap::new(), &query).await;
            assert!(matches!(outcome, Err(Cause::Credentials("empty"))), "{outcome:?}");
        }
    }
}
