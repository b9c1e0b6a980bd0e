//! Who may say that a bundle is in order.
//!
//! Keys and signatures are those of `cosign generate-key-pair` and `cosign sign-blob`, which `openssl` makes too: ECDSA
//! over P-256 and the SHA-256 of the archive's bytes. Nothing here is skipped: no signature, one that is cut off or one
//! too many is a refusal, as is a trust root that nothing can satisfy.

mod key;
mod refused;
mod sealed;
mod secret;
mod signatures;

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;

use crate::Bundle;
pub use key::{NotAKey, PublicKey};
pub use refused::{Reason, Refused};
pub use secret::{SecretKey, SecretKeyError};
pub use signatures::{NotSignatures, Signature, Signatures};

/// A key that may sign bundles, under the name that logs show.
#[derive(Clone, Debug)]
pub struct TrustedKey {
    /// Whose it is, for people.
    pub name: String,
    /// What signatures are checked by.
    pub public: PublicKey,
    /// From when on it counts; always, without one.
    pub not_before: Option<OffsetDateTime>,
    /// From when on it counts no more.
    pub expires: OffsetDateTime,
}

/// The trust root: keys, and how many of them must have signed.
#[derive(Clone, Debug)]
pub struct Trust {
    keys: Vec<TrustedKey>,
    threshold: usize,
}

/// What is wrong with a trust root: a mistake of whoever configured it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustMistake {
    /// Nothing could ever be activated.
    #[error("the trust root has no key")]
    NoKey,
    /// Without a signature there is no trust.
    #[error("the threshold is zero: at least one key must sign")]
    NoThreshold,
    /// More signatures are asked for than there can be.
    #[error("the threshold is {threshold}, and there are {keys} keys")]
    TooFewKeys {
        /// How many must sign.
        threshold: usize,
        /// How many could.
        keys: usize,
    },
    /// A name is nobody's alone.
    #[error("two keys are called `{name}`")]
    NameTwice {
        /// The name.
        name: String,
        /// Which key in the list, from 0: the later one.
        position: usize,
    },
    /// One person would count as two.
    #[error("`{first}` and `{second}` are one key under two names")]
    KeyTwice {
        /// The earlier one's name.
        first: String,
        /// The later one's name.
        second: String,
        /// Which key in the list, from 0: the later one.
        position: usize,
    },
    /// A key expires before it counts.
    #[error("the key `{name}` expires before it begins to count")]
    NeverValid {
        /// Its name.
        name: String,
        /// Which key in the list, from 0.
        position: usize,
    },
}

impl Trust {
    /// A trust root of these keys, `threshold` of which must have signed.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(keys: Vec<TrustedKey>, threshold: usize) -> Result<Trust, Vec<TrustMistake>> {
        let mut mistakes = Vec::new();
        if threshold == 0 {
            mistakes.push(TrustMistake::NoThreshold);
        }
        if keys.is_empty() {
            mistakes.push(TrustMistake::NoKey);
        } else if threshold > keys.len() {
            mistakes.push(TrustMistake::TooFewKeys { threshold, keys: keys.len() });
        }
        for (position, key) in keys.iter().enumerate() {
            let before = &keys[..position];
            if before.iter().any(|other| other.name == key.name) {
                mistakes.push(TrustMistake::NameTwice { name: key.name.clone(), position });
            }
            if let Some(other) = before.iter().find(|other| other.public == key.public) {
                let (first, second) = (other.name.clone(), key.name.clone());
                mistakes.push(TrustMistake::KeyTwice { first, second, position });
            }
            if key.not_before.is_some_and(|not_before| not_before >= key.expires) {
                mistakes.push(TrustMistake::NeverValid { name: key.name.clone(), position });
            }
        }
        if mistakes.is_empty() { Ok(Trust { keys, threshold }) } else { Err(mistakes) }
    }

    /// The keys, as they were configured.
    pub fn keys(&self) -> &[TrustedKey] {
        &self.keys
    }

    /// How many of them must have signed.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// How many keys count at a time: below the threshold, nothing can be activated.
    pub fn counting(&self, now: OffsetDateTime) -> usize {
        self.keys.iter().filter(|key| key.standing(now) == Standing::Counts).count()
    }

    /// The names of the keys that signed the bundle, in the order of the trust root. Keys are counted, not signatures:
    /// anybody can make a second signature out of a first.
    ///
    /// # Errors
    /// That fewer keys than the threshold signed, and what became of each signature.
    pub fn verify(
        &self,
        bundle: &Bundle,
        signatures: &Signatures,
        now: OffsetDateTime,
    ) -> Result<Vec<String>, Refused> {
        let digest = digest(&SHA256, bundle.bytes());
        let mut reasons = Vec::new();
        let mut signed = HashMap::new();
        if signatures.is_empty() {
            reasons.push(Reason::NoSignature);
        }
        for (position, signature) in signatures.iter().enumerate() {
            let number = position + 1;
            let by = self.keys.iter().enumerate().find(|(_, key)| key.public.verifies(&digest, signature));
            let Some((place, key)) = by else {
                reasons.push(Reason::NoKeyFits { number });
                continue;
            };
            let name = key.name.clone();
            match key.standing(now) {
                Standing::Expired => reasons.push(Reason::Expired { number, name, at: key.expires }),
                Standing::NotYet(from) => reasons.push(Reason::NotYet { number, name, from }),
                Standing::Counts => {
                    if signed.insert(place, number).is_some() {
                        reasons.push(Reason::SameKey { number, name });
                    }
                }
            }
        }
        let names = self.keys.iter().enumerate().filter(|(place, _)| signed.contains_key(place));
        let names: Vec<String> = names.map(|(_, key)| key.name.clone()).collect();
        if names.len() >= self.threshold {
            Ok(names)
        } else {
            Err(Refused { threshold: self.threshold, signed: names, reasons })
        }
    }
}

#[derive(PartialEq, Eq)]
enum Standing {
    Counts,
    NotYet(OffsetDateTime),
    Expired,
}

impl TrustedKey {
    fn standing(&self, now: OffsetDateTime) -> Standing {
        match self.not_before {
            _ if now >= self.expires => Standing::Expired,
            Some(from) if now < from => Standing::NotYet(from),
            _ => Standing::Counts,
        }
    }
}
