//! Tools and corpora that are not part of the repository. Where one is missing a test says so and passes as skipped;
//! in CI, where the environment has `CI`, it must be there.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// A program that the script `tests/install-tools.sh` installs into `.tools`, or that stands on `PATH`.
///
/// # Panics
/// In CI, if it is neither here nor there.
pub fn tool(name: &str) -> Option<PathBuf> {
    let installed = workspace().join(".tools").join(name).join("bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::iter::once(installed)
        .chain(std::env::split_paths(&path).map(|folder| folder.join(name)))
        .find(|file| file.is_file());
    found.or_else(|| missing(name, "install it with `bash tests/install-tools.sh`"))
}

/// A folder of files shared beside the workspace.
///
/// # Panics
/// In CI, if it is not there.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let place = workspace().join("../shared").join(folder);
    if place.is_dir() {
        return Some(place);
    }
    missing(&format!("../shared/{folder}"), "put the folder beside the workspace")
}

/// Says that something is missing, and what to do.
///
/// # Panics
/// In CI.
#[allow(clippy::print_stdout, reason = "whoever runs the tests must see that one was skipped")]
pub fn missing<T>(what: &str, advice: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none(), "{what} is missing, and in CI it must be there: {advice}");
    println!("skipped: {what} is missing; {advice}");
    None
}
