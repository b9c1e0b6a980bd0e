//! Hands the contract to `bindgen!` in a form that its parser takes.
//!
//! `own` is a keyword of WIT, so a case of that name has to be written `%own`. Both spellings name the same case of
//! the same contract; this step does nothing once `wit/policy.wit` has the second one. The macro takes its path as a
//! literal only, so that its call is written here too.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[expect(clippy::print_stdout, reason = "this is how a build script talks to cargo")]
fn main() -> Result<(), Box<dyn Error>> {
    let contract = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../wit/policy.wit");
    println!("cargo::rerun-if-changed={}", contract.display());
    let escaped = fs::read_to_string(contract)?.replace("        own(u32),", "        %own(u32),");
    let out_dir = env::var("OUT_DIR")?;
    let folder = Path::new(&out_dir).join("wit");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("policy.wit"), escaped)?;
    let call = format!(
        "wasmtime::component::bindgen!({{ path: {folder:?}, world: \"policy\", imports: {{ default: trappable }} }});\n"
    );
    fs::write(Path::new(&out_dir).join("bindings.rs"), call)?;
    Ok(())
}
