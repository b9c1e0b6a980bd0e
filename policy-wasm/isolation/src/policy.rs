//! The pure functions under the names of the contract.

use cordon_policy_sdk::types::{
    Decision, ExchangePlan, JudgeError, Manifest, PlanError, Problem, Request, Scope, Value, Verdict,
};
use cordon_policy_sdk::{Directory, Policy};

use crate::Rules;

/// The default policy, with its rules.
#[derive(Clone, Debug)]
pub struct Isolation {
    rules: Rules,
}

impl Policy for Isolation {
    fn configure(rules: &str) -> Result<Isolation, Vec<Problem>> {
        Ok(Isolation { rules: Rules::read(rules)? })
    }

    fn manifest(&self) -> Manifest {
        self.rules.manifest().clone()
    }

    fn authorize(&self, _directory: &dyn Directory, scope: &Scope, request: &Request) -> Decision {
        crate::authorize(&self.rules, scope, request)
    }

    fn plan(&self, directory: &dyn Directory, scope: &Scope, route: &str) -> Result<ExchangePlan, PlanError> {
        crate::plan(&self.rules, directory, scope, route)
    }

    fn judge(
        &self,
        directory: &dyn Directory,
        scope: &Scope,
        route: &str,
        set: u32,
        records: &[Vec<Value>],
    ) -> Result<Vec<Verdict>, JudgeError> {
        crate::judge(&self.rules, directory, scope, route, set, records)
    }
}
