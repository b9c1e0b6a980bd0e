//! API tokens, of which a directory knows the hashes only.
//!
//! A token is a random secret of 128 bits or more, not a password: nobody can guess it, so a plain SHA-256 tells
//! nothing of it, and salt and stretching would add nothing but cost. That is why the hash can be the key of a hash
//! map. A look-up by hash has no timing to learn from either: whoever varies the token varies the hash at random.

use std::fmt;

use sha2::{Digest, Sha256};

/// What a directory file writes before the 64 hexadecimal digits.
const PREFIX: &str = "sha256:";

/// The SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token as a caller presents it.
    pub(crate) fn of(token: &str) -> TokenHash {
        TokenHash(Sha256::digest(token.as_bytes()).into())
    }

    /// Reads `sha256:` and 64 hexadecimal digits. `None` for anything else, which may be a token itself and must not
    /// be shown.
    pub(crate) fn parse(text: &str) -> Option<TokenHash> {
        let digits = text.strip_prefix(PREFIX)?.as_bytes();
        let mut hash = [0; 32];
        if digits.len() != 2 * hash.len() {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        let hash = TokenHash(hash);
        // The hash of nothing is what a script writes whose variable is not set: it would let everybody in.
        (hash != TokenHash::of("")).then_some(hash)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash(…)")
    }
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
        assert_eq!(TokenHash::parse(ABC), Some(TokenHash::of("abc")));
        let upper = format!("sha256:{}", ABC["sha256:".len()..].to_uppercase());
        assert_eq!(TokenHash::parse(&upper), Some(TokenHash::of("abc")));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "abc", &ABC[7..], &ABC[..70], &format!("{ABC}0"), &ABC.replace('b', "g"), "sha256:"]
        {
            assert_eq!(TokenHash::parse(text), None, "{text}");
        }
        assert_eq!(format!("{:?}", TokenHash::of("abc")), "TokenHash(…)");
    }

    #[test]
    fn the_hash_of_nothing_is_no_token() {
        let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(TokenHash::parse(nothing), None);
    }
}
