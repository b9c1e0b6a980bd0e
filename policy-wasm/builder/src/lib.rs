//! Compiles a policy crate to a WebAssembly component.
//!
//! Made for build scripts: it runs a cargo of its own with a target directory of its own, so that it neither waits for
//! the lock of the cargo that runs the build script nor inherits what that one was told (flags, wrappers, profiles).
//! The target `wasm32-unknown-unknown` is installed when it is missing: it yields components without any WASI import.

mod error;
mod nested;
mod target;

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

pub use error::BuildError;

/// Compiles the policy crate in `manifest_dir`, which has a `cdylib`, and returns the component's bytes.
///
/// What the compiler needs between two runs lies in a folder that is found from `out_dir`: beside the profiles of the
/// target directory, if `out_dir` is the one that cargo gives to build scripts, otherwise inside it. The same sources
/// yield the same bytes, wherever they lie.
///
/// # Errors
/// [`BuildError`], whose text says what to do.
pub fn build(manifest_dir: &Path, out_dir: &Path) -> Result<Vec<u8>, BuildError> {
    let manifest_dir = manifest_dir.canonicalize().map_err(BuildError::io("read", manifest_dir))?;
    target::ensure()?;
    let module = compile(&manifest_dir, &target_dir(&manifest_dir, out_dir))?;
    encode(&module)
}

/// Turns a core module that carries a description of its world, as `wit-bindgen` leaves one, into a component.
///
/// # Errors
/// [`BuildError::Encode`], when the module does not keep to its world.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, BuildError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| BuildError::Encode(format!("{error:#}")))
}

fn compile(manifest_dir: &Path, target_dir: &Path) -> Result<Vec<u8>, BuildError> {
    let modules = target_dir.join(target::NAME).join("release");
    // A module that an earlier name of the crate left would be taken for this one's.
    for module in modules_in(&modules)? {
        fs::remove_file(&module).map_err(BuildError::io("remove", &module))?;
    }
    nested::cargo_build(manifest_dir, target_dir)?;
    match modules_in(&modules)?.as_slice() {
        [module] => fs::read(module).map_err(BuildError::io("read", module)),
        _ => Err(BuildError::NoModule { manifest_dir: manifest_dir.to_owned() }),
    }
}

fn modules_in(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(BuildError::io("read", folder))?;
    let mut modules = Vec::new();
    for entry in entries {
        let path = entry.map_err(BuildError::io("read", folder))?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            modules.push(path);
        }
    }
    Ok(modules)
}

/// One folder per crate, shared by all profiles of the cargo around: `target/policy/NAME` for an `out_dir` of
/// `target/PROFILE/build/CRATE-HASH/out`.
fn target_dir(manifest_dir: &Path, out_dir: &Path) -> PathBuf {
    let name = manifest_dir.file_name().unwrap_or_default();
    let around = out_dir
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "build"))
        .filter(|_| out_dir.file_name().is_some_and(|name| name == "out"))
        .and_then(|build| build.parent()?.parent());
    around.unwrap_or(out_dir).join("policy").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_share_a_folder() {
        let of = |out_dir: &str| target_dir(Path::new("/src/isolation"), Path::new(out_dir));
        assert_eq!(of("/t/debug/build/component-1a2b/out"), Path::new("/t/policy/isolation"));
        assert_eq!(of("/t/release/build/component-3c4d/out"), Path::new("/t/policy/isolation"));
        assert_eq!(of("/elsewhere"), Path::new("/elsewhere/policy/isolation"));
    }

    #[test]
    fn a_module_that_wants_what_its_world_does_not_have_is_refused() {
        // (module (import "env" "x" (func)))
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x09\x01\x03env\x01x\0\0";
        assert!(matches!(encode(module), Err(BuildError::Encode(_))));
        assert!(matches!(encode(b"nonsense"), Err(BuildError::Encode(_))));
    }
}
