//! Figures: recorded, compared, shown.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::subjects::Subject;

/// By how much a figure may have grown, in percent.
const GROWTH: u64 = 5;

/// What one run of a subject costs.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Figure {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// What all subjects cost, as built by one compiler.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// The compiler: another one gives other figures.
    rustc: String,
    subject: BTreeMap<String, Figure>,
}

impl Figures {
    pub(crate) fn of(measured: &[(Subject, Figure)]) -> Figures {
        let rustc = std::process::Command::new("rustc").arg("--version").output().unwrap();
        Figures {
            rustc: String::from_utf8(rustc.stdout).unwrap().trim().to_owned(),
            subject: measured.iter().map(|(subject, figure)| (subject.to_string(), *figure)).collect(),
        }
    }

    /// Writes the figures down if that is asked for, or else compares them with those that are.
    pub(crate) fn settle(&self) -> ExitCode {
        let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
        let file =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("benches/instructions/{profile}.toml"));
        if std::env::var_os("CORDON_RECORD").is_some() {
            std::fs::write(&file, toml::to_string(self).unwrap()).unwrap();
        }
        let recorded: Figures = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        println!("| {profile} | instructions | recorded | allocations | recorded |\n|---|--:|--:|--:|--:|");
        let mut grown = Vec::new();
        for (name, now) in &self.subject {
            let Some(then) = recorded.subject.get(name) else {
                grown.push(format!("{name} is not recorded"));
                continue;
            };
            println!(
                "| {name} | {} | {} | {} | {} |",
                now.instructions, then.instructions, now.allocations, then.allocations
            );
            if now.instructions * 100 > then.instructions * (100 + GROWTH) {
                grown.push(format!("{name} takes more than {GROWTH} % more instructions than recorded"));
            }
            // Rounded down, so that one more may be less than one.
            if now.allocations * 100 > (then.allocations + 1) * (100 + GROWTH) {
                grown.push(format!("{name} allocates more than {GROWTH} % more often than recorded"));
            }
        }
        if recorded.rustc != self.rustc {
            println!("recorded with {}, built with {}: not compared", recorded.rustc, self.rustc);
            return ExitCode::SUCCESS;
        }
        if grown.is_empty() {
            return ExitCode::SUCCESS;
        }
        grown.iter().for_each(|what| eprintln!("{what}"));
        eprintln!("find out why, or record it: CORDON_RECORD=1 (see benches/instructions/main.rs)");
        ExitCode::FAILURE
    }
}
