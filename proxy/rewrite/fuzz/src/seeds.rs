//! Inputs to begin with: the bodies of the corpus's cases, each with some plans.

use std::path::Path;
use std::{fs, io};

use crate::support::case::Case;

/// Plans that each body is written with.
const PLANS: u8 = 3;

/// Writes the bodies of all cases below a folder into those of the targets.
///
/// # Errors
/// What cannot be read or written.
pub fn write(cases: &Path, corpus: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cases)? {
        let path = entry?.path();
        if path.is_dir() {
            write(&path, corpus)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            write_case(&path, corpus)?;
        }
    }
    Ok(())
}

fn write_case(path: &Path, corpus: &Path) -> io::Result<()> {
    let case: Case = toml::from_str(&fs::read_to_string(path)?).map_err(io::Error::other)?;
    if case.input.is_none() && case.input_hex.is_none() {
        return Ok(());
    }
    let target = if case.plan.embedded.is_empty() { case.plan.format.as_deref() } else { Some("embedded") };
    let folder = corpus.join(target.unwrap_or("json"));
    fs::create_dir_all(&folder)?;
    let topic = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let body = case.body();
    // Any number will do that differs from case to case and stays the same.
    let number = name.bytes().fold(0u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    for plan in 0..PLANS {
        let head = [number.wrapping_add(plan * 7) % 192, 0, number, plan];
        fs::write(folder.join(format!("{topic}-{name}-{plan}")), [&head[..], &body].concat())?;
    }
    Ok(())
}
