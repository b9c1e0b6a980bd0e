//! The streaming editor: takes a body as it arrives and a [`Plan`], and hands on what the plan lets through.
//!
//! Feed bytes, get pieces: [`Editor::feed`] takes a chunk of any size and appends what is settled to [`Pieces`];
//! [`Editor::finish`] says that the body is complete. Records are judged in batches through [`Judge`]. Whatever no
//! edit and no record set of the plan names is removed and counted. After an error the editor is poisoned: nothing
//! more comes out of it, since what it would write could be taken for the whole.
//!
//! This crate knows no I/O, no HTTP and no Wasm.

mod batch;
mod compare;
mod csv;
mod editor;
mod error;
mod hold;
mod json;
mod judge;
mod judging;
mod limits;
mod mask;
mod names;
mod outlet;
mod pattern;
mod pieces;
mod place;
mod plan;
mod pool;
mod reader;
mod report;
mod scan;
mod spec;
mod sse;
mod tree;
mod xml;

pub use batch::Batch;
pub use compare::Changes;
pub use editor::Editor;
pub use error::{EditError, EditErrorKind, Limit, PlanError};
pub use json::Document;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use json::compare_index;
pub use judge::{Judge, JudgeError, OwnedScalar, Scalar, Value, Verdict};
pub use limits::{Limits, Options};
pub use pieces::Pieces;
pub use place::push_member;
pub use plan::Plan;
pub use report::{Difference, DifferenceKind, PathCounts, Report, SetCount};
pub use spec::{
    Action, BodyPlan, Columns, Csv, Edit, Entries, Format, Key, Mask, Masked, Names, Pattern, RecordSet,
};

/// A place in a list or buffer: those of records and plans are far below the limit.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
