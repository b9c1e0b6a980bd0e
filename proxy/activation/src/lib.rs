//! What must hold before a policy becomes active: its cases, its admission, and what it would reveal.
//!
//! A bundle's cases are data (`CASES.md`): a caller, a request, what the backend answers, and what the caller must get.
//! They run through the gateway as it is in production, before a backend in memory: nothing of them touches the
//! directory or the backend of the deployment.

mod admit;
mod case;
mod compare;
mod cover;
mod outcome;
mod plans;
mod read;
mod reason;
mod refused;
mod reveal;
mod run;
mod set;
mod stand_in;
mod tree;

pub use admit::{Admitted, admit, untested};
pub use case::Case;
pub use cover::{Governed, missing};
pub use outcome::{Mismatch, Outcome};
pub use plans::{PlanFault, plan_faults};
pub use reason::reason;
pub use refused::{Reason, Refused};
pub use reveal::{RevealedPlace, Revealing, reveal};
pub use run::{RunOptions, run};
pub use set::{CaseFile, CaseMistakes, CaseSet};
