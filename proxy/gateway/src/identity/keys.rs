//! Keys that JSON web tokens are verified with (RFC 7517).

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use crate::config::JwtKeys;
use crate::fetch::Fetcher;
use crate::identity::error::{Doubt, IdentityError};
use crate::identity::following::{Followed, Source};

/// Keys looked at in a set.
const KEYS: usize = 100;

/// Finds the keys for a token.
pub(super) enum KeyStore {
    Fixed(KeySet),
    Followed(Arc<Followed>),
}

/// Keys, each for one algorithm.
#[derive(Default)]
pub(super) struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: Arc<DecodingKey>,
}

impl KeyStore {
    pub(super) fn new(source: &JwtKeys, issuer: &str, fetcher: &Fetcher) -> Result<KeyStore, IdentityError> {
        Ok(match source {
            JwtKeys::Secret(secret) => {
                let key = Arc::new(DecodingKey::from_secret(secret));
                KeyStore::Fixed(KeySet(vec![Key { id: None, algorithm: Algorithm::HS256, key }]))
            }
            JwtKeys::File(path) => {
                let unreadable = |error: std::io::Error| IdentityError::Unreadable {
                    path: path.clone(),
                    reason: error.to_string(),
                };
                let text = std::fs::read(path).map_err(unreadable)?;
                let keys = KeySet::read(&text);
                KeyStore::Fixed(keys.ok_or_else(|| IdentityError::Unusable { path: path.clone() })?)
            }
            JwtKeys::Url { url, following } => {
                KeyStore::Followed(Followed::new(Source::Url(url.clone()), *following, fetcher.clone()))
            }
            JwtKeys::Discovery(following) => {
                let source = Source::discovery(issuer).ok_or(IdentityError::Issuer)?;
                KeyStore::Followed(Followed::new(source, *following, fetcher.clone()))
            }
        })
    }

    /// The keys that may have signed a token: the one it names, or, where it names none, all for its algorithm.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<DecodingKey>>, Doubt> {
        match self {
            KeyStore::Fixed(keys) => Ok(keys.matching(id, algorithm)),
            KeyStore::Followed(followed) => followed.find(id, algorithm).await,
        }
    }
}

impl KeySet {
    /// The usable keys of a JWK set, of which there must be one. Entries of unknown kinds are left out, as RFC 7517 says.
    pub(super) fn read(text: &[u8]) -> Option<KeySet> {
        let set = serde_json::from_slice::<Document>(text).ok()?;
        let keys = set.keys.into_iter().take(KEYS).filter_map(|entry| serde_json::from_value(entry).ok());
        let keys = keys.filter_map(|jwk| usable(&jwk)).collect::<Vec<_>>();
        if keys.is_empty() { None } else { Some(KeySet(keys)) }
    }

    pub(super) fn matching(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Arc<DecodingKey>> {
        let fits = |key: &&Key| {
            key.algorithm == algorithm && (id.is_none() || key.id.is_none() || key.id.as_deref() == id)
        };
        self.0.iter().filter(fits).map(|key| Arc::clone(&key.key)).collect()
    }
}

/// A JWK set whose entries are not looked at yet.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        // Symmetric keys in a published set are a mistake, or an attack.
        _ => return None,
    };
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|kind| *kind != PublicKeyUse::Signature) {
        return None;
    }
    let declared = common.key_algorithm.as_ref().map(ToString::to_string);
    if declared.is_some_and(|name| name != format!("{algorithm:?}")) {
        return None;
    }
    let key = Arc::new(DecodingKey::from_jwk(jwk).ok()?);
    Some(Key { id: common.key_id.clone(), algorithm, key })
}
