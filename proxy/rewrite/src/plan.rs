//! A plan, compiled.

use crate::error::PlanError;
use crate::spec::{BodyPlan, Format};

/// A compiled plan: immutable, and shared by the editors of many bodies.
#[derive(Debug)]
pub struct Plan {
    spec: BodyPlan,
}

impl Plan {
    /// Checks and compiles a plan.
    ///
    /// # Errors
    /// A path that does not stream, a plan that contradicts itself, or a format that is not built in.
    pub fn compile(spec: BodyPlan) -> Result<Plan, PlanError> {
        if spec.format != Format::Json {
            return Err(PlanError::Format(spec.format));
        }
        Ok(Plan { spec })
    }

    /// What the plan was compiled from.
    #[must_use]
    pub fn spec(&self) -> &BodyPlan {
        &self.spec
    }

    /// Whether the response is about one record, without which it is the answer for a missing one (H36).
    #[must_use]
    pub fn has_sole_set(&self) -> bool {
        self.spec.sets.iter().any(|set| set.sole)
    }
}
