//! What a trial has found, as JSON for the history.

use cordon_gateway::Trial;
use serde_json::{Value, json};

/// Counts by route and place, and why the candidate was sent home. Never a value of a body.
pub fn report(trial: &Trial) -> Value {
    let findings = trial.findings();
    let routes = findings.routes.iter().map(|(name, route)| {
        let counts = json!({
            "compared": route.compared,
            "failed": route.failed,
            "revealed": route.revealed,
            "hidden": route.hidden,
        });
        (name.clone(), counts)
    });
    json!({
        "candidate": findings.candidate.to_string(),
        "stopped": trial.stop().map(ToString::to_string),
        "compared": findings.compared,
        "skipped": findings.skipped,
        "routes": routes.collect::<serde_json::Map<_, _>>(),
    })
}
