//! The editor itself.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::judge::Judge;
use crate::limits::Options;
use crate::pieces::Pieces;
use crate::plan::Plan;
use crate::report::Report;

/// Edits one body.
#[derive(Debug)]
pub struct Editor {
    #[expect(dead_code, reason = "the walk is being written")]
    plan: Arc<Plan>,
    #[expect(dead_code, reason = "the walk is being written")]
    options: Options,
    report: Report,
}

impl Editor {
    /// An editor at the beginning of a body.
    #[must_use]
    pub fn new(plan: Arc<Plan>, options: Options) -> Editor {
        let report = Report::new(plan.spec().sets.len());
        Editor {
            plan,
            options,
            report,
        }
    }

    /// Takes the next bytes of the body and appends what is settled.
    ///
    /// # Errors
    /// See [`EditErrorKind`]. The editor is poisoned from then on.
    pub fn feed(
        &mut self,
        _chunk: Bytes,
        _judge: &mut dyn Judge,
        _out: &mut Pieces,
    ) -> Result<(), EditError> {
        Err(EditError {
            offset: 0,
            kind: EditErrorKind::Poisoned,
        })
    }

    /// Says that the body is complete.
    ///
    /// # Errors
    /// As [`Editor::feed`].
    pub fn finish(&mut self, _judge: &mut dyn Judge, _out: &mut Pieces) -> Result<(), EditError> {
        Err(EditError {
            offset: 0,
            kind: EditErrorKind::Poisoned,
        })
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}
