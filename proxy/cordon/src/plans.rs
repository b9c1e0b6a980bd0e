//! Plans that cannot be made, found before anybody asks for them: an expression that cannot be read, paths that the
//! format does not have.

use std::fmt::Write as _;
use std::sync::Arc;

use cordon_policy::{Directory, Exchange, Failure, Field, Policy, Rights, Scope, Sections};

/// Plans every route for somebody who may see little, with one hidden field of each kind, and tells which plans are
/// no plans. A policy that has no answer for such a scope is not at fault.
pub(crate) fn faults(policy: &Arc<Policy>) -> String {
    let scope = Arc::new(Scope::new(vec!["any".to_owned()], Rights::default(), Sections::All, None));
    let mut faults = String::new();
    for (index, route) in policy.manifest().routes.iter().enumerate() {
        let exchange = Exchange::new(Arc::clone(policy), Arc::new(Sample), Arc::clone(&scope), index);
        if let Err(Failure::BadAnswer { reason, .. }) = exchange.plan() {
            // Writing to a string does not fail.
            _ = writeln!(faults, "error: route `{}`: {reason}", route.name);
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
