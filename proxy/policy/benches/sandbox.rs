//! What a policy costs: `cargo bench -p cordon-policy [-- --json]`.
//!
//! The default policy with the rules of the demo, beside a component that does nothing. Each figure is the median of
//! some rounds.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::missing_docs_in_private_items,
    unreachable_pub,
    missing_docs,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

#[path = "../tests/support/bare.rs"]
mod bare;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_policy::{
    CacheOptions, CompiledFolder, Directory, Engine, EngineOptions, Exchange, Field, LoadOptions, Policy,
    Request, ResponsePlan, Rights, Scope, Sections,
};
use cordon_rewrite::{Batch, Judge, Scalar, Value};

const RULES: &str = include_str!("../../../examples/demo/rules.toml");
const ROUNDS: usize = 31;

fn main() {
    let default = measure(cordon_policy_component::COMPONENT, RULES);
    let nothing = measure(&bare::component(""), "");
    if std::env::args().any(|argument| argument == "--json") {
        println!("{{\"default policy\": {}, \"nothing\": {}}}", json(&default), json(&nothing));
        return;
    }
    println!("| | default policy | component that does nothing |\n|---|--:|--:|");
    for (name, time) in &default {
        let beside = nothing.iter().find(|(other, _)| other == name);
        let beside = beside.map_or("–".to_owned(), |(_, time)| shown(*time));
        println!("| {name} | {} | {beside} |", shown(*time));
    }
}

type Times = Vec<(&'static str, Duration)>;

fn json(times: &Times) -> String {
    let times: Vec<String> =
        times.iter().map(|(name, time)| format!("\"{name}, ns\": {}", time.as_nanos())).collect();
    format!("{{{}}}", times.join(", "))
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.2} µs") } else { format!("{:.1} ms", micros / 1000.0) }
}

fn measure(component: &[u8], rules: &str) -> Times {
    let mut times = Times::new();
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let nothing = CacheOptions { entries: 1, bytes: 0 };
    let forgetful = EngineOptions { decisions: nothing, plans: nothing, verdicts: nothing, ..options() };
    let forgetful = Engine::new(forgetful).unwrap();

    times.push((
        "load, compiling",
        median(5, 1, |_| {
            black_box(Policy::load(&engine, component, rules).unwrap());
        }),
    ));
    let place = tempfile::tempdir().unwrap();
    let folder = CompiledFolder::open(&place.path().join("code")).unwrap();
    let kept = LoadOptions { compiled: Some(&folder), ..LoadOptions::default() };
    Policy::load_with(&engine, component, rules, &kept).unwrap();
    times.push((
        "load, code kept",
        median(ROUNDS, 1, |_| {
            assert!(black_box(Policy::load_with(&engine, component, rules, &kept).unwrap()).was_kept());
        }),
    ));
    let changed = |round: usize| format!("{rules}\n# {round}\n");
    if !rules.is_empty() {
        times.push((
            "load, code kept, rules changed",
            median(5, 1, |round| {
                black_box(Policy::load_with(&engine, component, &changed(round), &kept).unwrap());
            }),
        ));
    }

    let fresh = Arc::new(Policy::load(&forgetful, component, rules).unwrap());
    let warm = Arc::new(Policy::load(&engine, component, rules).unwrap());
    let scope = scope();
    let town: Arc<dyn Directory> = Arc::new(Town(1));
    let on = |policy: &Arc<Policy>, directory: &Arc<dyn Directory>| {
        Exchange::new(Arc::clone(policy), Arc::clone(directory), Arc::clone(&scope), 0)
    };
    let request = Request { method: "GET".into(), query: vec![], values: vec![] };
    times.push((
        "sandbox + authorize",
        median(ROUNDS, 1000, |_| {
            black_box(on(&fresh, &town).authorize(&request).unwrap());
        }),
    ));
    times.push((
        "sandbox + plan, compiled for the editor",
        median(ROUNDS, 200, |_| {
            black_box(on(&fresh, &town).plan().unwrap());
        }),
    ));
    times.push((
        "decision from the cache",
        median(ROUNDS, 10_000, |_| {
            black_box(on(&warm, &town).authorize(&request).unwrap());
        }),
    ));
    times.push((
        "plan from the cache",
        median(ROUNDS, 10_000, |_| {
            black_box(on(&warm, &town).plan().unwrap());
        }),
    ));
    let towns: [Arc<dyn Directory>; 2] = [Arc::new(Town(2)), Arc::new(Town(3))];
    times.push((
        "plan from the cache, at another revision",
        median(ROUNDS, 10_000, |round| {
            black_box(on(&warm, &towns[round % 2]).plan().unwrap());
        }),
    ));
    if let Some(keys) = keys(&on(&warm, &town)) {
        let batch = batch(keys, 100);
        let exchange = on(&fresh, &town);
        exchange.plan().unwrap();
        times.push(("sandbox + judge 100 records", median(ROUNDS, 100, |_| judge(&exchange, &batch))));
        let exchange = on(&warm, &town);
        exchange.plan().unwrap();
        judge(&exchange, &batch);
        times.push(("100 verdicts from the cache", median(ROUNDS, 1000, |_| judge(&exchange, &batch))));
    }
    times
}

fn options() -> EngineOptions {
    EngineOptions { check_every: 0, ..EngineOptions::default() }
}

/// How many values the plan asks to see of each record of its first set.
fn keys(exchange: &Exchange) -> Option<usize> {
    match &exchange.plan().unwrap().response {
        ResponsePlan::Edit(plan) => plan.spec().sets.first().map(|set| set.keys.len()),
        ResponsePlan::Empty | ResponsePlan::Pass => None,
    }
}

fn batch(keys: usize, records: usize) -> Batch {
    let mut batch = Batch::new(keys);
    for record in 0..records {
        let project = format!("p{}", record % 10);
        let mut values = vec![Value::Absent; keys];
        values[0] = Value::One(Scalar::Text(&project));
        batch.push(&values);
    }
    batch
}

fn judge(exchange: &Exchange, batch: &Batch) {
    let mut verdicts = Vec::new();
    exchange.judge().judge(0, batch, &mut verdicts).unwrap();
    assert_eq!(verdicts.len(), batch.len());
    black_box(verdicts);
}

fn scope() -> Arc<Scope> {
    let projects = (0..3).map(|project| format!("p{project}")).collect();
    Arc::new(Scope::new(projects, Rights::default(), Sections::All, None))
}

/// The median time of a step, over some rounds of so many steps.
fn median(rounds: usize, steps: usize, mut step: impl FnMut(usize)) -> Duration {
    let mut count = 0;
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..steps {
                step(count);
                count += 1;
            }
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2] / u32::try_from(steps).unwrap()
}

/// Ten contact fields, and queues that belong to the project of their number.
struct Town(u64);

impl Directory for Town {
    fn revision(&self) -> u64 {
        self.0
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        let field = |number: usize| Field {
            key: format!("field_{number}"),
            projects: vec![format!("p{}", number % 4)],
            system: number == 0,
            hidden: number == 9,
        };
        (0..10).map(field).collect()
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        match kind {
            "project" => Some(vec![id.to_owned()]),
            _ => id.strip_prefix('q').map(|project| vec![format!("p{project}")]),
        }
    }

    fn single_project(&self, kind: &str) -> bool {
        kind == "queue"
    }

    fn fields_version(&self, _: &str) -> u64 {
        1
    }

    fn projects_version(&self, _: &str, _: &str) -> u64 {
        1
    }

    fn single_project_version(&self, _: &str) -> u64 {
        1
    }
}
