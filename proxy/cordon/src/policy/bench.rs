//! `cordon policy bench`: what do the policy's calls cost?

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use comfy_table::{ContentArrangement, Table, presets};
use cordon_activation::{RunOptions, run};
use cordon_policy::{CacheOptions, CallUsage, Engine, EngineOptions};
use serde_json::{Value, json};

use super::source::Source;
use crate::{Failure, serve};

/// What is measured, and how often.
#[derive(clap::Args)]
pub(super) struct Bench {
    /// A bundle, or a folder with `rules.toml`, `cases/`, and `policy.wasm` if the policy is not the default one.
    policy: PathBuf,
    /// How many times its cases are run.
    #[arg(long, default_value_t = 20)]
    repeat: u32,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

impl Bench {
    /// Runs the cases of a policy over and over, with nothing kept of its answers, and prints what its calls used.
    ///
    /// # Errors
    /// What is wrong with the policy or its cases, or that it has none, with exit code 2.
    pub(super) fn run(&self) -> Result<(), Failure> {
        let shown = serve::runtime()?.block_on(self.measure())?;
        io::stdout()
            .write_all(shown.as_bytes())
            .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))
    }

    async fn measure(&self) -> Result<String, Failure> {
        let source = Source::read(&self.policy)?;
        let cases = source.case_set()?;
        if cases.is_empty() {
            return Err(Failure::wrong(format!(
                "error: {} has no case: see CASES.md\n",
                self.policy.display()
            )));
        }
        // So small that no answer fits: each question makes a call.
        let nothing = CacheOptions { entries: 1, bytes: 1 };
        let options = EngineOptions {
            decisions: nothing,
            plans: nothing,
            verdicts: nothing,
            ..EngineOptions::default()
        };
        let engine = Engine::new(options).map_err(|error| Failure::failed(error.to_string()))?;
        let began = Instant::now();
        let policy = source.policy(&engine)?;
        let loaded = began.elapsed();
        for _ in 0..self.repeat {
            run(&policy, &cases, &RunOptions::default()).await;
        }
        let usage = policy.usage();
        Ok(if self.json { format!("{:#}\n", document(loaded, &usage)) } else { table(loaded, &usage) })
    }
}

fn document(loaded: Duration, usage: &[CallUsage]) -> Value {
    let calls = usage.iter().map(|usage| {
        json!({
            "call": usage.call.name(),
            "calls": usage.calls,
            "mean_microseconds": microseconds(mean(usage)),
            "longest_microseconds": microseconds(usage.longest),
            "memory_bytes": usage.memory,
        })
    });
    json!({ "loaded_milliseconds": loaded.as_millis(), "calls": calls.collect::<Vec<_>>() })
}

fn table(loaded: Duration, usage: &[CallUsage]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["CALL", "CALLS", "MEAN", "LONGEST", "MEMORY"]);
    for usage in usage.iter().filter(|usage| usage.calls > 0) {
        table.add_row([
            usage.call.name().to_owned(),
            usage.calls.to_string(),
            format!("{:.1} µs", microseconds(mean(usage))),
            format!("{:.1} µs", microseconds(usage.longest)),
            format!("{} KiB", usage.memory >> 10),
        ]);
    }
    let rows = table.lines().map(|line| format!("{}\n", line.trim()));
    format!("loaded from bytes in {} ms\n{}", loaded.as_millis(), rows.collect::<String>())
}

fn mean(usage: &CallUsage) -> Duration {
    usage.time.checked_div(u32::try_from(usage.calls).unwrap_or(u32::MAX)).unwrap_or_default()
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
