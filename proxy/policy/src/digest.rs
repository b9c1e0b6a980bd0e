//! What a policy is addressed by.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 over what a policy is made of: two policies with one digest decide alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The lengths stand before the contents, so that no byte can move from one part to the other unnoticed.
    pub(crate) fn of(component: &[u8], rules: &str) -> Digest {
        let mut hasher = Sha256::new();
        hasher.update(b"cordon policy 1\0");
        for part in [component, rules.as_bytes()] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Digest(hasher.finalize().into())
    }
}

impl From<[u8; 32]> for Digest {
    /// The digest that a bundle is addressed by.
    fn from(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_parts_apart() {
        assert_ne!(Digest::of(b"ab", "c"), Digest::of(b"a", "bc"));
        assert_eq!(Digest::of(b"ab", "c"), Digest::of(b"ab", "c"));
        assert_eq!(Digest::of(b"ab", "c").to_string().len(), 64);
    }
}
