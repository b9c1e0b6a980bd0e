//! Why callers cannot be identified at all, and why one of them is not.

use std::path::PathBuf;

/// Why the configuration of identities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
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
    /// Nothing can be discovered from the issuer's name.
    #[error(
        "the issuer of JSON web tokens is no http or https address without a query, so that its keys cannot be discovered; name them by `jwks`"
    )]
    Issuer,
    /// The realm cannot stand in a header.
    #[error(
        "the realm has other characters in it than visible ones, spaces among them, or a quotation mark or a backslash"
    )]
    Realm,
    /// The path at which the backend is asked is none.
    #[error("the backend cannot be asked who is calling: {0}")]
    Path(String),
    /// The client credential of an introspection endpoint cannot be sent.
    #[error("the client credential of the introspection endpoint cannot stand in a header")]
    Client,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Why a credential names nobody. The texts are for the log and name no part of a credential (H42).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is wrong, or somebody who knows says so.
    Refused(&'static str),
    /// Whoever knows could not be asked: it may be right.
    Unavailable(&'static str),
}
