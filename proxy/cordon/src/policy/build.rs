//! `cordon policy build`.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use cordon_bundle::{Case, Parts, limits};

use super::files;
use crate::Failure;
use crate::directory::print;

#[derive(Args)]
pub(super) struct Build {
    /// The policy's folder: manifest.toml, rules.toml, cases/, and Cargo.toml of a crate or policy.wasm. Without either,
    /// the component is that of the default policy.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The component, whatever is in the folder.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// Where to put the bundle; NAME.bundle, without it. Signatures of what was there before are removed.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where cargo keeps what it made of a crate; DIR/target, without it.
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
}

impl Build {
    pub(super) fn run(self) -> Result<(), Failure> {
        let manifest = read(&self.folder.join("manifest.toml"), limits::MANIFEST)?;
        let rules = read(&self.folder.join("rules.toml"), limits::RULES)?;
        let cases = cases(&self.folder.join("cases"))?;
        // A mistake in the manifest is told before a compiler runs for a minute.
        let mut parts = Parts { manifest, component: Bytes::from_static(b"\0"), rules, cases };
        let refused = |error| files::refused(&self.folder, &error);
        parts.clone().write().map_err(refused)?;
        let (component, origin) = self.component()?;
        parts.component = component;
        let bundle = parts.write().map_err(refused)?;
        let manifest = bundle.manifest();
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{}.bundle", manifest.name)));
        let delivery = cordon_bundle::source::Delivery {
            bundle: bundle.clone(),
            signatures: cordon_bundle::trust::Signatures::none(),
        };
        files::write(&output, &delivery)?;
        print(&format!(
            "{} holds {} {}, counter {}: {origin}, rules, {} case(s)\n  {}\n",
            output.display(),
            manifest.name,
            manifest.version,
            manifest.counter,
            bundle.cases().len(),
            bundle.digest(),
        ))
    }

    /// The component, and what it comes from.
    fn component(&self) -> Result<(Bytes, &'static str), Failure> {
        let made = self.folder.join("policy.wasm");
        let is_crate = self.folder.join("Cargo.toml").exists();
        match &self.component {
            Some(path) => Ok((component_in(path)?, "the component")),
            None if is_crate && made.exists() => Err(Failure::wrong(format!(
                "error: {} has both Cargo.toml and policy.wasm\n  help: name the component with `--component`, or take \
                 one of them away\n",
                self.folder.display()
            ))),
            None if is_crate => {
                let target = self.target_dir.clone().unwrap_or_else(|| self.folder.join("target"));
                let built = cordon_policy_builder::build(&self.folder, &target);
                let built = built.map_err(|error| Failure::failed(format!("error: {error}\n")))?;
                Ok((built.into(), "the crate's component"))
            }
            None if made.exists() => Ok((component_in(&made)?, "the component")),
            None => {
                let default = Bytes::from_static(cordon_policy_component::COMPONENT);
                Ok((default, "the default policy's component"))
            }
        }
    }
}

fn component_in(path: &Path) -> Result<Bytes, Failure> {
    files::content(path, "the component", limits::COMPONENT).map(Bytes::from)
}

fn read(path: &Path, limit: usize) -> Result<String, Failure> {
    let content = files::content(path, "the policy's file", limit)?;
    String::from_utf8(content).map_err(|_| Failure::wrong(format!("error: {} is no text\n", path.display())))
}

/// The cases in a folder, if there is one. What is no case is told: whoever put it there believes that it counts.
fn cases(folder: &Path) -> Result<Vec<Case>, Failure> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unreadable = |error: std::io::Error| {
        Failure::wrong(format!("error: the cases, {}, cannot be read: {error}\n", folder.display()))
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        cases.push(Case { name, text: read(&path, limits::CASE)? });
    }
    Ok(cases)
}
