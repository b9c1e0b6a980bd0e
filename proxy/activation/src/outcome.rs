//! What came of a case, for people and for programs.

use std::fmt;

use serde::Serialize;

/// What came of asking as one caller of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The case's file.
    pub case: String,
    /// Who asked.
    pub caller: String,
    /// What the case shows, in one sentence.
    pub shows: String,
    /// The route that the request is of, by its name in the policy's manifest.
    pub route: Option<String>,
    /// Where the answer is not what is expected. None: the case passes.
    pub mismatches: Vec<Mismatch>,
    /// Why the answer differs from what the backend sent, if the case fails: a line for each place. For those who may
    /// see everything in the case.
    pub reasons: Vec<String>,
}

/// A place where an answer is not what is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// What, in one line.
    pub what: String,
    /// Lines of both, those of what is expected after `-`, those of what came after `+`. Empty: `what` says it all.
    pub difference: String,
}

impl Outcome {
    /// Whether the caller got what is expected.
    pub fn passes(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl Mismatch {
    pub(crate) fn plain(what: impl Into<String>) -> Mismatch {
        Mismatch { what: what.into(), difference: String::new() }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passes() { "ok  " } else { "FAIL" };
        writeln!(formatter, "{verdict}  {}, to {}: {}", self.case, self.caller, self.shows)?;
        for mismatch in &self.mismatches {
            writeln!(formatter, "      {}", mismatch.what)?;
            for line in mismatch.difference.lines() {
                writeln!(formatter, "        {line}")?;
            }
        }
        for (index, reason) in self.reasons.iter().enumerate() {
            let label = if index == 0 { "why" } else { "   " };
            writeln!(formatter, "      {label}  {reason}")?;
        }
        Ok(())
    }
}
