//! Compiles the default policy with the host, so that both come from the same sources.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

/// What the component is made from, seen from the workspace's root.
const SOURCES: [&str; 7] = [
    "policy-wasm/isolation/src",
    "policy-wasm/isolation/Cargo.toml",
    "policy-wasm/sdk/src",
    "policy-wasm/sdk/build.rs",
    "policy-wasm/sdk/Cargo.toml",
    "wit/policy.wit",
    "Cargo.lock",
];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    for source in SOURCES {
        println!("cargo::rerun-if-changed=../../{source}");
    }
    match cordon_policy_builder::build(&here.join("../isolation"), &out_dir) {
        Ok(component) => Ok(fs::write(out_dir.join("policy.wasm"), component)?),
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            Ok(())
        }
    }
}
