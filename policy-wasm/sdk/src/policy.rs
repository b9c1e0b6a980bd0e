//! What a policy is, apart from how it is exported.

use crate::Directory;
use crate::types::{
    Decision, ExchangePlan, JudgeError, Manifest, MaskError, PlanError, Problem, Request, Scalar, Scope,
    Value, Verdict,
};

/// A policy: the state that its rules leave, and pure functions over it.
///
/// The host keeps answers and gives them again, so a function must depend on nothing but its arguments and the
/// directory.
pub trait Policy: Sized + Send + Sync + 'static {
    /// Reads the rules. What stands in `Self` afterwards is in the memory that every sandbox starts from, so this is
    /// the place for work that the other functions would have to repeat.
    ///
    /// # Errors
    /// Every mistake in the rules at once.
    fn configure(rules: &str) -> Result<Self, Vec<Problem>>;

    /// What the policy is and which requests it governs.
    fn manifest(&self) -> Manifest;

    /// Decides on a request before the backend sees it.
    fn authorize(&self, directory: &dyn Directory, scope: &Scope, request: &Request) -> Decision;

    /// Says what may be in the bodies of an exchange on this route for this scope.
    ///
    /// # Errors
    /// The route does not exist, or cannot be planned.
    fn plan(&self, directory: &dyn Directory, scope: &Scope, route: &str) -> Result<ExchangePlan, PlanError>;

    /// Judges a batch of records of one set: a verdict for each, in order.
    ///
    /// # Errors
    /// The question does not fit the plan.
    fn judge(
        &self,
        directory: &dyn Directory,
        scope: &Scope,
        route: &str,
        set: u32,
        records: &[Vec<Value>],
    ) -> Result<Vec<Verdict>, JudgeError>;

    /// Masks values by a mask of the policy's own making. A policy without such masks leaves this as it is.
    ///
    /// # Errors
    /// There is no such mask.
    fn mask(
        &self,
        directory: &dyn Directory,
        scope: &Scope,
        route: &str,
        mask: u32,
        values: &[Value],
    ) -> Result<Vec<Scalar>, MaskError> {
        let _ = (directory, scope, route, mask, values);
        Err(MaskError::UnknownMask)
    }
}
