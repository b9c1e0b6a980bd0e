//! `cordon policy test`: does everybody get what the cases say?

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cordon_activation::{RunOptions, run, untested};
use serde_json::json;

use super::source::{Source, engine};
use crate::{Failure, serve};

/// What is tried. The exit code is 2 if somebody gets something else than a case says.
#[derive(clap::Args)]
pub(super) struct Test {
    /// A bundle, or a folder with `rules.toml`, `cases/`, and `policy.wasm` if the policy is not the default one.
    policy: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

impl Test {
    /// Runs the cases of a policy and prints what came of them.
    ///
    /// # Errors
    /// What is wrong with the policy or its cases, that there is no case, or that one fails, with exit code 2.
    pub(super) fn run(&self) -> Result<(), Failure> {
        serve::runtime()?.block_on(test(&self.policy, self.json))
    }
}

async fn test(path: &Path, json: bool) -> Result<(), Failure> {
    let source = Source::read(path)?;
    let engine = engine()?;
    let (cases, policy) = match (source.case_set(), source.policy(&engine)) {
        (Ok(cases), Ok(policy)) => (cases, policy),
        (cases, policy) => {
            let failures = [policy.err(), cases.err()];
            let texts: String = failures.into_iter().flatten().map(|failure| failure.text).collect();
            return Err(Failure::wrong(texts));
        }
    };
    if cases.is_empty() {
        return Err(Failure::wrong(format!("error: {} has no case: see CASES.md\n", path.display())));
    }
    let outcomes = run(&policy, &cases, &RunOptions::default()).await;
    let untested = untested(policy.manifest(), &outcomes);
    let failing = outcomes.iter().filter(|outcome| !outcome.passes()).count();
    let manifest = policy.manifest();
    let shown = if json {
        let document = json!({
            "policy": { "name": manifest.name, "version": manifest.version },
            "passed": outcomes.len() - failing,
            "failed": failing,
            "outcomes": outcomes,
            "untested_routes": untested,
        });
        format!("{document:#}\n")
    } else {
        let mut text: String = outcomes.iter().map(ToString::to_string).collect();
        text.push_str(&format!(
            "\n{} {}: {} answers of {} cases, {failing} not as they must be\n",
            manifest.name,
            manifest.version,
            outcomes.len(),
            cases.cases().len()
        ));
        if !untested.is_empty() {
            text.push_str(&format!("routes without a case: {}\n", untested.join(", ")));
        }
        text
    };
    io::stdout()
        .write_all(shown.as_bytes())
        .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))?;
    match failing {
        0 => Ok(()),
        _ => Err(Failure::wrong(format!("error: {failing} of {} answers fail", outcomes.len()))),
    }
}
