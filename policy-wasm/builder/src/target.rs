//! The target that policies are compiled for, and how it gets onto the machine.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use crate::error::BuildError;
use crate::nested;

/// Without WASI: what a component does not import, nobody has to forbid.
pub(crate) const NAME: &str = "wasm32-unknown-unknown";

/// Installs the target unless it is there.
pub(crate) fn ensure() -> Result<(), BuildError> {
    if installed()? {
        return Ok(());
    }
    let reason = match run("rustup".as_ref(), &["target", "add", NAME]) {
        Ok(output) if output.status.success() => {
            "it was installed, but not where rustc looks for it".to_owned()
        }
        Ok(output) => last_line(&output.stderr),
        Err(error) => error.to_string(),
    };
    // Another build may have been faster.
    if installed()? { Ok(()) } else { Err(BuildError::TargetMissing { reason }) }
}

fn installed() -> Result<bool, BuildError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = run(&rustc, &["--print", "target-libdir", "--target", NAME])?;
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && Path::new(folder.trim()).is_dir())
}

fn run(program: &OsStr, arguments: &[&str]) -> Result<Output, BuildError> {
    let mut command = Command::new(program);
    nested::forget_surroundings(&mut command);
    command
        .args(arguments)
        .output()
        .map_err(|source| BuildError::Tool { program: program.to_string_lossy().into_owned(), source })
}

fn last_line(output: &[u8]) -> String {
    let output = String::from_utf8_lossy(output);
    output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("rustup said nothing").trim().to_owned()
}
