//! What a large directory costs: `cargo bench -p cordon-directory --bench scale`.
//!
//! 10,000 projects, 100,000 users, 10,000 fields and 1,000,000 objects, at 1, 10 and 100 % of that. Each part runs in a
//! process of its own, whose memory is then its own. What matters of the first table is that the columns of one line
//! do not grow from left to right.
//!
//! After `--`: `--json` prints one JSON object instead of tables; `--percent=10` measures that size only (several may be
//! given); `--memory-only` leaves out the databases. PostgreSQL is left out where it is not installed.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

mod database;
mod directory;
mod memory;
#[path = "../../tests/database/server.rs"]
#[expect(dead_code, reason = "tests do more with a server")]
mod server;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use server::Server;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1, 10, 100];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let all = |name: &str| -> Vec<&str> {
        arguments.iter().filter_map(|argument| argument.strip_prefix(name)).collect()
    };
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let sizes: Vec<usize> = all("--percent=").iter().map(|percent| percent.parse().unwrap()).collect();
    if let [part] = all("--part=")[..] {
        let url = all("--url=").first().map(|url| (*url).to_owned()).unwrap_or_default();
        println!("{}", run(part, sizes[0], &url));
        return;
    }
    let sizes = if sizes.is_empty() { SIZES.to_vec() } else { sizes };
    let in_memory: Vec<Value> = sizes.iter().map(|percent| child("memory", *percent, "")).collect();
    let (mut sqlite, mut postgres) = (Vec::new(), Vec::new());
    if !has("--memory-only") {
        let server = Server::start();
        for percent in &sizes {
            let folder = tempfile::tempdir().unwrap();
            sqlite.push(in_database(*percent, &url_of_file(folder.path())));
            if let Some(server) = &server {
                postgres.push(in_database(*percent, server.url()));
            }
        }
    }
    if has("--json") {
        println!(
            "{}",
            json!({ "sizes": sizes, "memory": in_memory, "sqlite": sqlite, "postgresql": postgres })
        );
        return;
    }
    table("in memory", &memory::LINES, &sizes, &in_memory);
    table("SQLite", &database::LINES, &sizes, &sqlite);
    table("PostgreSQL", &database::LINES, &sizes, &postgres);
}

fn run(part: &str, percent: usize, url: &str) -> Value {
    match part {
        "memory" => memory::measure(percent),
        "fill" => database::fill(percent, url),
        "open" => database::open(percent, url),
        "switch" => database::switch(url),
        "verify" => database::verify(url),
        other => panic!("there is no part {other}"),
    }
}

fn url_of_file(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("cordon.db").display())
}

/// What the parts tell together.
fn in_database(percent: usize, url: &str) -> Value {
    let mut told = json!({});
    for part in ["fill", "open", "switch", "verify"] {
        let part = child(part, percent, url);
        told.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    }
    told
}

fn child(part: &str, percent: usize, url: &str) -> Value {
    let program = std::env::current_exe().unwrap();
    let arguments = [format!("--part={part}"), format!("--percent={percent}"), format!("--url={url}")];
    let output = Command::new(program).args(arguments).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{part} at {percent} %");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn table(title: &str, lines: &[(&str, &str)], sizes: &[usize], measured: &[Value]) {
    if measured.is_empty() {
        return;
    }
    let heads: Vec<String> = sizes.iter().map(|percent| format!("{percent} %")).collect();
    println!("| {title} | {} |\n|---|{}", heads.join(" | "), "--:|".repeat(sizes.len()));
    for (name, unit) in lines {
        let cells: Vec<String> = measured.iter().map(|size| format!("{} {unit}", size[name])).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    println!();
}

/// Bytes of memory that the process has.
fn resident() -> usize {
    status("VmRSS:")
}

/// Bytes of memory that the process had at the most.
fn peak() -> usize {
    status("VmHWM:")
}

/// Milliseconds that the process has had a processor, which say more than its time on a machine with other work.
fn processor() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    // The 14th and 15th of the line, in hundredths of a second.
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
    ticks.sum::<u64>() * 10
}

fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}
