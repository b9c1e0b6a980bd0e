//! JSON web tokens (RFC 7519) that somebody else has signed.

use std::borrow::Cow;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Validation, decode, decode_header};

use crate::config::{JwtAlgorithm, JwtKeys, JwtSettings};
use crate::fetch::Fetcher;
use crate::identity::error::{Doubt, IdentityError};
use crate::identity::keys::KeyStore;

/// Verifies tokens by one configuration.
pub(crate) struct JwtVerifier {
    keys: KeyStore,
    algorithms: Vec<Algorithm>,
    /// Everything but the algorithm, which is the token's once it is known to be allowed.
    validation: Validation,
    claim: String,
    /// Seconds.
    leeway: f64,
}

pub(super) type Claims = serde_json::Map<String, serde_json::Value>;

impl JwtVerifier {
    pub(crate) fn new(settings: &JwtSettings, fetcher: &Fetcher) -> Result<JwtVerifier, IdentityError> {
        let symmetric = matches!(settings.keys, JwtKeys::Secret(_));
        // A public key must never serve as the secret of an HMAC: the kind of keys and the algorithms must agree.
        let fits = |algorithm: &JwtAlgorithm| (*algorithm == JwtAlgorithm::Hs256) == symmetric;
        if settings.algorithms.is_empty() || !settings.algorithms.iter().all(fits) {
            return Err(IdentityError::Algorithms);
        }
        let algorithms = settings.algorithms.iter().copied().map(algorithm).collect::<Vec<_>>();
        let mut validation = Validation::new(algorithms[0]);
        validation.set_required_spec_claims(&["iss", "aud"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&settings.audiences);
        // Times are checked below: the library cannot read numbers in a build where serde_json keeps their text.
        validation.validate_exp = false;
        let keys = KeyStore::new(&settings.keys, &settings.issuer, fetcher)?;
        Ok(JwtVerifier {
            keys,
            algorithms,
            validation,
            claim: settings.claim.clone(),
            leeway: settings.leeway.as_secs_f64(),
        })
    }

    /// Whether a credential has the form of a signed token.
    pub(crate) fn recognizes(credential: &str) -> bool {
        credential.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// The claim by which the directory knows the user.
    pub(super) async fn subject(&self, token: &str) -> Result<String, Doubt> {
        // An algorithm that the library does not know, such as `none`, is refused here.
        let header = decode_header(token).map_err(|_| Doubt::Refused("unreadable token header"))?;
        if !self.algorithms.contains(&header.alg) {
            return Err(Doubt::Refused("algorithm not allowed"));
        }
        if header.crit.is_some() {
            return Err(Doubt::Refused("critical extension not understood"));
        }
        let keys = self.keys.find(header.kid.as_deref(), header.alg).await?;
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        let mut why = "no key for this token";
        for key in keys {
            match decode::<Claims>(token, &key, &validation) {
                Ok(verified) => {
                    let claims = &verified.claims;
                    check_times(claims, self.leeway).map_err(Doubt::Refused)?;
                    return claim(claims, &self.claim).map_err(Doubt::Refused);
                }
                Err(error) => why = reason(error.kind()),
            }
        }
        Err(Doubt::Refused(why))
    }
}

/// `exp` must be there and in the future, `nbf`, where it is there, in the past.
fn check_times(claims: &Claims, leeway: f64) -> Result<(), &'static str> {
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "this machine's clock is before 1970")?;
    let now = since.as_secs_f64();
    let expires =
        claims.get("exp").and_then(serde_json::Value::as_f64).ok_or("token without a required claim")?;
    if expires.is_nan() || expires + leeway <= now {
        return Err("token expired");
    }
    match claims.get("nbf").map(|value| value.as_f64().ok_or("unreadable `nbf`")).transpose()? {
        Some(begins) if begins.is_nan() || begins - leeway > now => Err("token not valid yet"),
        _ => Ok(()),
    }
}

/// A claim's text. A number is taken as its digits, since some issuers write ids so.
pub(super) fn claim(claims: &Claims, name: &str) -> Result<String, &'static str> {
    let text = match claims.get(name) {
        Some(serde_json::Value::String(text)) => Cow::Borrowed(text.as_str()),
        Some(serde_json::Value::Number(number)) => Cow::Owned(number.to_string()),
        _ => return Err("token without the claim that names the user"),
    };
    if text.is_empty() { Err("token with an empty user") } else { Ok(text.into_owned()) }
}

fn algorithm(configured: JwtAlgorithm) -> Algorithm {
    match configured {
        JwtAlgorithm::Rs256 => Algorithm::RS256,
        JwtAlgorithm::Es256 => Algorithm::ES256,
        JwtAlgorithm::EdDsa => Algorithm::EdDSA,
        JwtAlgorithm::Hs256 => Algorithm::HS256,
    }
}

fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidIssuer => "token of another issuer",
        ErrorKind::InvalidAudience => "token for another audience",
        ErrorKind::InvalidSignature => "signature does not fit",
        ErrorKind::MissingRequiredClaim(_) => "token without a required claim",
        _ => "token not valid",
    }
}
