//! The streaming editor: takes a body as it arrives and a [`Plan`], and hands on what the plan lets through.
//!
//! Feed bytes, get pieces: [`Editor::feed`] takes a chunk of any size and appends what is settled to [`Pieces`];
//! [`Editor::finish`] says that the body is complete. Records are judged in batches through [`Judge`]. Whatever no
//! edit and no record set of the plan names is removed and counted. After an error the editor is poisoned: nothing
//! more comes out of it, since what it would write could be taken for the whole.
//!
//! This crate knows no I/O, no HTTP and no Wasm.

mod automaton;
mod batch;
mod capture;
mod check;
mod determine;
mod editor;
mod error;
mod flush;
mod hold;
mod judge;
mod judging;
mod keys;
mod lexer;
mod limits;
mod lists;
mod mask;
mod names;
mod opening;
mod outlet;
mod path;
mod pieces;
mod place;
mod plan;
mod product;
mod record;
mod region;
mod report;
mod scan;
mod spec;
mod tape;
mod walk;

pub use batch::Batch;
pub use editor::Editor;
pub use error::{EditError, EditErrorKind, Limit, PlanError};
pub use judge::{Judge, JudgeError, OwnedScalar, Scalar, Value, Verdict};
pub use limits::{Limits, Options};
pub use pieces::Pieces;
pub use place::push_member;
pub use plan::Plan;
pub use report::{Difference, DifferenceKind, PathCounts, Report, SetCount};
pub use spec::{Action, BodyPlan, Edit, Entries, Format, Key, Mask, Masked, Names, RecordSet};
