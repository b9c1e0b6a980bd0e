//! The seam between the editor and whoever decides: batches of record keys out, verdicts in.

use std::error::Error;

use crate::batch::Batch;

/// What a key found in a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// The record has no such place.
    Absent,
    /// A scalar.
    One(Scalar<'a>),
    /// An array of nothing but scalars.
    Many(Vec<Scalar<'a>>),
    /// An object, or an array that holds objects or arrays.
    Composite,
}

/// A JSON scalar as the judge sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// The number's text as the body has it (H24).
    Number(&'a str),
    /// The string after unescaping.
    Text(&'a str),
}

/// A scalar that takes a masked value's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedScalar {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// The text of a JSON number. The editor refuses one that is not.
    Number(String),
    /// A string before escaping.
    Text(String),
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of it is left.
    Drop,
    /// Kept, edited by this profile of its set.
    Keep(u32),
    /// Kept: what any of these profiles lets through, passes. Not empty.
    KeepMerged(Vec<u32>),
}

/// Decides on records. Called from within [`crate::Editor::feed`], on the thread that feeds.
pub trait Judge {
    /// Judges a batch of records of one set, appending a verdict for each, in order.
    ///
    /// # Errors
    /// Whatever stands in the way; the editor stops with [`crate::EditErrorKind::Judge`].
    fn judge(&mut self, set: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError>;

    /// Masks values by a mask of the policy's own making, appending a scalar for each, in order.
    ///
    /// # Errors
    /// As [`Judge::judge`].
    fn mask(
        &mut self,
        mask: u32,
        values: &[Value<'_>],
        scalars: &mut Vec<OwnedScalar>,
    ) -> Result<(), JudgeError>;
}

/// Why a judge has no answer.
pub type JudgeError = Box<dyn Error + Send + Sync>;
