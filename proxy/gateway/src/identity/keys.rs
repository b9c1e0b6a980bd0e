//! The keys that JSON web tokens are verified with, and where they come from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Uri;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::JwtKeys;
use crate::fetch::Fetcher;

/// Least time between two fetches, so that tokens with made-up key ids cannot make us flood the issuer.
const FETCH_PAUSE: Duration = Duration::from_secs(30);
/// Keys looked at in a set.
const KEYS: usize = 100;
/// Largest key set.
const DOCUMENT: usize = 1 << 20;

/// Why there are no keys to begin with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("cannot read the key set {path}: {reason}; check the path and the permissions")]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not a JWK set with a usable key.
    #[error("{path} has no usable key: it must be a JWK set (RFC 7517) with RSA, P-256 or Ed25519 keys")]
    Unusable {
        /// Where it is.
        path: PathBuf,
    },
    /// The algorithms do not go with the kind of keys.
    #[error("HS256 goes with a secret alone, and RS256, ES256 and EdDSA with a key set; name at least one")]
    Algorithms,
}

/// Finds the keys for a token.
pub(crate) struct KeyStore {
    keys: ArcSwap<KeySet>,
    remote: Option<Remote>,
}

struct Remote {
    url: Uri,
    refresh: Duration,
    fetcher: Fetcher,
    /// When a fetch was last tried. Held while one is under way, so that there is one at a time.
    tried: Mutex<Option<Instant>>,
}

struct KeySet {
    keys: Vec<Key>,
    fetched: Option<Instant>,
}

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: Arc<DecodingKey>,
}

impl KeyStore {
    pub(crate) fn new(source: &JwtKeys, fetcher: Fetcher) -> Result<KeyStore, KeysError> {
        let (keys, remote) = match source {
            JwtKeys::Secret(secret) => {
                let key = Arc::new(DecodingKey::from_secret(secret));
                (vec![Key { id: None, algorithm: Algorithm::HS256, key }], None)
            }
            JwtKeys::File(path) => {
                let unreadable = |error: std::io::Error| KeysError::Unreadable {
                    path: path.clone(),
                    reason: error.to_string(),
                };
                let text = std::fs::read(path).map_err(unreadable)?;
                let keys = read(&text).filter(|keys| !keys.is_empty());
                (keys.ok_or_else(|| KeysError::Unusable { path: path.clone() })?, None)
            }
            JwtKeys::Url { url, refresh } => {
                let remote = Remote { url: url.clone(), refresh: *refresh, fetcher, tried: Mutex::default() };
                (Vec::new(), Some(remote))
            }
        };
        Ok(KeyStore { keys: ArcSwap::from_pointee(KeySet { keys, fetched: None }), remote })
    }

    /// The keys that may have signed a token: the one it names, or, where it names none, all for its algorithm.
    pub(crate) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Arc<DecodingKey>> {
        let known = self.keys.load();
        let found = known.matching(id, algorithm);
        let Some(remote) = &self.remote else { return found };
        let is_fresh = known.fetched.is_some_and(|fetched| fetched.elapsed() < remote.refresh);
        if is_fresh && !found.is_empty() {
            return found;
        }
        self.refresh(remote).await;
        self.keys.load().matching(id, algorithm)
    }

    /// Fetches the set, unless that was tried a moment ago. A set that cannot be had leaves the old one in force.
    async fn refresh(&self, remote: &Remote) {
        let mut tried = remote.tried.lock().await;
        if tried.is_some_and(|tried| tried.elapsed() < FETCH_PAUSE) {
            return;
        }
        *tried = Some(Instant::now());
        match remote.fetcher.get(&remote.url, DOCUMENT).await {
            Ok(text) => match read(&text).filter(|keys| !keys.is_empty()) {
                Some(keys) => self.keys.store(Arc::new(KeySet { keys, fetched: *tried })),
                None => tracing::warn!(url = %remote.url, "the key set has no usable key; the old one stays"),
            },
            Err(reason) => {
                tracing::warn!(url = %remote.url, reason, "the key set cannot be fetched; the old one stays");
            }
        }
    }
}

impl KeySet {
    fn matching(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<Arc<DecodingKey>> {
        let fits = |key: &&Key| {
            key.algorithm == algorithm && (id.is_none() || key.id.is_none() || key.id.as_deref() == id)
        };
        self.keys.iter().filter(fits).map(|key| Arc::clone(&key.key)).collect()
    }
}

/// The usable keys of a JWK set. Entries of unknown kinds are left out, as RFC 7517 says.
fn read(text: &[u8]) -> Option<Vec<Key>> {
    let set = serde_json::from_slice::<Document>(text).ok()?;
    let keys = set.keys.into_iter().take(KEYS).filter_map(|entry| serde_json::from_value(entry).ok());
    Some(keys.filter_map(|jwk| usable(&jwk)).collect())
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
