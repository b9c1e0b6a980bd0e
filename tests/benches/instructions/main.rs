//! A guard over what an exchange costs: it counts instructions, which do not depend on how busy a machine is, and
//! allocations, and fails if one of them has grown by more than 5 % over the recorded figure.
//!
//! - `cargo test --bench instructions`: as the everyday tests do, in the dev profile, against `dev.toml`
//! - `cargo bench -p cordon-tests --bench instructions`: optimised as what is shipped, against `release.toml`
//! - with `CORDON_RECORD=1`: writes the figures down instead of comparing them. Do so where a growth is what a change is
//!   worth, or where figures have fallen, and say why in the commit.
//!
//! It needs valgrind (`apt-get install valgrind`), whose callgrind counts. One process runs all subjects, and says at a
//! [`boundary`] that the next one begins. Valgrind tells every program the same of the processor, so the same kernels are
//! counted everywhere.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

mod figures;
mod line;
mod subjects;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use figures::{Figure, Figures};
use subjects::{Site, Subject};

/// How often a subject is run.
const TIMES: u64 = 40;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--count") {
        let site = Site::open();
        for subject in Subject::ALL {
            boundary();
            site.run(subject, TIMES);
        }
        boundary();
        return ExitCode::SUCCESS;
    }
    if !has_valgrind() {
        let missing = "valgrind, which counts instructions, is not installed: `apt-get install valgrind`";
        if std::env::var_os("CI").is_some() {
            eprintln!("{missing}");
            return ExitCode::FAILURE;
        }
        println!("skipped: {missing}");
        return ExitCode::SUCCESS;
    }
    let site = Site::open();
    let counts = count();
    let measured: Vec<_> = Subject::ALL
        .into_iter()
        .zip(counts)
        .map(|(subject, count)| {
            let allocations = site.allocations(subject, TIMES) / TIMES;
            let figure = Figure { instructions: count / TIMES, allocations };
            (subject, figure)
        })
        .collect();
    assert_eq!(measured.len(), Subject::ALL.len(), "callgrind has seen every boundary");
    Figures::of(&measured).settle()
}

/// Where callgrind writes down what it has counted, and begins anew.
#[inline(never)]
fn boundary() {
    std::hint::black_box(());
}

fn has_valgrind() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Instructions of all runs of each subject.
fn count() -> Vec<u64> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counted");
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(&file);
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--dump-before=*instructions*boundary*"])
        .arg(out)
        .arg(std::env::current_exe().unwrap())
        .arg("--count")
        .output()
        .unwrap();
    assert!(output.status.success(), "under valgrind: {}", String::from_utf8_lossy(&output.stderr));
    // The first part is what was before the first boundary.
    (2..).map_while(|part| total(&file.with_extension(part.to_string()))).collect()
}

/// What one of callgrind's files says in all.
fn total(file: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
    Some(total.trim().parse().unwrap())
}
