//! Everybody beside everybody: call logs of four sizes, passed through and filtered.

use std::io::Write;

use serde_json::Value;

use crate::Fallible;
use crate::compete::{Contestant, Pace, compete};
use crate::figures::Report;
use crate::goal::GOALS;
use crate::load::{fetch, get};
use crate::machine::Machine;
use crate::oracle::{compare, filtered};
use crate::peer::{Job, PEERS, Peer, Started};
use crate::place::Place;
use crate::scenario::{CALLER, token};
use crate::sizes::SIZES;

/// Measures the peers whose names contain one of the words, all if there are none, on the sizes named likewise.
///
/// # Errors
/// If the reference itself cannot be measured.
pub fn run(
    place: &Place,
    pace: Pace,
    peers: &[String],
    sizes: &[String],
    out: &mut impl Write,
) -> Fallible<Report> {
    let wanted =
        |name: &str, words: &[String]| words.is_empty() || words.iter().any(|word| name.contains(word));
    let mut left_out = Vec::new();
    let mut running: Vec<(Peer, Started)> = Vec::new();
    for peer in PEERS.into_iter().filter(|peer| wanted(peer.name, peers)) {
        match peer.start(place) {
            Ok(started) => running.push((peer, started)),
            Err(error) => left_out.push(format!("{}: {error}", peer.name)),
        }
    }
    let mut series = Vec::new();
    for size in
        SIZES.into_iter().filter(|size| sizes.is_empty() || sizes.iter().any(|name| name == size.name))
    {
        let body = size.body();
        let expected = Expected { passed: serde_json::from_slice(&body)?, filtered: filtered(&body)? };
        let mut contestants = Vec::new();
        for (peer, started) in &running {
            let request = get(&peer.path(size.file), &token(CALLER));
            match expected.check(*peer, started, &request) {
                Ok(()) => contestants.push(Contestant::new(peer.name, started, request)),
                Err(error) => left_out.push(format!("{} at {}: {error}", peer.name, size.name)),
            }
        }
        writeln!(out, "{}: {} take turns", size.name, contestants.len())?;
        series.push(compete(size.name, &contestants, pace)?);
    }
    Ok(Report {
        section: "peers",
        title: "Cordon beside its peers",
        machine: Machine::describe(place),
        pace: pace.describe(),
        goals: GOALS.iter().filter_map(|goal| goal.verdict(&series)).collect(),
        series,
        timings: Vec::new(),
        notes: PEERS.iter().map(|peer| format!("{}: {}", peer.name, peer.does_not)).collect(),
        left_out,
    })
}

/// What the answers to one request must be.
struct Expected {
    passed: Value,
    filtered: Value,
}

impl Expected {
    fn check(&self, peer: Peer, started: &Started, request: &[u8]) -> Fallible<()> {
        let (status, body) = fetch(started.address, request)?;
        if status != 200 {
            return Err(format!("status {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        let expected = match peer.job {
            Job::Pass => &self.passed,
            Job::Filter => &self.filtered,
        };
        Ok(compare(&body, expected)?)
    }
}
