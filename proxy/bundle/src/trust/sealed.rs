//! The file in which `cosign` keeps a private key: PEM around JSON around a box that a password opens.
//!
//! The password becomes a key by scrypt (RFC 7914), the box is `crypto_secretbox` of NaCl, and in it is PKCS #8.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead as _;
use crypto_secretbox::{KeyInit as _, XSalsa20Poly1305};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::SecretKeyError;

/// What `cosign` writes since 2023, and what it wrote before.
const TAGS: [&str; 2] = ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"];

/// The work that `cosign` makes of a guess, as a power of two; 64 MiB each.
const LOG_COST: u8 = 16;

/// What may be asked of us: somebody else's file is not to take all memory. 1 GiB.
const HIGHEST_LOG_COST: u8 = 20;

const SALT: usize = 32;
const NONCE: usize = 24;

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    cost: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// Opens the box.
pub(super) fn open(text: &str, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, SecretKeyError> {
    let pem = pem::parse(text).map_err(|_| SecretKeyError::NotAFile)?;
    if !TAGS.contains(&pem.tag()) {
        return Err(SecretKeyError::NotAFile);
    }
    let sealed: Sealed = serde_json::from_slice(pem.contents()).map_err(|_| SecretKeyError::NotAFile)?;
    if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
        return Err(SecretKeyError::Unknown);
    }
    let params = sealed.kdf.params.checked()?;
    let decoded = |text: &str| STANDARD.decode(text).map_err(|_| SecretKeyError::NotAFile);
    let salt = decoded(&sealed.kdf.salt)?;
    let nonce: [u8; NONCE] =
        decoded(&sealed.cipher.nonce)?.try_into().map_err(|_| SecretKeyError::NotAFile)?;
    let contents = decoded(&sealed.ciphertext)?;
    let opened = secret_box(password, &salt, &params)?.decrypt(&nonce.into(), contents.as_slice());
    opened.map(Zeroizing::new).map_err(|_| SecretKeyError::WrongPassword)
}

/// Puts a key into a new box.
pub(super) fn seal(key: &[u8], password: &[u8]) -> Result<String, SecretKeyError> {
    let mut salt = [0; SALT];
    let mut nonce = [0; NONCE];
    rand::fill(&mut salt).map_err(|_| SecretKeyError::Crypto)?;
    rand::fill(&mut nonce).map_err(|_| SecretKeyError::Crypto)?;
    let params = Params { cost: 1 << LOG_COST, r: 8, p: 1 };
    let contents = secret_box(password, &salt, &params.checked()?)?.encrypt(&nonce.into(), key);
    let sealed = Sealed {
        kdf: Kdf { name: "scrypt".to_owned(), params, salt: STANDARD.encode(salt) },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(contents.map_err(|_| SecretKeyError::Crypto)?),
    };
    let json = serde_json::to_vec(&sealed).map_err(|_| SecretKeyError::Crypto)?;
    Ok(pem::encode_config(&pem::Pem::new(TAGS[0], json), line_feeds()))
}

/// Lines end as those of `cosign` and `openssl` do.
pub(super) fn line_feeds() -> pem::EncodeConfig {
    pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF)
}

impl Params {
    fn checked(&self) -> Result<scrypt::Params, SecretKeyError> {
        let highest = 1 << HIGHEST_LOG_COST;
        if !self.cost.is_power_of_two() || self.cost > highest || self.r != 8 || self.p != 1 {
            return Err(SecretKeyError::Unknown);
        }
        let log_cost = u8::try_from(self.cost.trailing_zeros()).map_err(|_| SecretKeyError::Unknown)?;
        scrypt::Params::new(log_cost, self.r, self.p).map_err(|_| SecretKeyError::Unknown)
    }
}

fn secret_box(
    password: &[u8],
    salt: &[u8],
    params: &scrypt::Params,
) -> Result<XSalsa20Poly1305, SecretKeyError> {
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(password, salt, params, key.as_mut()).map_err(|_| SecretKeyError::Crypto)?;
    Ok(XSalsa20Poly1305::new((&*key).into()))
}
