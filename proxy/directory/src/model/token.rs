//! API tokens, of which a directory knows salted hashes only.
//!
//! A token is a random secret of 128 bits or more, not a password: nobody can guess it, so stretching would add
//! nothing but cost. The salt is the directory's and not the token's, because a caller's token has to be found by its
//! hash: equal tokens of two directories have different hashes, and no table made beforehand fits either. A look-up by
//! hash has no timing to learn from: whoever varies the token varies the hash at random.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// What a directory file writes before the 64 hexadecimal digits of an unsalted hash.
const PREFIX: &str = "sha256:";

/// What tokens begin with that [`Token::issue`] makes, so that they are recognised where they do not belong.
const ISSUED: &str = "cordon_";

/// The unsalted SHA-256 of a token, as people write it into files.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

/// What a directory's hashes of tokens are mixed with: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// SHA-256 over the salt and the token's digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

/// A caller's credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// By which it is known.
    pub hash: TokenHash,
    /// Login of the user who calls with it.
    pub user: Arc<str>,
    /// What people call it: what it is for, where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Token {
    /// A new token of 256 random bits for a user: the text to hand over once, and the record to keep.
    pub fn issue(user: &str, label: Option<&str>, salt: &Salt) -> (String, Token) {
        let mut secret = [0; 32];
        rand::fill(&mut secret);
        let text = format!("{ISSUED}{}", Hexadecimal(&secret));
        let hash = TokenDigest::of(&text).salted(salt);
        (text, Token { hash, user: user.into(), label: label.map(str::to_owned) })
    }
}

impl Salt {
    /// A new one.
    pub fn random() -> Salt {
        let mut salt = [0; 16];
        rand::fill(&mut salt);
        Salt(salt)
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(digits: &str) -> Option<Salt> {
        bytes(digits).map(Salt)
    }

    /// The 32 hexadecimal digits. Together with the hashes it lets guesses be tried, which is hopeless for random
    /// tokens; still it is written only where the hashes are.
    pub fn digits(&self) -> String {
        Hexadecimal(&self.0).to_string()
    }
}

impl TokenDigest {
    /// The digest of a token as a caller presents it.
    pub fn of(token: &str) -> TokenDigest {
        TokenDigest(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads `sha256:` and 64 hexadecimal digits. `None` for anything else, which may be a token itself and must not
    /// be shown.
    pub fn parse(text: &str) -> Option<TokenDigest> {
        let digest = TokenDigest(bytes(text.strip_prefix(PREFIX)?)?);
        // The hash of nothing is what a script writes whose variable is not set: it would let everybody in.
        (digest != TokenDigest::of("")).then_some(digest)
    }

    /// What a directory of this salt knows it by.
    pub fn salted(&self, salt: &Salt) -> TokenHash {
        TokenHash(Sha256::new().chain_update(salt.0).chain_update(self.0).finalize().into())
    }
}

impl TokenHash {
    /// Reads 64 hexadecimal digits.
    pub fn parse(digits: &str) -> Option<TokenHash> {
        bytes(digits).map(TokenHash)
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hexadecimal(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(…)")
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenDigest(…)")
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt(…)")
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<TokenHash, D::Error> {
        let digits = String::deserialize(deserializer)?;
        TokenHash::parse(&digits).ok_or_else(|| serde::de::Error::custom("not 64 hexadecimal digits"))
    }
}

struct Hexadecimal<'a>(&'a [u8]);

impl fmt::Display for Hexadecimal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// The bytes that twice as many hexadecimal digits write.
fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = digits.as_bytes();
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of `abc` as FIPS 180-4 gives it.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_written_hash_is_the_hash_of_its_token() {
        assert_eq!(TokenDigest::parse(ABC), Some(TokenDigest::of("abc")));
        let upper = format!("sha256:{}", ABC["sha256:".len()..].to_uppercase());
        assert_eq!(TokenDigest::parse(&upper), Some(TokenDigest::of("abc")));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "abc", &ABC[7..], &ABC[..70], &format!("{ABC}0"), &ABC.replace('b', "g"), "sha256:"]
        {
            assert_eq!(TokenDigest::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", TokenDigest::of("abc")), "TokenDigest(…)");
    }

    #[test]
    fn the_hash_of_nothing_is_no_token() {
        let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(TokenDigest::parse(nothing), None);
    }

    #[test]
    fn a_salt_makes_another_hash_of_the_same_token() {
        let token = TokenDigest::of("abc");
        let hash = token.salted(&Salt([1; 16]));
        assert_ne!(hash, token.salted(&Salt([2; 16])));
        assert_eq!(TokenHash::parse(&hash.to_string()), Some(hash));
    }

    #[test]
    fn issued_tokens_are_long_and_never_twice_the_same() {
        let salt = Salt::random();
        let (text, token) = Token::issue("olga", None, &salt);
        assert_eq!(text.len(), ISSUED.len() + 64);
        assert_eq!(token.hash, TokenDigest::of(&text).salted(&salt));
        assert_ne!(text, Token::issue("olga", None, &salt).0);
    }
}
