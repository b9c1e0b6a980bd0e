//! What can go wrong, with the byte offset and with whose fault it is.

use crate::judge::JudgeError;

/// Why a plan cannot be compiled. Always the policy's fault.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A path is not of the subset that streams.
    #[error("path `{path}`: {reason}")]
    Path {
        /// The path as the plan has it.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The plan contradicts itself or exceeds a limit.
    #[error("{0}")]
    Invalid(String),
}

/// Why a body could not be edited. The editor is poisoned from then on.
#[derive(Debug, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct EditError {
    /// Bytes of the body before the one that was refused.
    pub offset: u64,
    /// What it was.
    #[source]
    pub kind: EditErrorKind,
}

/// The causes. Texts hold no part of the body.
#[derive(Debug, thiserror::Error)]
pub enum EditErrorKind {
    /// The body is not what its format says (backend).
    #[error("malformed body: {0}")]
    Malformed(&'static str),
    /// A member name stands twice in an object that the plan looks at (backend, H22).
    #[error("duplicate member name")]
    DuplicateName,
    /// A limit is exceeded (backend).
    #[error("{0} exceeds the limit")]
    Limit(Limit),
    /// The judge failed (policy).
    #[error("no verdict")]
    Judge(#[source] JudgeError),
    /// The judge's answer does not fit the question (policy).
    #[error("bad verdict: {0}")]
    Verdict(&'static str),
    /// The editor had failed before.
    #[error("editor used after an error")]
    Poisoned,
}

/// What is limited (H26).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Nesting depth.
    Depth,
    /// Bytes of a member name.
    Name,
    /// Bytes of a string.
    String,
    /// Bytes of a number.
    Number,
    /// Bytes of a record, which is held until it is judged.
    Record,
    /// Bytes held back for a total or a sole record.
    Held,
    /// Member names remembered to find duplicates.
    Members,
    /// Bytes that masks make, for those read.
    Expansion,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Limit::Depth => "nesting depth",
            Limit::Name => "member name length",
            Limit::String => "string length",
            Limit::Number => "number length",
            Limit::Record => "record size",
            Limit::Held => "bytes held back",
            Limit::Members => "number of member names to remember",
            Limit::Expansion => "output of masks",
        })
    }
}
