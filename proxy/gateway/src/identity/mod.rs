//! Who is calling (H41).
//!
//! | what is shown | file | who knows whose it is |
//! |---|---|---|
//! | API token | here | the directory |
//! | signed token | `jwt.rs`, `keys.rs`, `following.rs`, `discovery.rs` | its issuer, by published keys |
//! | opaque token | `introspection.rs` | its issuer, who is asked |
//! | session cookie, the backend's own token | `who_am_i.rs` | the backend, which is asked |
//! | login and password | `basic.rs` | the directory or the backend |
//! | header of a gateway in front | `front.rs` | that gateway, by its address |
//! | client certificate | `certificate.rs` | its authority, asked by TLS |
//!
//! All that a request shows is judged, each credential by the methods in their order. Everything has to name one user.

mod basic;
mod certificate;
pub(crate) mod cookies;
mod discovery;
mod error;
mod following;
mod front;
mod introspection;
mod jwt;
mod keys;
mod presented;
mod remembered;
mod who_am_i;

use cordon_directory::{Snapshot, UserId};
use http::HeaderValue;
use http::header::{self, HeaderMap};

use crate::config::{
    CertificateSettings, CredentialPlaces, FrontSettings, IdentityConfig, IdentityMethod, NamedBy, Naming,
    Passwords,
};
use crate::fetch::Fetcher;
use crate::request::query::Query;
use crate::rescue::Cause;
use crate::upstream::Upstream;
pub use error::IdentityError;
pub(crate) use presented::Presented;

use error::Doubt;
use introspection::Introspector;
use jwt::JwtVerifier;
use presented::{Credential, Place};
use who_am_i::Asking;

/// Finds out who is calling from the credentials that a request carries.
pub(crate) struct Identifier {
    methods: Vec<Method>,
    places: CredentialPlaces,
    /// Whether HTTP Basic is looked at.
    basic: bool,
    challenges: Vec<HeaderValue>,
}

enum Method {
    ApiToken,
    Jwt(Box<JwtVerifier>, Naming),
    Introspection(Box<Introspector>, Naming),
    WhoAmI(Box<Asking>, Naming),
    DirectoryPassword,
    BackendPassword(Box<Asking>, Naming),
    Front(FrontSettings),
    Certificate(CertificateSettings),
}

/// What a method makes of a credential.
enum Verdict {
    /// It is not one that this method knows of.
    Unknown,
    /// Whose it is. `None`: of somebody whom the directory does not know.
    Known(Option<UserId>),
}

impl Identifier {
    pub(crate) fn new(config: &IdentityConfig, fetcher: &Fetcher) -> Result<Identifier, IdentityError> {
        let methods = config.methods.iter().map(|method| Method::new(method, fetcher));
        let is_basic = |method: &&IdentityMethod| matches!(method, IdentityMethod::Basic(_));
        let asks =
            |method: &IdentityMethod| matches!(method, IdentityMethod::Basic(basic) if basic.challenge);
        let mut challenges = vec![challenge(&config.realm, "Bearer", "")?];
        if config.methods.iter().any(asks) {
            challenges.push(challenge(&config.realm, "Basic", ", charset=\"UTF-8\"")?);
        }
        Ok(Identifier {
            methods: methods.collect::<Result<_, _>>()?,
            places: config.places.clone(),
            basic: config.methods.iter().find(is_basic).is_some(),
            challenges,
        })
    }

    /// The user whom every credential of the request names. One that names nobody refuses the request even beside
    /// one that does: what the backend would make of it is unknown.
    pub(crate) async fn identify(
        &self,
        snapshot: &Snapshot,
        upstream: &Upstream,
        presented: &Presented<'_>,
    ) -> Result<UserId, Cause> {
        let mut caller = None;
        let mut agree = |user: UserId| match caller.replace(user) {
            Some(other) if Some(&other) != caller.as_ref() => Err(Cause::CredentialsDisagree),
            _ => Ok(()),
        };
        for method in &self.methods {
            method.unasked(snapshot, presented, &mut agree)?;
        }
        for credential in presented::credentials(presented, &self.places, self.basic)? {
            agree(self.resolve(snapshot, upstream, &credential).await?)?;
        }
        caller.ok_or(Cause::NoCredentials)
    }

    /// Tells a caller who has shown nothing, or nothing that counts, what is asked for. Both are told the same.
    pub(crate) fn challenge(&self, cause: &Cause, headers: &mut HeaderMap) {
        if matches!(cause, Cause::NoCredentials | Cause::Credentials(_)) {
            for challenge in &self.challenges {
                headers.append(header::WWW_AUTHENTICATE, challenge.clone());
            }
        }
    }

    /// Takes the credentials out of a query, so that they are neither judged nor forwarded.
    pub(crate) fn strip(&self, query: &mut Query) {
        if !query.is_empty() {
            self.places.query.iter().for_each(|name| query.remove(name));
        }
    }

    /// Takes the credentials out of a head.
    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        headers.remove(header::AUTHORIZATION);
        for name in &self.places.headers {
            headers.remove(name);
        }
        cookies::remove(headers, &self.places.cookies);
    }

    /// Copies the credentials to a request that the backend is to judge by itself as well.
    pub(crate) fn pass_through(
        &self,
        sent: &HeaderMap,
        headers: &mut HeaderMap,
        query: (&Query, &mut Query),
    ) {
        for name in self.places.headers.iter().chain(&[header::AUTHORIZATION]) {
            if let Some(value) = sent.get(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        cookies::copy(sent, &self.places.cookies, headers);
        let (from, to) = query;
        for name in &self.places.query {
            if let Some(value) = from.values(name).next() {
                to.set(name, value);
            }
        }
    }

    /// Asks the methods in their order. The first that knows a credential decides. A method that cannot be asked leaves
    /// it to the others, but if none of them knows the credential, it may still be right.
    async fn resolve(
        &self,
        snapshot: &Snapshot,
        upstream: &Upstream,
        credential: &Credential<'_>,
    ) -> Result<UserId, Cause> {
        let mut why = Cause::Credentials("unknown token");
        for method in &self.methods {
            match method.judge(snapshot, upstream, credential).await {
                Ok(Verdict::Unknown) => {}
                Ok(Verdict::Known(user)) => {
                    return user.ok_or(Cause::Credentials("no user has this subject or login"));
                }
                Err(Doubt::Unavailable(reason)) => why = Cause::Identity(reason),
                Err(Doubt::Refused(_)) if matches!(why, Cause::Identity(_)) => {}
                Err(Doubt::Refused(reason)) => why = Cause::Credentials(reason),
            }
        }
        Err(why)
    }
}

impl Method {
    fn new(method: &IdentityMethod, fetcher: &Fetcher) -> Result<Method, IdentityError> {
        Ok(match method {
            IdentityMethod::ApiToken => Method::ApiToken,
            IdentityMethod::Jwt(settings) => {
                Method::Jwt(Box::new(JwtVerifier::new(settings, fetcher)?), settings.naming.clone())
            }
            IdentityMethod::Introspection(settings) => Method::Introspection(
                Box::new(Introspector::new(settings, fetcher)?),
                settings.naming.clone(),
            ),
            IdentityMethod::WhoAmI(settings) => {
                Method::WhoAmI(Box::new(Asking::new(settings)?), settings.naming.clone())
            }
            IdentityMethod::Basic(basic) => match &basic.passwords {
                Passwords::Directory => Method::DirectoryPassword,
                Passwords::Backend(settings) => {
                    Method::BackendPassword(Box::new(Asking::new(settings)?), settings.naming.clone())
                }
            },
            IdentityMethod::Front(settings) => Method::Front(settings.clone()),
            IdentityMethod::Certificate(settings) => Method::Certificate(settings.clone()),
        })
    }

    /// Those whom the connection names, or who speaks over it.
    fn unasked(
        &self,
        snapshot: &Snapshot,
        presented: &Presented<'_>,
        agree: &mut impl FnMut(UserId) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        match self {
            Method::Front(settings) => {
                if let Some(name) = front::named(settings, presented)? {
                    let user = found(snapshot, &settings.naming, name);
                    agree(user.ok_or(Cause::Credentials("no user is called as the gateway in front says"))?)?;
                }
            }
            Method::Certificate(settings) => {
                if let Some(certificate) = presented.certificate {
                    let names = certificate::names(certificate, settings.part);
                    let names = names.ok_or(Cause::Credentials("unreadable certificate"))?;
                    let mut users = names.iter().filter_map(|name| found(snapshot, &settings.naming, name));
                    agree(users.next().ok_or(Cause::Credentials("no user has this certificate"))?)?;
                    users.try_for_each(agree)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn judge(
        &self,
        snapshot: &Snapshot,
        upstream: &Upstream,
        credential: &Credential<'_>,
    ) -> Result<Verdict, Doubt> {
        let place = credential.place;
        let known = |naming: &Naming, name: &str| Ok(Verdict::Known(found(snapshot, naming, name)));
        match self {
            Method::ApiToken if place != Place::Basic => match snapshot.user_by_token(credential.text) {
                Some(user) => Ok(Verdict::Known(Some(user))),
                None => Ok(Verdict::Unknown),
            },
            Method::Jwt(verifier, naming)
                if place != Place::Basic && JwtVerifier::recognizes(credential.text) =>
            {
                known(naming, &Box::pin(verifier.subject(credential.text)).await?)
            }
            Method::Introspection(introspector, naming) if introspector.takes(place) => {
                known(naming, &Box::pin(introspector.subject(credential)).await?)
            }
            Method::WhoAmI(asking, naming) if asking.takes(place) => {
                known(naming, &Box::pin(asking.name(credential, upstream)).await?)
            }
            Method::DirectoryPassword if place == Place::Basic => {
                basic::user(credential.text, snapshot).map(|user| Verdict::Known(Some(user)))
            }
            Method::BackendPassword(asking, naming) if place == Place::Basic => {
                known(naming, &Box::pin(asking.name(credential, upstream)).await?)
            }
            _ => Ok(Verdict::Unknown),
        }
    }
}

fn found(snapshot: &Snapshot, naming: &Naming, name: &str) -> Option<UserId> {
    let whole;
    let name = match naming.prefix.as_str() {
        "" => name,
        prefix => {
            whole = format!("{prefix}{name}");
            &whole
        }
    };
    match naming.by {
        NamedBy::Subject => snapshot.user_by_subject(name),
        NamedBy::Login => snapshot.user_by_login(name),
    }
}

fn challenge(realm: &str, scheme: &str, more: &str) -> Result<HeaderValue, IdentityError> {
    let is_plain = realm.chars().all(|c| matches!(c, ' '..='~') && !matches!(c, '"' | '\\'));
    let value = format!("{scheme} realm=\"{realm}\"{more}");
    HeaderValue::from_str(&value).ok().filter(|_| is_plain).ok_or(IdentityError::Realm)
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[tokio::test]
    async fn h41_an_empty_credential_is_not_looked_up() {
        let snapshot =
            Snapshot::parse("security = \"enhanced\"\n").unwrap_or_else(|problems| panic!("{problems:?}"));
        let mut config = IdentityConfig::default();
        config.places.query = vec!["api_token".into()];
        config.places.cookies = vec!["session".into()];
        let backend =
            crate::GatewayConfig::new("http://127.0.0.1:1".parse().unwrap(), crate::MaskSecret([0; 32]));
        let upstream = Upstream::new(&backend.backend, &backend.deadlines).unwrap();
        let fetcher = Fetcher::new(crate::upstream::connector(&backend.backend, &backend.deadlines).unwrap());
        let identifier = Identifier::new(&config, &fetcher).unwrap();
        let identify = async |headers: HeaderMap, query: Query| {
            let presented = Presented { headers: &headers, query: &query, address: None, certificate: None };
            identifier.identify(&snapshot, &upstream, &presented).await
        };
        let named = [
            ("authorization", "Bearer"),
            ("authorization", "Bearer "),
            ("x-api-key", ""),
            ("cookie", "a=b; session="),
        ];
        for (name, value) in named {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))]);
            let outcome = identify(headers, Query::default()).await;
            assert!(matches!(outcome, Err(Cause::Credentials("empty"))), "{name}: {outcome:?}");
        }
        for value in ["", " "] {
            let mut query = Query::default();
            query.set("api_token", value);
            let outcome = identify(HeaderMap::new(), query).await;
            assert!(matches!(outcome, Err(Cause::Credentials("empty"))), "{outcome:?}");
        }
    }
}
