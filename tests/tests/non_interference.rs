//! Two backends that differ only in what a caller may not see give that caller byte-equal responses: status, headers
//! but `Date`, and body.
//!
//! Worlds are made up: a directory, a rules file with every construct of `RULES.md`, callers. In each, bodies are made
//! up and then changed at random; a change is kept if an independent oracle says that the caller's view is the same.
//! Both bodies are served, in different framing, coding and company of headers, and the two responses compared, with
//! each other and with what the oracle says.
//!
//! `CORDON_CASES` is the number of cases (500; CI runs it with 10,000 too); a failing world is run again by `CORDON_SEED`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "non_interference/body.rs"]
mod body;
#[path = "non_interference/dice.rs"]
mod dice;
#[path = "non_interference/oracle.rs"]
mod oracle;
#[path = "non_interference/scene.rs"]
mod scene;
#[path = "non_interference/text.rs"]
mod text;
#[path = "non_interference/world.rs"]
mod world;

use crate::scene::{Leak, Scene, Tally};

/// Cases for the rules and directory of one world: loading rules compiles Wasm, and costs as much as many cases.
fn cases_per_world(cases: usize) -> usize {
    (cases / 10).clamp(1, 150)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_may_not_see_changes_nothing() {
    let cases = usize::try_from(variable("CORDON_CASES").unwrap_or(500)).unwrap();
    let per_world = cases_per_world(cases);
    let seeds: Vec<u64> = match variable("CORDON_SEED") {
        Some(seed) => vec![seed],
        None => (1..=u64::try_from(cases.div_ceil(per_world)).unwrap()).collect(),
    };
    let mut tally = Tally::default();
    for seeds in seeds.chunks(2) {
        let worlds = seeds.iter().map(|&seed| tokio::spawn(world(seed, per_world)));
        for world in worlds.collect::<Vec<_>>() {
            match world.await.expect("a world that does not panic") {
                Ok(counts) => tally.add(&counts),
                Err(failure) => panic!("{failure}"),
            }
        }
    }
    println!("{tally}");
    if cases >= 500 && variable("CORDON_SEED").is_none() {
        tally.assert_covered();
    }
}

async fn world(seed: u64, cases: usize) -> Result<Tally, String> {
    let mut scene = Scene::new(seed, Leak::None).await;
    for case in 0..cases {
        if let Err(failure) = scene.case().await {
            return Err(format!("CORDON_SEED={seed}, case {case}: {failure}\n{}", scene.describe()));
        }
    }
    Ok(scene.tally)
}

/// The test can fail: rules that let a field of every project through, or forward the backend's total, are found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaky_rules_are_found_out() {
    for leak in [Leak::Field, Leak::Total, Leak::Record] {
        let mut found = None;
        'worlds: for seed in 1..=8 {
            let mut scene = Scene::new(seed, leak).await;
            for case in 0..150 {
                if let Err(failure) = scene.case().await {
                    found = Some((seed, case, failure));
                    break 'worlds;
                }
            }
        }
        let (seed, case, failure) = found.unwrap_or_else(|| panic!("{leak:?} went unnoticed"));
        assert!(failure.contains("interference"), "{leak:?} was noticed by something else: {failure}");
        println!("{leak:?} found out in world {seed}, case {case}");
    }
}
