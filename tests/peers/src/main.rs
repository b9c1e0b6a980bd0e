//! Measures what Cordon costs beside other proxies, all in one run, and writes the figures down.
//!
//! What is measured, how, and what that means: tests/peers/README.md.

#![allow(unreachable_pub, reason = "modules of a program")]

mod arguments;
mod bare;
mod chart;
mod compete;
mod figures;
mod goal;
mod load;
mod machine;
mod oracle;
mod peer;
mod place;
mod process;
mod record;
mod reply;
mod scenario;
mod section;
mod sizes;
mod statistics;
mod table;

use std::error::Error;
use std::io::{StdoutLock, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use crate::arguments::{Arguments, Measured, Task};
use crate::compete::Pace;
use crate::figures::Report;
use crate::place::Place;

/// The allocator of `cordon`, for the bare proxy too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A result whose error is for people.
type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::BareProxy { listen, backend } => bare::serve(listen, backend),
        Task::Peers { measured, only, sizes, readme } => measure(&measured, |place, pace, out| {
            let report = section::peers::run(place, pace, &only, &sizes, out)?;
            if let Some(readme) = &readme {
                record::write_readme(&report, readme)?;
            }
            Ok(report)
        }),
        Task::Callers { measured } => measure(&measured, section::callers::run),
        Task::Protocols { measured } => measure(&measured, section::protocols::run),
        Task::Growth { measured } => measure(&measured, |place, pace, out| {
            section::growth::run(place, pace, if measured.quick { 128 } else { 1024 }, out)
        }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(
    measured: &Measured,
    section: impl FnOnce(&Place, Pace, &mut StdoutLock<'static>) -> Fallible<Report>,
) -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    let place = Place::prepare(cordon(measured)?, envoy(measured))?;
    process::stay_on(place.load_core)?;
    let mut pace = if measured.quick { Pace::QUICK } else { Pace::USUAL };
    pace.rounds = measured.rounds.unwrap_or(pace.rounds).max(1);
    let report = section(&place, pace, &mut out)?;
    record::write(&report, &measured.out)?;
    writeln!(out, "\n{}\nwritten to {}", table::page(&report), measured.out.display())?;
    Ok(())
}

/// Envoy: the one named, the one installed beside the sources, or the one on PATH.
fn envoy(measured: &Measured) -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/envoy/bin/envoy");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("envoy"));
    let mut places = std::iter::once(installed).chain(on_path);
    measured.envoy.clone().or_else(|| places.find(|file| file.is_file()))
}

/// The program that is measured: the one named, or one that is built for it.
fn cordon(measured: &Measured) -> Fallible<PathBuf> {
    if let Some(named) = &measured.cordon {
        return Ok(named.canonicalize().map_err(|error| format!("{}: {error}", named.display()))?);
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new("cargo")
        .args(["build", "--release", "--locked", "--bin", "cordon"])
        .current_dir(workspace)
        .status()?;
    if !built.success() {
        return Err("cordon cannot be built".into());
    }
    // This program has been built into the same folder, but for the profile.
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).ok_or("this program lies nowhere")?;
    Ok(target.join("release/cordon"))
}
