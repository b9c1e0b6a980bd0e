//! Private keys, for those who sign.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::{PublicKey, Signature, sealed};
use crate::Bundle;

/// A private key, as `cosign.key` holds it once its password opened it. It is never shown.
pub struct SecretKey {
    pair: EcdsaKeyPair,
}

/// Why a private key cannot be had. Neither the key nor the password is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretKeyError {
    /// It is something else than the file that `cosign generate-key-pair` makes.
    #[error("this is no private key as `cosign generate-key-pair` writes it to `cosign.key`")]
    NotAFile,
    /// It asks for what this version does not know, or for more work than is sensible.
    #[error(
        "the private key is kept in a way that is not known here: scrypt (N up to 2^20, r 8, p 1) and nacl/secretbox are"
    )]
    Unknown,
    /// The password does not open it, or it is damaged.
    #[error("the password does not open the private key, or the file is damaged")]
    WrongPassword,
    /// It opened, and there is another kind of key in it.
    #[error("the private key is not one of ECDSA over P-256")]
    WrongKind,
    /// The cryptography failed: no randomness, no memory.
    #[error("the cryptography of this machine failed")]
    Crypto,
}

impl SecretKey {
    /// A new key.
    ///
    /// # Errors
    /// That there is no randomness.
    pub fn generate() -> Result<SecretKey, SecretKeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Ok(SecretKey { pair: pair.map_err(|_| SecretKeyError::Crypto)? })
    }

    /// Opens the text of a `cosign.key`.
    ///
    /// # Errors
    /// That it is none, or that the password is another.
    pub fn open(text: &str, password: &[u8]) -> Result<SecretKey, SecretKeyError> {
        let opened = sealed::open(text, password)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &opened);
        Ok(SecretKey { pair: pair.map_err(|_| SecretKeyError::WrongKind)? })
    }

    /// The text of a `cosign.key` that this password opens.
    ///
    /// # Errors
    /// That there is no randomness.
    pub fn seal(&self, password: &[u8]) -> Result<String, SecretKeyError> {
        let document = self.pair.to_pkcs8v1().map_err(|_| SecretKeyError::Crypto)?;
        sealed::seal(document.as_ref(), password)
    }

    /// The key that signatures by this one are checked with.
    ///
    /// # Errors
    /// None that can be thought of: a pair has a point.
    pub fn public(&self) -> Result<PublicKey, SecretKeyError> {
        PublicKey::from_point(self.pair.public_key().as_ref()).map_err(|_| SecretKeyError::WrongKind)
    }

    /// Signs a bundle.
    ///
    /// # Errors
    /// That there is no randomness.
    pub fn sign(&self, bundle: &Bundle) -> Result<Signature, SecretKeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), bundle.bytes());
        Ok(Signature::from_der(signature.map_err(|_| SecretKeyError::Crypto)?.as_ref()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}
