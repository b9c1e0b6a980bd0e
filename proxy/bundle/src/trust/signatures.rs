//! Signatures as they are delivered with a bundle.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How many signatures a bundle may have. Each is tried with each key: somebody else's file is not to keep us busy.
const MOST: usize = 32;

/// Of a signature in DER, in bytes: two integers of 33 bytes, and what frames them.
const LARGEST: usize = 72;

/// A signature: ECDSA in DER (RFC 3279, 2.2.3).
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    der: Vec<u8>,
}

/// The signatures of a bundle, from one file with a signature a line, each as `cosign sign-blob` prints it: Base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    all: Vec<Signature>,
}

/// A text that holds something else than signatures. It is refused as a whole: what is cut off may be anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignatures {
    /// A line is no signature, or only a part of one.
    #[error(
        "line {line} of the signatures is none: Base64 of ECDSA in DER is expected, as `cosign sign-blob` prints it"
    )]
    Line {
        /// From 1.
        line: usize,
    },
    /// There are more than are looked at.
    #[error("there are more than {MOST} signatures")]
    TooMany,
}

impl Signatures {
    /// Of a bundle that came without any. It is refused wherever there is a trust root.
    pub fn none() -> Signatures {
        Signatures::default()
    }

    /// Reads a file of signatures. Empty lines say nothing.
    ///
    /// # Errors
    /// The first line that is no signature, or that there are too many.
    pub fn parse(text: &str) -> Result<Signatures, NotSignatures> {
        let mut all = Vec::new();
        for (position, line) in text.lines().enumerate() {
            let line = line.trim_matches([' ', '\t', '\r']);
            if line.is_empty() {
                continue;
            }
            if all.len() == MOST {
                return Err(NotSignatures::TooMany);
            }
            all.push(Signature::read(line).ok_or(NotSignatures::Line { line: position + 1 })?);
        }
        Ok(Signatures { all })
    }

    /// Adds one, unless there are too many already.
    ///
    /// # Errors
    /// That there are too many.
    pub fn push(&mut self, signature: Signature) -> Result<(), NotSignatures> {
        if self.all.len() >= MOST {
            return Err(NotSignatures::TooMany);
        }
        self.all.push(signature);
        Ok(())
    }

    /// In the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.all.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }
}

impl fmt::Display for Signatures {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all.iter().try_for_each(|signature| writeln!(formatter, "{signature}"))
    }
}

impl Signature {
    pub(super) fn from_der(der: &[u8]) -> Signature {
        Signature { der: der.to_vec() }
    }

    pub(super) fn as_der(&self) -> &[u8] {
        &self.der
    }

    fn read(line: &str) -> Option<Signature> {
        if line.len() > LARGEST.div_ceil(3) * 4 {
            return None;
        }
        let der = STANDARD.decode(line).ok()?;
        let contents = sequence(&der)?;
        let rest = integer(contents)?;
        let rest = integer(rest)?;
        rest.is_empty().then_some(Signature { der })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&STANDARD.encode(&self.der))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({self})")
    }
}

/// The contents of a sequence that is all there is. All lengths here are below 128, one byte each.
fn sequence(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x30, length, contents @ ..] if usize::from(*length) == contents.len() && *length < 0x80 => {
            Some(contents)
        }
        _ => None,
    }
}

/// What follows an integer.
fn integer(der: &[u8]) -> Option<&[u8]> {
    match der {
        [0x02, length @ 1..=33, rest @ ..] => rest.get(usize::from(*length)..),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two integers of one byte: well formed, and nobody's.
    const SHAPE: &str = "MAYCAQECAQE=";

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let text = format!("{SHAPE}\n{SHAPE}\n");
        let signatures = Signatures::parse(&text).expect("two signatures");
        assert_eq!(signatures.len(), 2);
        assert_eq!(signatures.to_string(), text);
        assert_eq!(Signatures::parse(&format!("\n  {SHAPE}\r\n\n{SHAPE}")), Ok(signatures));
        assert_eq!(Signatures::parse(" \n\n"), Ok(Signatures::none()));
    }

    #[test]
    fn a_line_that_is_cut_off_or_garbled_refuses_the_file() {
        for length in 1..SHAPE.len() {
            let text = format!("{SHAPE}\n{}\n", &SHAPE[..length]);
            assert_eq!(Signatures::parse(&text), Err(NotSignatures::Line { line: 2 }), "{text}");
        }
        let long = STANDARD.encode([0x30; 100]);
        for wrong in ["MAYCAQECAQE", "MAYCAQECAgE=", "AAYCAQECAQE=", "MAcCAQECAQEA", "{}", "ä", long.as_str()]
        {
            assert_eq!(Signatures::parse(wrong), Err(NotSignatures::Line { line: 1 }), "{wrong}");
        }
    }

    #[test]
    fn there_are_not_many() {
        let text = format!("{SHAPE}\n").repeat(MOST);
        let mut most = Signatures::parse(&text).expect("as many as there may be");
        assert_eq!(Signatures::parse(&(text + SHAPE)), Err(NotSignatures::TooMany));
        assert_eq!(most.push(Signature::from_der(&[])), Err(NotSignatures::TooMany));
    }
}
