//! What can go wrong between a policy's sources and its component.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no component.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The target is missing and could not be installed.
    TargetMissing {
        /// What the attempt to install it said.
        reason: String,
    },
    /// A program of the toolchain could not be started.
    Tool {
        /// Its name.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The crate does not compile.
    Compile {
        /// The crate.
        manifest_dir: PathBuf,
        /// What cargo wrote.
        output: String,
    },
    /// The crate compiles, but not to exactly one Wasm module.
    NoModule {
        /// The crate.
        manifest_dir: PathBuf,
    },
    /// The module cannot be made a component.
    Encode(String),
    /// A file cannot be read or removed.
    Io {
        /// What was tried.
        attempt: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl BuildError {
    pub(crate) fn io(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
        move |source| BuildError::Io { attempt, path: path.to_owned(), source }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BuildError::TargetMissing { reason } => write!(
                f,
                "policies are compiled for a target that is not installed; run `rustup target add {}` ({reason})",
                crate::target::NAME,
            ),
            BuildError::Tool { program, source } => {
                write!(f, "cannot run `{program}`: {source}; install Rust from https://rustup.rs")
            }
            BuildError::Compile { manifest_dir, output } => {
                write!(f, "the policy in {} does not compile:\n{output}", manifest_dir.display())
            }
            BuildError::NoModule { manifest_dir } => write!(
                f,
                "the policy in {} yields no Wasm module; put `[lib] crate-type = [\"cdylib\", \"rlib\"]` into its \
                 Cargo.toml",
                manifest_dir.display(),
            ),
            BuildError::Encode(reason) => write!(f, "the policy's module is not a component: {reason}"),
            BuildError::Io { attempt, path, source } => {
                write!(f, "cannot {attempt} {}: {source}", path.display())
            }
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            BuildError::Tool { source, .. } | BuildError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
