//! A policy on its way: a bundle, or the folder that one is made of.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cordon_activation::{CaseFile, CaseSet};
use cordon_bundle::Bundle;
use cordon_policy::{Engine, EngineOptions, LoadError, Policy};
use cordon_settings::Problem;

use crate::Failure;
use crate::problems::report;

/// What a policy is made of, wherever it stood.
pub(super) struct Source {
    /// Where it was found, for messages.
    path: PathBuf,
    component: Bytes,
    /// The text of the rules.
    pub(super) rules: String,
    /// The texts of its cases.
    pub(super) cases: Vec<CaseFile>,
    /// Routes that its manifest gives up; none without a manifest.
    pub(super) gives_up: Vec<String>,
}

impl Source {
    /// Reads a bundle or a folder.
    ///
    /// # Errors
    /// What cannot be read, with exit code 2.
    pub(super) fn read(path: &Path) -> Result<Source, Failure> {
        if path.is_dir() { Source::folder(path) } else { Source::bundle(path) }
    }

    /// Its cases.
    ///
    /// # Errors
    /// Every mistake in every file, with its place.
    pub(super) fn case_set(&self) -> Result<CaseSet, Failure> {
        CaseSet::read(&self.cases).map_err(|mistakes| {
            let shown = mistakes.iter().map(|mistakes| {
                report(&self.path.join("cases").join(&mistakes.file), &mistakes.text, &mistakes.problems).text
            });
            Failure::wrong(shown.collect::<String>())
        })
    }

    /// The policy that it makes.
    ///
    /// # Errors
    /// Every mistake in the rules, with its place, or why the component cannot be used.
    pub(super) fn policy(&self, engine: &Arc<Engine>) -> Result<Arc<Policy>, Failure> {
        let loaded = Policy::load(engine, &self.component, &self.rules);
        loaded.map(Arc::new).map_err(|error| match error {
            LoadError::Rules(problems) => {
                let problem = |problem: cordon_policy::RuleProblem| Problem {
                    message: problem.message,
                    span: problem.span,
                    help: None,
                };
                let problems: Vec<Problem> = problems.into_iter().map(problem).collect();
                report(&self.path.join("rules.toml"), &self.rules, &problems)
            }
            other => Failure::wrong(format!("error: {}: {other}\n", self.path.display())),
        })
    }

    fn folder(path: &Path) -> Result<Source, Failure> {
        let rules = text(&path.join("rules.toml"))?;
        let component = path.join("policy.wasm");
        let component = match fs::read(&component) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.join("Cargo.toml").exists() => {
                return Err(Failure::wrong(format!(
                    "error: {} is a crate, which has no component yet\n  help: put it into a bundle with `cordon policy \
                     build`, and name that\n",
                    path.display()
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Bytes::from_static(cordon_policy_component::COMPONENT)
            }
            Err(error) => return Err(unreadable(&component, &error)),
        };
        let manifest = path.join("manifest.toml");
        let gives_up = if manifest.exists() {
            let text = text(&manifest)?;
            let parsed = cordon_bundle::Manifest::parse(&text);
            parsed.map_err(|problems| report(&manifest, &text, &problems))?.gives_up
        } else {
            Vec::new()
        };
        Ok(Source { path: path.to_owned(), component, rules, cases: cases(&path.join("cases"))?, gives_up })
    }

    fn bundle(path: &Path) -> Result<Source, Failure> {
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        let bundle = Bundle::read(bytes)
            .map_err(|error| Failure::wrong(format!("error: {}: {error}\n", path.display())))?;
        let case = |case: &cordon_bundle::Case| CaseFile { name: case.name.clone(), text: case.text.clone() };
        Ok(Source {
            path: path.to_owned(),
            component: bundle.component().clone(),
            rules: bundle.rules().to_string(),
            cases: bundle.cases().iter().map(case).collect(),
            gives_up: bundle.manifest().gives_up.clone(),
        })
    }
}

/// An engine as `serve` has it by default.
///
/// # Errors
/// The system has not what it needs.
pub(super) fn engine() -> Result<Arc<Engine>, Failure> {
    let options = EngineOptions { sandboxes: 8, ..EngineOptions::default() };
    Engine::new(options).map_err(|error| Failure::failed(format!("error: {error}\n")))
}

/// The files of a folder of cases. No folder: no case.
fn cases(folder: &Path) -> Result<Vec<CaseFile>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut cases = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let is_case = path.extension().is_some_and(|ending| ending == "toml" || ending == "json");
        if let Some(name) = path.file_name().filter(|_| is_case) {
            cases.push(CaseFile { name: name.to_string_lossy().into_owned(), text: text(&path)? });
        }
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(cases)
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::wrong(format!("error: {} cannot be read: {error}\n", path.display()))
}
