//! What goes wrong when a policy is called.

use std::fmt;

/// Why a policy gave no answer that can be used. The exchange is refused, and nothing is kept in a cache.
///
/// No text here holds a value of a record or a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The sandbox trapped: a panic, a stack that ran over, an index out of bounds.
    #[error("policy fault: {call} trapped: {reason}; correct the policy")]
    Trap {
        /// What was called.
        call: Call,
        /// The kind of trap.
        reason: String,
    },
    /// The call took longer than a call may.
    #[error("policy fault: {call} exceeded its time limit; correct the policy or raise the limit")]
    TimeOut {
        /// What was called.
        call: Call,
    },
    /// The sandbox wanted more memory than a sandbox may have.
    #[error("policy fault: {call} exceeded its memory limit; correct the policy or raise the limit")]
    OutOfMemory {
        /// What was called.
        call: Call,
    },
    /// There was an answer, but not one that the contract allows.
    #[error("policy fault: bad answer of {call}: {reason}; correct the policy")]
    BadAnswer {
        /// What was called.
        call: Call,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The policy itself said that it has no answer.
    #[error("policy fault: {call} has no answer: {reason}; correct the policy or its rules")]
    NoAnswer {
        /// What was called.
        call: Call,
        /// The policy's reason, cut to 1 KiB and freed of control characters.
        reason: String,
    },
    /// The policy asks for something that this version cannot do, or that the operator forbids.
    #[error("policy fault: {0}")]
    Unsupported(String),
    /// The call has failed so often that it is not made for a while.
    #[error(
        "policy fault: {call} has failed again and again, and is tried again after a pause; correct the policy"
    )]
    Broken {
        /// What was to be called.
        call: Call,
    },
    /// A kept answer turned out not to be the one that a fresh sandbox gives. Nothing of the policy is kept any more.
    #[error(
        "a kept answer of {call} is not what the policy answers when asked again; its answers are kept no more"
    )]
    Impure {
        /// What was called.
        call: Call,
    },
    /// Every sandbox is in use. Not the policy's fault, but ours: the request may be tried again later.
    #[error("no sandbox is free for {call}; raise the number of sandboxes")]
    Busy {
        /// What was to be called.
        call: Call,
    },
}

/// A function of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Reading the rules.
    Configure,
    /// Deciding on a request.
    Authorize,
    /// Planning an exchange.
    Plan,
    /// Judging records.
    Judge,
    /// Masking values.
    Mask,
}

impl Failure {
    /// Whether the policy did something that it must not do, so that doing it again and again is a reason to stop.
    pub(crate) fn is_fault(&self) -> bool {
        match self {
            Failure::Trap { .. }
            | Failure::TimeOut { .. }
            | Failure::OutOfMemory { .. }
            | Failure::BadAnswer { .. } => true,
            Failure::NoAnswer { .. }
            | Failure::Unsupported(_)
            | Failure::Broken { .. }
            | Failure::Impure { .. }
            | Failure::Busy { .. } => false,
        }
    }

    pub(crate) fn bad_answer(call: Call, reason: impl Into<String>) -> Failure {
        Failure::BadAnswer { call, reason: reason.into() }
    }
}

impl Call {
    /// The function's name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Call::Configure => "configure",
            Call::Authorize => "authorize",
            Call::Plan => "plan",
            Call::Judge => "judge",
            Call::Mask => "mask",
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name())
    }
}

/// A policy's text as it may stand in a log: one line, at most 1 KiB.
pub(crate) fn for_log(text: &str) -> String {
    let mut kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(1024).collect();
    kept.truncate(kept.floor_char_boundary(1024));
    kept
}
