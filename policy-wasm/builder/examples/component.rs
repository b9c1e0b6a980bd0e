//! What authors of policies in Rust and C need besides their compiler: a component of a crate, bindings for C, and a
//! component of a module that was linked with them. `wit-bindgen` and `wasm-tools` do the last two as well.
//!
//! ```text
//! component crate FOLDER COMPONENT     compiles the crate in FOLDER, with what the compiler keeps in target/
//! component bindings WIT FOLDER        writes policy.h, policy.c and policy_component_type.o into FOLDER
//! component encode MODULE COMPONENT    makes a component of a module
//! ```

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

const USAGE: &str = "component crate FOLDER COMPONENT | bindings WIT FOLDER | encode MODULE COMPONENT";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["crate", folder, component] => compile(Path::new(folder), Path::new(component)),
        ["bindings", wit, folder] => bindings(Path::new(wit), Path::new(folder)),
        ["encode", module, component] => encode(Path::new(module), Path::new(component)),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compile(folder: &Path, component: &Path) -> Result<(), Box<dyn Error>> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    Ok(fs::write(component, cordon_policy_builder::build(folder, &target)?)?)
}

fn bindings(wit: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let world = resolve.select_world(&[package], None)?;
    let mut files = Files::default();
    wit_bindgen_c::Opts::default().build().generate(&mut resolve, world, &mut files)?;
    fs::create_dir_all(folder)?;
    for (name, contents) in files.iter() {
        fs::write(folder.join(name), contents)?;
    }
    Ok(())
}

fn encode(module: &Path, component: &Path) -> Result<(), Box<dyn Error>> {
    Ok(fs::write(component, cordon_policy_builder::encode(&fs::read(module)?)?)?)
}
