//! Plans to choose from, in files in the shape of the corpus's cases. New ones come at the end: an input names its plan by
//! number.

use std::sync::Arc;

use cordon_rewrite::{BodyPlan, Edit, Plan};
use serde::Deserialize;

use crate::paths::steps;
use crate::support::case;
use crate::support::generate::{Drawn, DrawnSet};

/// The plans of a target.
pub(crate) struct Table {
    plans: Vec<(Drawn, Arc<Plan>)>,
    /// What is done with plans by chance, if there are such too.
    pub(crate) draws: Option<fn(&mut Drawn)>,
}

#[derive(Deserialize)]
struct File {
    plans: Vec<case::Plan>,
}

impl Table {
    /// Reads the plans of a file.
    pub(crate) fn read(text: &str, draws: Option<fn(&mut Drawn)>) -> Table {
        let file: File = toml::from_str(text).expect("a table of plans");
        let plans = file.plans.iter().map(|plan| {
            let spec = plan.spec();
            let compiled = Plan::compile(spec.clone()).unwrap_or_else(|error| panic!("{error}: {spec:#?}"));
            (drawn(spec), Arc::new(compiled))
        });
        Table { plans: plans.collect(), draws }
    }

    /// A plan by any number.
    pub(crate) fn get(&self, number: u8) -> &(Drawn, Arc<Plan>) {
        &self.plans[usize::from(number) % self.plans.len()]
    }
}

fn drawn(spec: BodyPlan) -> Drawn {
    let edits = |edits: &[Edit]| {
        edits.iter().map(|edit| (steps(&edit.path), edit.action.clone())).collect::<Vec<_>>()
    };
    let sets = spec.sets.iter().map(|set| DrawnSet {
        within: set.within.map(|outer| outer as usize),
        path: steps(&set.path),
        keys: set.keys.iter().map(|key| (steps(&key.path), key.up as usize)).collect(),
        profiles: set.profiles.iter().map(|profile| edits(profile)).collect(),
        sole: set.sole,
    });
    let sets = sets.collect();
    Drawn { outside: edits(&spec.outside), sets, spec }
}
