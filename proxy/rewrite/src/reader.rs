//! The seam between the editor and the formats.

use std::fmt::Debug;

use bytes::Bytes;

use crate::error::EditError;
use crate::judge::Judge;
use crate::pieces::Pieces;
use crate::report::Report;

/// Edits a body of one format. It is never used again after an error.
pub(crate) trait Reader: Debug + Send {
    /// Takes the next bytes of the body, at least one, and appends what is settled to `out`, before an error too.
    fn read(&mut self, chunk: Bytes, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError>;

    /// Takes the end of the body and appends the rest to `out`.
    fn finish(&mut self, judge: &mut dyn Judge, out: &mut Pieces) -> Result<(), EditError>;

    /// What was done so far.
    fn report(&self) -> &Report;
}
