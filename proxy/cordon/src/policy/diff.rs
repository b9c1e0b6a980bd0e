//! `cordon policy diff`: what another version of a policy changes, and what it would reveal.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cordon_activation::{CaseSet, Revealing, RunOptions, missing, reveal};
use serde_json::json;
use similar::TextDiff;

use super::source::{Source, engine};
use crate::{Failure, serve};

/// What is compared.
#[derive(clap::Args)]
pub(super) struct Diff {
    /// The policy that is active, say: a bundle or a folder, as for `test`.
    old: PathBuf,
    /// The one that is to become active.
    new: PathBuf,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

impl Diff {
    /// Compares two policies over the cases of both and prints the differences.
    ///
    /// # Errors
    /// What is wrong with one of them or with its cases.
    pub(super) fn run(&self) -> Result<(), Failure> {
        serve::runtime()?.block_on(diff(&self.old, &self.new, self.json))
    }
}

async fn diff(old: &Path, new: &Path, json: bool) -> Result<(), Failure> {
    let engine = engine()?;
    let [old, new] = [Source::read(old)?, Source::read(new)?];
    let cases = [old.case_set(), new.case_set()];
    let policies = [old.policy(&engine), new.policy(&engine)];
    let (cases, policies) = match (both(cases), both(policies)) {
        (Ok(cases), Ok(policies)) => (cases, policies),
        (cases, policies) => {
            let texts: String =
                [policies.err(), cases.err()].into_iter().flatten().map(|failure| failure.text).collect();
            return Err(Failure::wrong(texts));
        }
    };
    let revealing =
        reveal([&policies[0], &policies[1]], &CaseSet::joined(&cases[0], &cases[1]), &RunOptions::default())
            .await;
    let [before, after] = [policies[0].manifest(), policies[1].manifest()];
    let governed = |governed: cordon_activation::Governed| {
        let given_up = new.gives_up.contains(&governed.route);
        (format!("{} {}", governed.method, governed.path), given_up)
    };
    let lost: Vec<(String, bool)> = missing(before, after).into_iter().map(governed).collect();
    let gained: Vec<String> = missing(after, before).into_iter().map(|route| governed(route).0).collect();
    let rules = TextDiff::from_lines(old.rules.as_str(), new.rules.as_str());
    let rules = rules.unified_diff().context_radius(2).header("old rules", "new rules").to_string();
    let change = Change {
        names: [before, after].map(|manifest| format!("{} {}", manifest.name, manifest.version)),
        gained,
        lost,
        rules,
        revealing,
    };
    let shown = if json { change.document() } else { change.text() };
    io::stdout()
        .write_all(shown.as_bytes())
        .map_err(|error| Failure::failed(format!("error: cannot print: {error}")))
}

/// Both, or what is wrong with either.
fn both<T>([first, second]: [Result<T, Failure>; 2]) -> Result<[T; 2], Failure> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok([first, second]),
        (first, second) => {
            let failures = [first.err(), second.err()].into_iter().flatten();
            Err(Failure::wrong(failures.map(|failure| failure.text).collect::<String>()))
        }
    }
}

/// Everything that is told.
struct Change {
    names: [String; 2],
    gained: Vec<String>,
    /// Methods and paths, and whether the manifest gives them up.
    lost: Vec<(String, bool)>,
    rules: String,
    revealing: Revealing,
}

impl Change {
    fn text(&self) -> String {
        let [old, new] = &self.names;
        let mut text = format!("old  {old}\nnew  {new}\n");
        if !self.gained.is_empty() || !self.lost.is_empty() {
            text.push_str("\nroutes\n");
        }
        for route in &self.gained {
            text.push_str(&format!("+ {route}\n"));
        }
        for (route, given_up) in &self.lost {
            let how = if *given_up {
                "given up"
            } else {
                "lost: the bundle is refused where the old one is active"
            };
            text.push_str(&format!("- {route}  ({how})\n"));
        }
        if !self.rules.is_empty() {
            text.push_str(&format!("\n{}", self.rules));
        }
        let asked = self.revealing.asked;
        for (what, places) in [("reveal", &self.revealing.revealed), ("hide", &self.revealing.hidden)] {
            text.push_str(&format!(
                "\nwhat the new one would newly {what}, by {asked} questions of the cases"
            ));
            text.push_str(if places.is_empty() { ": nothing\n" } else { "\n" });
            for place in places {
                text.push_str(&format!("  {:>5}  {}  {}\n", place.count, place.route, place.path));
            }
        }
        for failure in &self.revealing.failures {
            text.push_str(&format!("not compared: {failure}\n"));
        }
        text
    }

    fn document(&self) -> String {
        let lost = self.lost.iter().map(|(route, given_up)| json!({ "route": route, "given_up": given_up }));
        let document = json!({
            "old": self.names[0],
            "new": self.names[1],
            "routes": { "gained": self.gained, "lost": lost.collect::<Vec<_>>() },
            "rules": self.rules,
            "asked": self.revealing.asked,
            "revealed": self.revealing.revealed,
            "hidden": self.revealing.hidden,
            "not_compared": self.revealing.failures,
        });
        format!("{document:#}\n")
    }
}
