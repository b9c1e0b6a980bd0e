//! A cargo within a cargo.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::BuildError;
use crate::target;

/// What the release profile becomes for a policy: small and fast, whatever the workspace around it chooses.
const PROFILE: [&str; 7] = [
    "profile.release.opt-level=3",
    "profile.release.lto=\"fat\"",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.strip=true",
    "profile.release.debug=false",
    "profile.release.incremental=false",
];

/// Variables that tell a program what the cargo around it was told.
const TOLD: [&str; 16] = [
    "DEBUG",
    "HOST",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "RUSTC_LINKER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "RUST_BACKTRACE",
    "TARGET",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
];

/// Beginnings of variables that stay although they begin with `CARGO_`: where registries are and how they are
/// reached, and the job server, so that both cargos together use no more processors than one.
const STAYING: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
];

/// Builds the library of a crate for the policies' target.
pub(crate) fn cargo_build(manifest_dir: &Path, target_dir: &Path) -> Result<(), BuildError> {
    let manifest = manifest_dir.join("Cargo.toml");
    let mut command = cargo();
    command.arg("build").arg("--lib").arg("--release").args(["--target", target::NAME]);
    command.arg("--manifest-path").arg(&manifest).arg("--target-dir").arg(target_dir);
    for setting in PROFILE {
        command.arg("--config").arg(setting);
    }
    let root = workspace(&manifest)?;
    if root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    // Set, this variable outranks whatever flags a configuration file has.
    command.env("CARGO_ENCODED_RUSTFLAGS", remapped(&root));
    let output = output(&mut command)?;
    if output.status.success() {
        Ok(())
    } else {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(BuildError::Compile { manifest_dir: manifest_dir.to_owned(), output })
    }
}

/// Takes from a command what the cargo that runs this build script was told.
pub(crate) fn forget_surroundings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_told) {
            command.env_remove(name);
        }
    }
}

fn is_told(name: &str) -> bool {
    TOLD.contains(&name)
        || name == "CARGO_ENCODED_RUSTFLAGS"
        || (name.starts_with("CARGO_") && !STAYING.iter().any(|staying| name.starts_with(staying)))
        || name.starts_with("DEP_")
}

/// The root of the workspace that a crate belongs to.
fn workspace(manifest: &Path) -> Result<PathBuf, BuildError> {
    let mut command = cargo();
    command
        .args(["locate-project", "--workspace", "--message-format", "plain", "--manifest-path"])
        .arg(manifest);
    let output = output(&mut command)?;
    let root = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    match root.parent() {
        Some(folder) if output.status.success() => Ok(folder.to_owned()),
        _ => Err(BuildError::Compile {
            manifest_dir: manifest.to_owned(),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
    }
}

/// Flags that keep this machine's paths out of the component, so that its digest is the same on every machine.
fn remapped(root: &Path) -> OsString {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = OsString::new();
    for (from, to) in [(Some(root.to_owned()), "/policy"), (home, "/cargo")] {
        if let Some(from) = from {
            if !flags.is_empty() {
                flags.push("\x1f");
            }
            flags.push("--remap-path-prefix=");
            flags.push(from);
            flags.push("=");
            flags.push(to);
        }
    }
    flags
}

fn cargo() -> Command {
    let mut command = Command::new(program());
    forget_surroundings(&mut command);
    command.stdin(Stdio::null());
    command
}

fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| OsStr::new("cargo").to_owned())
}

fn output(command: &mut Command) -> Result<std::process::Output, BuildError> {
    command.output().map_err(|source| BuildError::Tool {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_outer_cargo_was_told_is_forgotten() {
        for name in [
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
            "CARGO_MANIFEST_DIR",
            "CARGO_FEATURE_STD",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTFLAGS",
            "OUT_DIR",
        ] {
            assert!(is_told(name), "{name}");
        }
        for name in ["PATH", "CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_MAKEFLAGS", "RUSTUP_TOOLCHAIN", "HOME"]
        {
            assert!(!is_told(name), "{name}");
        }
    }
}
