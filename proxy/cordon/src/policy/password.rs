//! Passwords: from the environment or from a file, never from the command line, which everybody on the machine sees.

use std::env;
use std::path::Path;

use super::files::text;
use crate::Failure;

/// The password in a file, without the end of its line, or in a variable of the environment. It may be empty, but must
/// be said.
pub(super) fn read(file: Option<&Path>, variable: &str) -> Result<String, Failure> {
    match given(file, variable)? {
        Some(password) => Ok(password),
        None => Err(Failure::wrong(format!(
            "error: there is no password\n  help: set {variable}, or name a file with `--password-file`\n"
        ))),
    }
}

/// The same, or nothing if nobody says anything.
pub(super) fn given(file: Option<&Path>, variable: &str) -> Result<Option<String>, Failure> {
    let Some(file) = file else {
        return match env::var(variable) {
            Ok(password) => Ok(Some(password)),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => {
                Err(Failure::wrong(format!("error: {variable} is no text\n")))
            }
        };
    };
    let password = text(file, "the password's file")?;
    let password = password.strip_suffix('\n').unwrap_or(&password);
    Ok(Some(password.strip_suffix('\r').unwrap_or(password).to_owned()))
}
