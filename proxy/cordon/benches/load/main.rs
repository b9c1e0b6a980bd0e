//! What a proxy does under load: `cargo bench -p cordon --bench load`, or `-- overload`.
//!
//! `load`: the command `cordon serve` before two hosts, each a process of its own. 10,000 connections that are mostly idle
//! (a request every 20 s) and 1,000 that ask without a pause, for 60 s, while one of the two hosts is killed and comes back
//! again and again. Every answer is compared with what the caller may see; the proxy's resident memory is told on the way.
//!
//! `overload`: a host that works on 32 requests at a time, and eleven times as many callers as are usual, with and without
//! a limit on what is under way. What matters is the ratio of the latencies within the run.
//!
//! Each process needs about 12,000 file descriptors (`ulimit -n`).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

mod client;
mod host;
mod overload;
mod proxy;

use std::time::Duration;

use client::{Clients, Tally};
use host::Host;
use proxy::Proxy;

const IDLE: usize = 10_000;
const BUSY: usize = 1_000;
const TIME: Duration = Duration::from_secs(60);
/// Between two requests on a connection that is mostly idle: less than the proxy keeps one that is.
const PAUSE: Duration = Duration::from_secs(20);
/// How long a host lives, and how long it is away.
const LIFE: Duration = Duration::from_secs(3);
const DEATH: Duration = Duration::from_secs(2);

fn main() {
    // In a process of its own.
    if let Ok(port) = std::env::var(host::PORT) {
        return host::run(port.parse().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match std::env::args().skip(1).find(|argument| !argument.starts_with('-')).as_deref() {
        None | Some("load") => runtime.block_on(load()),
        Some("overload") => runtime.block_on(overload::run()),
        Some(other) => panic!("`{other}` is neither `load` nor `overload`"),
    }
}

async fn load() {
    let (steady, mut mortal) = (Host::start(None).await, Host::start(None).await);
    let proxy = Proxy::start(&[steady.port, mortal.port], "[limits]\nrequests = 20000\n").await;
    let mut memory = vec![("at the start", proxy.resident())];
    let idle = Clients::connect(proxy.port, IDLE, PAUSE).await;
    memory.push(("10,000 idle", proxy.resident()));
    let busy = Clients::connect(proxy.port, BUSY, Duration::ZERO).await;
    let begun = tokio::time::Instant::now();
    tokio::time::sleep(LIFE).await;
    memory.push(("after 3 s", proxy.resident()));
    let mut kills = 0;
    let mut is_half = false;
    while begun.elapsed() < TIME {
        mortal.kill();
        kills += 1;
        tokio::time::sleep(DEATH).await;
        mortal.come_back();
        tokio::time::sleep(LIFE).await;
        if !is_half && begun.elapsed() > TIME / 2 {
            is_half = true;
            memory.push(("after half of it", proxy.resident()));
        }
    }
    memory.push(("at its end", proxy.resident()));
    let (idle, busy) = (idle.end().await, busy.end().await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    memory.push(("10 s after it", proxy.resident()));
    println!("\n{kills} kills of one of two hosts in {:.0} s\n", begun.elapsed().as_secs_f64());
    println!("| connections | requests | failed | median | 99 % |\n|---|--:|--:|--:|--:|");
    row("10,000 mostly idle", &idle);
    row("1,000 busy", &busy);
    println!("\n| resident memory of the proxy | MiB |\n|---|--:|");
    memory.iter().for_each(|(when, bytes)| println!("| {when} | {:.1} |", *bytes as f64 / 1_048_576.0));
    for (number, failure) in idle.failures.iter().chain(&busy.failures).enumerate().take(10) {
        println!("\nfailure {}: {failure}", number + 1);
    }
    drop((steady, mortal, proxy));
    assert!(idle.failed + busy.failed == 0, "requests failed that could have been served");
}

fn row(name: &str, tally: &Tally) {
    let (median, most) = (tally.percentile(50), tally.percentile(99));
    println!(
        "| {name} | {} | {} | {:.1} ms | {:.1} ms |",
        tally.served,
        tally.failed,
        median.as_secs_f64() * 1000.0,
        most.as_secs_f64() * 1000.0
    );
}
