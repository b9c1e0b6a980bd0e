//! More callers than the backend can work for: those who are admitted are to be served as if the others were not there.

use std::time::Duration;

use crate::client::{Clients, Tally};
use crate::host::Host;
use crate::proxy::Proxy;

/// What the host works on at a time.
const PLACES: usize = 32;
/// The usual callers, and those who come on top.
const USUAL: usize = 32;
const MORE: usize = 320;
const TIME: Duration = Duration::from_secs(10);

pub(crate) async fn run() {
    println!("\n| limit | callers | served | shed | failed | median | 99 % |\n|---|--:|--:|--:|--:|--:|--:|");
    let unlimited = "[limits]\nrequests = 20000\n";
    let limited = "[limits]\nrequests = 48\n";
    let usual = measure("none", unlimited, USUAL).await;
    let without = measure("none", unlimited, USUAL + MORE).await;
    let with = measure("48 requests", limited, USUAL + MORE).await;
    let ratio = |tally: &Tally, percent| {
        tally.percentile(percent).as_secs_f64() / usual.percentile(percent).as_secs_f64()
    };
    println!("\n| {} callers ÷ {USUAL} callers | median | 99 % |\n|---|--:|--:|", USUAL + MORE);
    println!("| without a limit | {:.2} | {:.2} |", ratio(&without, 50), ratio(&without, 99));
    println!("| with one | {:.2} | {:.2} |", ratio(&with, 50), ratio(&with, 99));
}

async fn measure(name: &str, settings: &str, callers: usize) -> Tally {
    let host = Host::start(Some(PLACES)).await;
    let proxy = Proxy::start(&[host.port], settings).await;
    // Those who are shed at first have not been served, but they are there.
    let clients = Clients::connect(proxy.port, callers, Duration::ZERO).await;
    tokio::time::sleep(TIME).await;
    let tally = clients.end().await;
    println!(
        "| {name} | {callers} | {} | {} | {} | {:.1} ms | {:.1} ms |",
        tally.served,
        tally.shed,
        tally.failed,
        tally.percentile(50).as_secs_f64() * 1000.0,
        tally.percentile(99).as_secs_f64() * 1000.0
    );
    tally
}
