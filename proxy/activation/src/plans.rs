//! Plans that cannot be made, found before anybody asks for them: an expression that cannot be read, paths that the
//! format does not have.

use std::sync::Arc;

use cordon_policy::{Directory, Exchange, Failure, Field, Policy, Rights, Scope, Sections};

/// A route whose plan is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("route `{route}`: {reason}")]
pub struct PlanFault {
    /// Its name in the manifest.
    pub route: String,
    /// What is wrong with its plan.
    pub reason: String,
}

/// Plans every route for somebody who may see little, with one hidden field of each kind, and tells which plans are
/// no plans. A policy that has no answer for such a scope is not at fault.
pub fn plan_faults(policy: &Arc<Policy>) -> Vec<PlanFault> {
    let scope = Arc::new(Scope::new(vec!["any".to_owned()], Rights::default(), Sections::All, None));
    let directory: Arc<dyn Directory> = Arc::new(Sample);
    let mut faults = Vec::new();
    for (index, route) in policy.manifest().routes.iter().enumerate() {
        let exchange = Exchange::new(Arc::clone(policy), Arc::clone(&directory), Arc::clone(&scope), index);
        if let Err(Failure::BadAnswer { reason, .. }) = exchange.plan() {
            faults.push(PlanFault { route: route.name.clone(), reason });
        }
    }
    faults
}

/// A directory in which each kind of record has one field.
struct Sample;

impl Directory for Sample {
    fn revision(&self) -> u64 {
        // Of no snapshot: those are counted from below.
        u64::MAX
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        vec![Field { key: "any".to_owned(), projects: Vec::new(), system: true, hidden: true }]
    }

    fn projects_of(&self, _: &str, _: &str) -> Option<Vec<String>> {
        None
    }

    fn single_project(&self, _: &str) -> bool {
        true
    }
}
