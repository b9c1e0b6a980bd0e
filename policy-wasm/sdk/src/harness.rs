//! Runs a policy's functions natively, in the order in which the host calls them.

use std::fmt;

use crate::types::{
    BodyPlan, Decision, ExchangePlan, JudgeError, Key, Manifest, PlanError, Problem, Request, ResponsePlan,
    Scope, Value, Verdict,
};
use crate::{Policy, TestDirectory};

/// A configured policy with a directory.
#[derive(Clone, Debug)]
pub struct Harness<P> {
    policy: P,
    /// The directory that the policy looks things up in. A test may change it between calls.
    pub directory: TestDirectory,
}

/// Why the harness has no answer: the test asks what no host would, or the policy breaks the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HarnessError {
    /// The policy has no plan.
    Plan(PlanError),
    /// The response is not edited, so nothing is judged.
    NotEdited,
    /// The plan has no such set.
    NoSuchSet,
    /// The test gives a value for a key that the plan does not ask for.
    KeyNotAsked(String),
    /// The policy has no verdict.
    Judge(JudgeError),
    /// The policy's verdicts are not as many as the records, or name a profile that the set does not have.
    BadVerdict,
}

impl<P: Policy> Harness<P> {
    /// Reads the rules.
    ///
    /// # Errors
    /// The policy's problems with them.
    pub fn configure(rules: &str, directory: TestDirectory) -> Result<Harness<P>, Vec<Problem>> {
        Ok(Harness {
            policy: P::configure(rules)?,
            directory,
        })
    }

    /// The policy itself.
    pub fn policy(&self) -> &P {
        &self.policy
    }

    /// What the policy says that it is.
    pub fn manifest(&self) -> Manifest {
        self.policy.manifest()
    }

    /// Decides on a request.
    pub fn authorize(&self, scope: &Scope, request: &Request) -> Decision {
        self.policy.authorize(&self.directory, scope, request)
    }

    /// Plans an exchange.
    ///
    /// # Errors
    /// [`HarnessError::Plan`].
    pub fn plan(&self, scope: &Scope, route: &str) -> Result<ExchangePlan, HarnessError> {
        self.policy
            .plan(&self.directory, scope, route)
            .map_err(HarnessError::Plan)
    }

    /// The plan for the response's body, for a route whose response is edited.
    ///
    /// # Errors
    /// [`HarnessError::Plan`], [`HarnessError::NotEdited`].
    pub fn body_plan(&self, scope: &Scope, route: &str) -> Result<BodyPlan, HarnessError> {
        match self.plan(scope, route)?.response {
            ResponsePlan::Edit(plan) => Ok(plan),
            ResponsePlan::Empty | ResponsePlan::Pass => Err(HarnessError::NotEdited),
        }
    }

    /// Judges a batch, and checks the answer as the host does.
    ///
    /// # Errors
    /// Any [`HarnessError`] but [`HarnessError::KeyNotAsked`].
    pub fn judge(
        &self,
        scope: &Scope,
        route: &str,
        set: u32,
        records: &[Vec<Value>],
    ) -> Result<Vec<Verdict>, HarnessError> {
        let plan = self.body_plan(scope, route)?;
        let profiles = usize::try_from(set).ok().and_then(|set| plan.sets.get(set));
        let profiles = profiles.ok_or(HarnessError::NoSuchSet)?.profiles.len();
        let verdicts = self.policy.judge(&self.directory, scope, route, set, records);
        let verdicts = verdicts.map_err(HarnessError::Judge)?;
        let known = |profile: &u32| usize::try_from(*profile).is_ok_and(|profile| profile < profiles);
        let sound = verdicts.iter().all(|verdict| match verdict {
            Verdict::Drop => true,
            Verdict::Keep(profile) => known(profile),
            Verdict::KeepMerged(merged) => !merged.is_empty() && merged.iter().all(known),
        });
        if sound && verdicts.len() == records.len() {
            Ok(verdicts)
        } else {
            Err(HarnessError::BadVerdict)
        }
    }

    /// Judges one record, whose values are given by the paths of the plan's keys; the others are absent. A key from
    /// the record around it is written with `^` for `$`, one more `^` for each further record: `^.project_id`.
    ///
    /// # Errors
    /// Any [`HarnessError`].
    pub fn judge_record(
        &self,
        scope: &Scope,
        route: &str,
        set: u32,
        values: &[(&str, Value)],
    ) -> Result<Verdict, HarnessError> {
        let plan = self.body_plan(scope, route)?;
        let keys = usize::try_from(set).ok().and_then(|set| plan.sets.get(set));
        let keys = &keys.ok_or(HarnessError::NoSuchSet)?.keys;
        let mut record = vec![Value::Absent; keys.len()];
        for (path, value) in values {
            let place = keys.iter().position(|key| written(key) == *path);
            let place = place.ok_or_else(|| HarnessError::KeyNotAsked((*path).to_owned()))?;
            record[place] = value.clone();
        }
        let mut verdicts = self.judge(scope, route, set, &[record])?;
        verdicts.pop().ok_or(HarnessError::BadVerdict)
    }
}

fn written(key: &Key) -> String {
    if key.up == 0 {
        return key.path.clone();
    }
    let ups = "^".repeat(usize::try_from(key.up).unwrap_or(usize::MAX));
    format!("{ups}{}", key.path.trim_start_matches('$'))
}

impl fmt::Display for HarnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HarnessError::Plan(error) => write!(f, "the policy has no plan: {error:?}"),
            HarnessError::NotEdited => f.write_str("the response is not edited on this route"),
            HarnessError::NoSuchSet => f.write_str("the plan has no such set"),
            HarnessError::KeyNotAsked(path) => write!(f, "the plan does not ask for the key `{path}`"),
            HarnessError::Judge(error) => write!(f, "the policy has no verdict: {error:?}"),
            HarnessError::BadVerdict => f.write_str("the policy's verdicts do not fit the question"),
        }
    }
}

impl std::error::Error for HarnessError {}
