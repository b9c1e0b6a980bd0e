//! Whether a bundle may become active: everything is looked at before anything of it is in force.

use std::sync::Arc;

use cordon_bundle::Bundle;
use cordon_policy::{
    CONTRACT, CompiledFolder, Counters, Digest, Engine, LoadError, LoadOptions, Manifest, Policy,
};

use crate::cover::{Governed, missing};
use crate::outcome::Outcome;
use crate::plans::plan_faults;
use crate::refused::{Reason, Refused};
use crate::run::{RunOptions, run};
use crate::set::{CaseFile, CaseSet};

/// A bundle that may become active.
#[derive(Debug)]
pub struct Admitted {
    /// What to activate.
    pub policy: Arc<Policy>,
    /// What its cases came to: they all pass.
    pub outcomes: Vec<Outcome>,
    /// Routes that no case asks for, by name: nobody has said what they are to show.
    pub untested: Vec<String>,
    /// What the active policy governs and this one gives up.
    pub given_up: Vec<Governed>,
}

/// Checks a bundle against this program, against itself, and against what is active.
///
/// In this order, of which each is looked at as far as what is before it allows: the contract's version; the
/// component's imports and exports; the rules; name and version; the plans of all routes; the cases; time, memory and
/// traps while they ran; the routes of the active policy. Nothing of a bundle that is refused stays behind.
///
/// # Errors
/// Everything that speaks against it.
pub async fn admit(
    engine: &Arc<Engine>,
    compiled: Option<&Arc<CompiledFolder>>,
    bundle: &Bundle,
    active: Option<&Manifest>,
    options: &RunOptions,
) -> Result<Admitted, Refused> {
    let stated = bundle.manifest();
    let mut reasons = Vec::new();
    if stated.contract.to_string() != CONTRACT {
        reasons.push(Reason::Contract { stated: stated.contract.to_string(), spoken: CONTRACT });
    }
    let cases = read_cases(bundle, &mut reasons);
    let policy = match load(engine, compiled, bundle).await {
        Ok(policy) => policy,
        Err(mut found) => {
            reasons.append(&mut found);
            return Err(Refused { reasons });
        }
    };
    let manifest = policy.manifest();
    for (what, stated, said) in
        [("name", &stated.name, &manifest.name), ("version", &stated.version, &manifest.version)]
    {
        if stated != said {
            reasons.push(Reason::Manifest { what, stated: stated.clone(), said: said.clone() });
        }
    }
    reasons.extend(plan_faults(&policy).into_iter().map(Reason::Plan));
    let planned = policy.counters();
    let outcomes = run(&policy, &cases, options).await;
    let failing = outcomes.iter().filter(|outcome| !outcome.passes()).cloned();
    reasons.extend(failing.map(|outcome| Reason::Case(Box::new(outcome))));
    reasons.extend(limits(&planned, &policy.counters()));
    let lost = active.map(|active| missing(active, manifest)).unwrap_or_default();
    let (given_up, lost): (Vec<_>, Vec<_>) =
        lost.into_iter().partition(|governed| stated.gives_up.contains(&governed.route));
    reasons.extend(lost.into_iter().map(|Governed { route, method, path }| Reason::Lost {
        route,
        method,
        path,
    }));
    if !reasons.is_empty() {
        return Err(Refused { reasons });
    }
    let untested = untested(manifest, &outcomes);
    Ok(Admitted { untested, policy, outcomes, given_up })
}

/// Routes that no outcome is of, by name.
pub fn untested(manifest: &Manifest, outcomes: &[Outcome]) -> Vec<String> {
    let tested = |name: &str| outcomes.iter().any(|outcome| outcome.route.as_deref() == Some(name));
    let names = manifest.routes.iter().map(|route| &route.name);
    names.filter(|name| !tested(name)).cloned().collect()
}

fn read_cases(bundle: &Bundle, reasons: &mut Vec<Reason>) -> CaseSet {
    let files: Vec<CaseFile> = bundle
        .cases()
        .iter()
        .map(|case| CaseFile { name: case.name.clone(), text: case.text.clone() })
        .collect();
    match CaseSet::read(&files) {
        Ok(cases) => {
            if cases.is_empty() {
                reasons.push(Reason::NoCase);
            }
            cases
        }
        Err(mistakes) => {
            reasons.extend(mistakes.into_iter().map(Reason::CaseMistakes));
            CaseSet::default()
        }
    }
}

/// Compiles beside the threads that answer requests.
async fn load(
    engine: &Arc<Engine>,
    compiled: Option<&Arc<CompiledFolder>>,
    bundle: &Bundle,
) -> Result<Arc<Policy>, Vec<Reason>> {
    let (engine, component, rules) =
        (Arc::clone(engine), bundle.component().clone(), Arc::clone(bundle.rules()));
    let digest = Some(Digest::from(*bundle.digest().as_bytes()));
    let compiled = compiled.cloned();
    let loading = tokio::task::spawn_blocking(move || {
        let options = LoadOptions { compiled: compiled.as_deref(), digest };
        Policy::load_with(&engine, &component, &rules, &options)
    });
    match loading.await {
        Ok(Ok(policy)) => Ok(Arc::new(policy)),
        Ok(Err(LoadError::Rules(problems))) => Err(problems.into_iter().map(Reason::Rule).collect()),
        Ok(Err(error)) => Err(vec![Reason::Component(error)]),
        Err(error) => {
            Err(vec![Reason::Component(LoadError::Unusable(format!("loading it was given up: {error}")))])
        }
    }
}

/// What went wrong in the sandbox, which nothing else has called. Plans that are none have been told one by one.
fn limits(planned: &Counters, tried: &Counters) -> impl Iterator<Item = Reason> {
    [
        ("exceeded its time", tried.time_outs),
        ("exceeded its memory", tried.out_of_memory),
        ("trapped", tried.traps),
        ("gave answers that the contract does not allow", tried.bad_answers - planned.bad_answers),
        ("asked for what is not offered", tried.unsupported - planned.unsupported),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| Reason::Limit { what, count })
}
