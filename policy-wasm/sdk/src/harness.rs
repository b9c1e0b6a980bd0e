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
        Ok(Harness { policy: P::configure(rules)?, directory })
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
        self.policy.plan(&self.directory, scope, route).map_err(HarnessError::Plan)
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
        if sound && verdicts.len() == records.len() { Ok(verdicts) } else { Err(HarnessError::BadVerdict) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Directory;
    use crate::types::{ExchangePlan, Format, QueryEdits, RecordSet, RequestPlan};

    /// Answers with whatever verdicts the rules say, one character each.
    struct Scripted(String);

    impl Policy for Scripted {
        fn configure(rules: &str) -> Result<Scripted, Vec<Problem>> {
            Ok(Scripted(rules.to_owned()))
        }

        fn manifest(&self) -> Manifest {
            Manifest { name: "scripted".to_owned(), version: "1".to_owned(), routes: Vec::new() }
        }

        fn authorize(&self, _: &dyn Directory, _: &Scope, _: &Request) -> Decision {
            Decision::Forward(QueryEdits::none())
        }

        fn plan(&self, _: &dyn Directory, _: &Scope, route: &str) -> Result<ExchangePlan, PlanError> {
            let keys = vec![Key { path: "$.a".to_owned(), up: 0 }, Key { path: "$.a".to_owned(), up: 2 }];
            let path = "$[*]".to_owned();
            let profiles = vec![Vec::new()];
            let set = RecordSet { within: None, path, columns: None, keys, profiles, sole: false };
            let body = BodyPlan { sets: vec![set], ..BodyPlan::of(Format::Json) };
            let response = match route {
                "edited" => ResponsePlan::Edit(body),
                "passed" => ResponsePlan::Pass,
                _ => return Err(PlanError::UnknownRoute),
            };
            Ok(ExchangePlan { request: RequestPlan::Empty, response, headers: Vec::new() })
        }

        fn judge(
            &self,
            _: &dyn Directory,
            _: &Scope,
            _: &str,
            _: u32,
            records: &[Vec<Value>],
        ) -> Result<Vec<Verdict>, JudgeError> {
            if records.iter().any(|record| record.contains(&Value::null())) {
                return Err(JudgeError::WrongKeys);
            }
            let verdict = |letter: char| match letter {
                '0'..='9' => Verdict::Keep(u32::from(letter) - u32::from('0')),
                'm' => Verdict::KeepMerged(vec![0]),
                'e' => Verdict::KeepMerged(Vec::new()),
                _ => Verdict::Drop,
            };
            Ok(self.0.chars().map(verdict).collect())
        }
    }

    fn judged(
        script: &str,
        route: &str,
        set: u32,
        values: &[(&str, Value)],
    ) -> Result<Verdict, HarnessError> {
        let harness = Harness::<Scripted>::configure(script, TestDirectory::new()).expect("any rules do");
        harness.judge_record(&Scope::of([]), route, set, values)
    }

    #[test]
    fn verdicts_are_checked_as_the_host_checks_them() {
        assert_eq!(judged("-", "edited", 0, &[]), Ok(Verdict::Drop));
        assert_eq!(judged("0", "edited", 0, &[]), Ok(Verdict::Keep(0)));
        assert_eq!(judged("m", "edited", 0, &[]), Ok(Verdict::KeepMerged(vec![0])));
        for script in ["1", "e", "", "00"] {
            assert_eq!(judged(script, "edited", 0, &[]), Err(HarnessError::BadVerdict), "{script}");
        }
    }

    #[test]
    fn a_question_that_no_host_would_ask_is_told() {
        let value = || Value::text("x");
        assert_eq!(judged("0", "edited", 1, &[]), Err(HarnessError::NoSuchSet));
        assert_eq!(judged("0", "passed", 0, &[]), Err(HarnessError::NotEdited));
        assert_eq!(judged("0", "other", 0, &[]), Err(HarnessError::Plan(PlanError::UnknownRoute)));
        assert_eq!(judged("0", "edited", 0, &[("$.a", value()), ("^^.a", value())]), Ok(Verdict::Keep(0)));
        let unasked = HarnessError::KeyNotAsked("^.a".to_owned());
        assert_eq!(judged("0", "edited", 0, &[("^.a", value())]), Err(unasked));
        let failed = HarnessError::Judge(JudgeError::WrongKeys);
        assert_eq!(judged("0", "edited", 0, &[("$.a", Value::null())]), Err(failed));
    }
}
