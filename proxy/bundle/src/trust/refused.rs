//! Why a bundle is not trusted.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Too few of the trusted keys signed. The fault is that of whoever delivered the bundle, or of an attacker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How many keys must have signed.
    pub threshold: usize,
    /// Those that did.
    pub signed: Vec<String>,
    /// What became of the other signatures.
    pub reasons: Vec<Reason>,
}

/// Why a signature does not count. Signatures are numbered from 1, as the lines of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is none at all.
    NoSignature,
    /// It is not one over this bundle by a trusted key: another bundle's, another key's, or damaged.
    NoKeyFits {
        /// Which signature.
        number: usize,
    },
    /// The key that made it counts no more.
    Expired {
        /// Which signature.
        number: usize,
        /// The key's name.
        name: String,
        /// Since when.
        at: OffsetDateTime,
    },
    /// The key that made it does not count yet.
    NotYet {
        /// Which signature.
        number: usize,
        /// The key's name.
        name: String,
        /// From when on.
        from: OffsetDateTime,
    },
    /// Its key has signed already.
    SameKey {
        /// Which signature.
        number: usize,
        /// The key's name.
        name: String,
    },
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refused { threshold, signed, reasons } = self;
        write!(
            formatter,
            "the bundle is signed by {} of {threshold} trusted keys that are needed",
            signed.len()
        )?;
        if !signed.is_empty() {
            write!(formatter, " ({})", signed.join(", "))?;
        }
        for (position, reason) in reasons.iter().enumerate() {
            formatter.write_str(if position == 0 { ": " } else { "; " })?;
            fmt::Display::fmt(reason, formatter)?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NoSignature => formatter.write_str("it came without a signature"),
            Reason::NoKeyFits { number } => {
                write!(formatter, "signature {number} is by no trusted key, or over other bytes")
            }
            Reason::Expired { number, name, at } => {
                write!(formatter, "signature {number} is by `{name}`, whose key expired at {}", shown(*at))
            }
            Reason::NotYet { number, name, from } => {
                write!(formatter, "signature {number} is by `{name}`, whose key counts from {}", shown(*from))
            }
            Reason::SameKey { number, name } => {
                write!(formatter, "signature {number} is by `{name}` again")
            }
        }
    }
}

fn shown(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}
