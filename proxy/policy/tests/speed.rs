//! What calls cost here and now. Printed and never asserted: `cargo test --release -p cordon-policy --test speed --
//! --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on panics")]

mod support;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_hostile_component::COMPONENT;
use cordon_policy::{Exchange, Policy};
use cordon_rewrite::{Batch, Judge, Scalar, Value};

use support::{LIST, engine, load, request, scope, town};

const ROUNDS: u64 = 20_000;

#[test]
#[ignore = "measures"]
fn calls() {
    let policy = load("well-behaved");
    let scope = scope(&["a"]);
    let exchange = |revision| Exchange::new(Arc::clone(&policy), town(revision), Arc::clone(&scope), LIST);
    let nothing = request(&[]);

    print("sandbox + authorize", ROUNDS, |round| {
        black_box(exchange(round).authorize(&nothing).unwrap());
    });
    print("sandbox + plan + compile", ROUNDS, |round| {
        black_box(exchange(round).plan().unwrap());
    });
    let kept = exchange(1);
    kept.plan().unwrap();
    print("sandbox + judge one record", ROUNDS, |round| {
        black_box(judge(&kept, &[&round.to_string()]));
    });
    let texts: Vec<String> = (0..100).map(|number| format!("record {number}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    judge(&kept, &texts);
    print("judge 100 records from the cache", ROUNDS, |_| {
        black_box(judge(&kept, &texts));
    });
    print("authorize + plan from the caches", ROUNDS, |_| {
        let exchange = exchange(1);
        black_box((exchange.authorize(&nothing).unwrap(), exchange.plan().unwrap()));
    });
    print("load a bundle", 10, |_| {
        black_box(Policy::load(engine(), COMPONENT, "well-behaved").unwrap());
    });
}

fn judge(exchange: &Exchange, projects: &[&str]) -> usize {
    let mut batch = Batch::new(2);
    for project in projects {
        batch.push(&[Value::One(Scalar::Text(project)), Value::Absent]);
    }
    let mut verdicts = Vec::new();
    exchange.judge().judge(0, &batch, &mut verdicts).unwrap();
    verdicts.len()
}

fn print(what: &str, rounds: u64, mut step: impl FnMut(u64)) {
    let mut best = Duration::MAX;
    // Revision 1 is the one that is kept.
    let mut round = 2;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..rounds / 5 {
            step(round);
            round += 1;
        }
        best = best.min(began.elapsed());
    }
    let each = best.as_secs_f64() * 1e6 / (rounds / 5) as f64;
    println!("{what}: {each:.2} µs");
}
