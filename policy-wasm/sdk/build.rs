//! Hands the contract to `wit-bindgen` in a form that its parser takes.
//!
//! `own` is a keyword of WIT, so a case of that name has to be written `%own`. Both spellings name the same case of
//! the same contract; this step does nothing once `wit/policy.wit` has the second one.

use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = env::var("CARGO_MANIFEST_DIR")?;
    let contract = Path::new(&manifest).join("../../wit/policy.wit");
    #[allow(clippy::print_stdout, reason = "this is how a build script talks to cargo")]
    {
        println!("cargo::rerun-if-changed={}", contract.display());
    }
    let escaped = fs::read_to_string(contract)?.replace("        own(u32),", "        %own(u32),");
    let folder = Path::new(&env::var("OUT_DIR")?).join("wit");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("policy.wit"), escaped)?;
    Ok(())
}
