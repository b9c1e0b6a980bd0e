//! Public keys.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};

use super::Signature;
use crate::Bundle;

/// What stands before the point in every P-256 key: SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 5480, 2) with a point that
/// is not compressed.
const BEFORE_POINT: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Of the point, in bytes: `04`, x and y (SEC 1, 2.3.3).
const POINT: usize = 65;

/// A public key, as `cosign.pub` holds it: ECDSA over P-256. Two are equal if they are the same point.
#[derive(Clone)]
pub struct PublicKey {
    point: [u8; POINT],
    parsed: Arc<ParsedPublicKey>,
}

/// A text that is no such key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no public key {0}; expected is that of an ECDSA key pair over P-256 in PEM, as `cosign.pub`"
)]
pub struct NotAKey(pub(super) &'static str);

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// That it is another kind of file, key or curve, or no point of the curve.
    pub fn from_pem(text: &str) -> Result<PublicKey, NotAKey> {
        let pem = pem::parse(text).map_err(|_| NotAKey("in PEM"))?;
        if pem.tag() != "PUBLIC KEY" {
            return Err(NotAKey("but something else in PEM"));
        }
        let point = pem.contents().strip_prefix(&BEFORE_POINT).ok_or(NotAKey("of this kind"))?;
        PublicKey::from_point(point)
    }

    pub(super) fn from_point(point: &[u8]) -> Result<PublicKey, NotAKey> {
        let point: [u8; POINT] = point.try_into().map_err(|_| NotAKey("of this kind"))?;
        let parsed = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
        let parsed = parsed.map_err(|_| NotAKey("of P-256: no point of the curve"))?;
        Ok(PublicKey { point, parsed: Arc::new(parsed) })
    }

    /// As `cosign.pub` has it.
    pub fn to_pem(&self) -> String {
        let pem = pem::Pem::new("PUBLIC KEY", [BEFORE_POINT.as_slice(), &self.point].concat());
        pem::encode_config(&pem, super::sealed::line_feeds())
    }

    /// Whether a signature over a bundle is by this key. Nothing is concluded from that without a trust root.
    pub fn signed(&self, bundle: &Bundle, signature: &Signature) -> bool {
        self.parsed.verify_sig(bundle.bytes(), signature.as_der()).is_ok()
    }

    pub(super) fn verifies(&self, digest: &Digest, signature: &Signature) -> bool {
        self.parsed.verify_digest_sig(digest, signature.as_der()).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.point == other.point
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.point[1..9].iter().map(|byte| format!("{byte:02x}")).collect();
        write!(formatter, "PublicKey({start}…)")
    }
}
