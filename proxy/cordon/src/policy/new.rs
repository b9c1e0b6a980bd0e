//! `cordon policy new`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::files;
use crate::Failure;
use crate::directory::print;

#[derive(Args)]
pub(super) struct New {
    /// The folder, which is not there yet; the policy is called as it is.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Rules for the default policy instead of a crate in Rust.
    #[arg(long, conflicts_with = "sdk")]
    rules: bool,
    /// Link against the SDK in this folder of Cordon's sources, policy-wasm/sdk, instead of the one that comes with this
    /// program, which is written beside the crate.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// A file of a new policy, by its path in the folder.
type Skeleton = [(&'static str, &'static str)];

const MANIFEST: &str = include_str!("skeleton/manifest.toml");
const PEOPLE: (&str, &str) = ("cases/people.toml", include_str!("skeleton/people.toml"));
const CASE: (&str, &str) = ("cases/calls.toml", include_str!("skeleton/calls.toml"));

const CRATE: &Skeleton = &[
    ("Cargo.toml", include_str!("skeleton/crate/Cargo.toml.in")),
    ("src/lib.rs", include_str!("skeleton/crate/lib.rs.in")),
    ("rules.toml", include_str!("skeleton/crate/rules.toml")),
    (".gitignore", "/target\n*.bundle\n*.bundle.sig\n"),
    PEOPLE,
    CASE,
];

const RULES: &Skeleton = &[
    ("rules.toml", include_str!("skeleton/rules/rules.toml")),
    (".gitignore", "*.bundle\n*.bundle.sig\n"),
    PEOPLE,
    CASE,
];

/// The SDK, as it was when this program was built: what a policy is built with fits the host that runs it.
const SDK: &Skeleton = &[
    ("sdk/Cargo.toml", include_str!("skeleton/crate/sdk.toml.in")),
    ("sdk/wit/policy.wit", include_str!("../../../../wit/policy.wit")),
    ("sdk/src/bindings.rs", include_str!("../../../../policy-wasm/sdk/src/bindings.rs")),
    ("sdk/src/construct.rs", include_str!("../../../../policy-wasm/sdk/src/construct.rs")),
    ("sdk/src/directory.rs", include_str!("../../../../policy-wasm/sdk/src/directory.rs")),
    ("sdk/src/export.rs", include_str!("../../../../policy-wasm/sdk/src/export.rs")),
    ("sdk/src/harness.rs", include_str!("../../../../policy-wasm/sdk/src/harness.rs")),
    ("sdk/src/lib.rs", include_str!("../../../../policy-wasm/sdk/src/lib.rs")),
    ("sdk/src/policy.rs", include_str!("../../../../policy-wasm/sdk/src/policy.rs")),
    ("sdk/src/types.rs", include_str!("../../../../policy-wasm/sdk/src/types.rs")),
];

/// Where the SDK looks for the contract in Cordon's sources, and where it lies beside a policy.
const CONTRACT: (&str, &str) = ("path: \"../../wit\"", "path: \"wit\"");

impl New {
    pub(super) fn run(self) -> Result<(), Failure> {
        let name = name(&self.folder)?;
        if self.folder.exists() {
            return Err(Failure::wrong(format!("error: {} is there already\n", self.folder.display())));
        }
        let sdk = match &self.sdk {
            Some(folder) => sdk_at(folder)?,
            None => "sdk".to_owned(),
        };
        let mut wanted = vec![("manifest.toml", MANIFEST)];
        wanted.extend(if self.rules { RULES } else { CRATE });
        if !self.rules && self.sdk.is_none() {
            wanted.extend(SDK);
        }
        for (path, text) in wanted {
            let text = if path == "sdk/src/bindings.rs" {
                text.replace(CONTRACT.0, CONTRACT.1)
            } else {
                text.to_owned()
            };
            let text = text.replace("{{name}}", &name).replace("{{sdk}}", &sdk);
            let text = text.replace("{{contract}}", &contract()?);
            let path = self.folder.join(path);
            let folder = path.parent().unwrap_or(&self.folder);
            fs::create_dir_all(folder).map_err(|error| files::unwritable(folder, &error))?;
            fs::write(&path, text).map_err(|error| files::unwritable(&path, &error))?;
        }
        let folder = self.folder.display();
        print(&format!(
            "{folder} is a policy now\n  cordon policy build {folder} -o {name}.bundle   puts it into a bundle\n"
        ))
    }
}

/// The folder's name, if a policy may be called so.
fn name(folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins = name.starts_with(|first: char| first.is_ascii_lowercase());
    if begins && name.len() <= 64 && name.bytes().all(plain) {
        return Ok(name.to_owned());
    }
    Err(Failure::wrong(
        "error: the folder's name is not one that a policy can have\n  help: a small letter, then small letters, digits \
         and `-`, 64 at most\n",
    ))
}

/// The path of an SDK as a manifest can have it.
fn sdk_at(folder: &Path) -> Result<String, Failure> {
    let unusable = |why: String| Failure::wrong(format!("error: the SDK, {}, {why}\n", folder.display()));
    let path = folder.canonicalize().map_err(|error| unusable(format!("cannot be read: {error}")))?;
    let manifest = fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
    if !manifest.contains("name = \"cordon-policy-sdk\"") {
        return Err(unusable("is none: expected is policy-wasm/sdk of Cordon's sources".to_owned()));
    }
    match path.to_str() {
        Some(text) if !text.contains(['"', '\\', '\n']) => Ok(text.to_owned()),
        _ => Err(unusable("has a name that cannot stand in a Cargo.toml".to_owned())),
    }
}

/// The version of the contract that this program holds, as major and minor.
fn contract() -> Result<String, Failure> {
    let text = include_str!("../../../../wit/policy.wit");
    let version = text.lines().find_map(|line| line.strip_prefix("package cordon:policy@"));
    let numbers: Vec<&str> = version.unwrap_or_default().trim_end_matches(';').split('.').collect();
    match numbers[..] {
        [major, minor, _] => Ok(format!("{major}.{minor}")),
        _ => Err(Failure::failed("error: the contract of this program has no version\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skeleton_fits_what_it_is_built_with() {
        assert_eq!(contract().expect("a version"), "0.2");
        let bindings = SDK.iter().find(|(path, _)| *path == "sdk/src/bindings.rs").expect("it is there").1;
        assert_eq!(bindings.matches(CONTRACT.0).count(), 1);
        let workspace = include_str!("../../../../Cargo.toml");
        let line = workspace.lines().find(|line| line.starts_with("wit-bindgen = ")).expect("a dependency");
        let sdk = SDK.iter().find(|(path, _)| *path == "sdk/Cargo.toml").expect("it is there").1;
        assert!(sdk.contains(line), "the SDK of a new policy has another wit-bindgen than {line}");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy-wasm/sdk/src");
        let there = fs::read_dir(sources).expect("the SDK").count();
        assert_eq!(SDK.len(), there + 2, "a file of the SDK is missing from new policies");
    }
}
