//! Measures the editor beside `memcpy` and beside the libraries that would do its work over a tree, all in one run.
//!
//! ```text
//! cargo bench -p cordon-editor-bench                          every row, about half a minute
//! cargo bench -p cordon-editor-bench -- "171 KB" --json FILE  some rows; the figures as JSON too (or CORDON_BENCH_JSON)
//! cargo bench -p cordon-editor-bench -- --quick               shows that everything runs; the figures mean little
//! RUSTFLAGS="-C target-cpu=native" cargo bench …              what `sonic-rs` asks for: it chooses its SIMD when it is
//!                                                             compiled, the others when they run
//! ```
//!
//! Each row has a body and a job: records of other projects go, of the others some fields go and one is masked, and the
//! total is recounted. Everybody's output is compared with that of an oracle, as values, before anything is timed. Then
//! all have their turns one after the other, round by round (A B C A B C), so that a machine that becomes slower does so
//! for all. What counts is the thread's CPU time; the figures are medians, with half the distance of the quartiles
//! behind `±`. Compare figures within one run only.
//!
//! For a profile of Cordon alone (`perf` without hardware counters: add `-e cpu-clock`):
//!
//! ```text
//! CARGO_PROFILE_BENCH_DEBUG=line-tables-only cargo bench -p cordon-editor-bench --no-run
//! perf record -g BENCH "JSON calls 171" --only cordon --rounds 100 --bench && perf report
//! valgrind --tool=callgrind --dump-instr=yes BENCH "JSON calls 171" --only cordon --quick --bench
//! ```

#![allow(unreachable_pub, reason = "modules of a program")]

mod arguments;
mod cordon;
mod job;
mod lists;
mod measure;
mod reading;
mod rivals;
mod row;
mod table;

use std::error::Error;
use std::io::Write;

use crate::arguments::Arguments;
use crate::measure::{Contestant, compete, pin};
use crate::table::Line;

/// The allocator of the gateway, for everybody.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    let mut out = std::io::stdout().lock();
    let about = about();
    writeln!(out, "{about}\n")?;
    let mut lines = Vec::new();
    let mut left_out = Vec::new();
    for row in row::rows().into_iter().filter(|row| arguments.wants_row(row.name)) {
        let plan = match row.plan() {
            Ok(plan) => plan,
            Err(error) => {
                left_out.push(format!("{}: {error}", row.name));
                continue;
            }
        };
        let contestants = row.contestants(&plan).into_iter().filter(|(name, _)| arguments.wants(name));
        let (names, mut contestants): (Vec<&str>, Vec<Contestant<'_>>) = contestants.unzip();
        let times = compete(&mut contestants, arguments.pace);
        lines.push(Line {
            name: row.name,
            bytes: row.body.len(),
            times: names.into_iter().zip(times).collect(),
        });
    }
    table::print(&mut out, &lines)?;
    for row in &left_out {
        writeln!(out, "\nLeft out: {row}")?;
    }
    let costs =
        if arguments.wants_row("listed fields") { lists::measure(arguments.pace) } else { Vec::new() };
    table::print_lists(&mut out, &costs)?;
    if let Some(file) = &arguments.json {
        let figures = table::machine_readable(&lines, &costs, &left_out, &about);
        std::fs::write(file, serde_json::to_vec_pretty(&figures)?)?;
    }
    Ok(())
}

/// What the figures depend on.
fn about() -> String {
    let core = pin().map_or("on any core".to_owned(), |core| format!("on core {core}"));
    let compiled = match (cfg!(target_feature = "avx2"), cfg!(target_arch = "x86_64")) {
        (true, _) => "for AVX2",
        (false, true) => {
            "for SSE2, of which sonic-rs has no more than that: see RUSTFLAGS in the benchmark's documentation"
        }
        (false, false) => "for the architecture's least",
    };
    format!(
        "Chunks of {} KiB to Cordon, whole bodies to the others; CPU time of one thread {core}; compiled {compiled}.",
        cordon::CHUNK >> 10
    )
}
