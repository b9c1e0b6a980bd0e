//! What a policy costs, apart from all that is the same for every policy. Printed and never asserted.
#![allow(clippy::print_stdout, reason = "costs are told")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cordon_policy::{Directory, Exchange, Field, Policy, Request, Rights, Scope, Sections};
use cordon_rewrite::{Batch, Judge, Scalar, Value};

const ROUNDS: u64 = 30;
/// Records of a page.
const RECORDS: usize = 25;

/// The shortest of some requests on a page of calls: deciding, planning, judging the records.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Nothing of the policy's answers has been kept.
    first: Duration,
    /// All of them have.
    kept: Duration,
}

impl Cost {
    pub(crate) fn of(policy: &Arc<Policy>) -> Cost {
        let mut cost = Cost { first: Duration::MAX, kept: Duration::MAX };
        for round in 0..ROUNDS {
            // What is kept is kept for those who may see the same.
            cost.first = cost.first.min(request(policy, round));
            cost.kept = cost.kept.min(request(policy, round));
        }
        cost
    }
}

/// Prints a table: language, bytes of the component, whether it starts configured, and its cost, as multiples of the
/// first's.
pub(crate) fn print(costs: &[(&str, u64, bool, Cost)]) {
    let Some((_, _, _, first)) = costs.first() else { return };
    println!("| language | component | rules are read | a request, nothing kept | the same, answers kept |");
    println!("|---|---|---|---|---|");
    for (language, bytes, configured, cost) in costs {
        let read = if *configured { "once" } else { "in every sandbox" };
        let times = cost.first.as_secs_f64() / first.first.as_secs_f64();
        let (micros, kept) = (cost.first.as_micros(), cost.kept.as_micros());
        println!("| {language} | {} KiB | {read} | {micros} µs, × {times:.1} | {kept} µs |", bytes >> 10);
    }
}

fn request(policy: &Arc<Policy>, round: u64) -> Duration {
    let projects = vec!["acme".into(), "globex".into(), format!("project{round}")];
    let scope = Arc::new(Scope::new(projects, Rights::default(), Sections::All, None));
    let queues: Vec<String> = (0..RECORDS).map(|queue| queue.to_string()).collect();
    let began = Instant::now();
    let exchange = Exchange::new(Arc::clone(policy), Arc::new(Town), scope, 0);
    let asked = Request { method: "GET".into(), query: vec!["page".into()], values: Vec::new() };
    exchange.authorize(&asked).unwrap();
    exchange.plan().unwrap();
    let mut batch = Batch::new(4);
    for queue in &queues {
        batch.push(&[Value::Absent, Value::One(Scalar::Number(queue)), Value::Absent, Value::Absent]);
    }
    let mut verdicts = Vec::new();
    exchange.judge().judge(0, &batch, &mut verdicts).unwrap();
    assert_eq!(verdicts.len(), RECORDS);
    began.elapsed()
}

/// A dozen fields, and queues that are by turns of three projects.
struct Town;

impl Directory for Town {
    fn revision(&self) -> u64 {
        1
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        let field = |number: usize| Field {
            key: format!("field{number:02}"),
            projects: vec![["acme", "globex", "zeta"][number % 3].to_owned()],
            system: number == 0,
            hidden: number == 1,
        };
        (0..12).map(field).collect()
    }

    fn projects_of(&self, _: &str, id: &str) -> Option<Vec<String>> {
        let number: usize = id.parse().ok()?;
        Some(vec![["acme", "globex", "zeta"][number % 3].to_owned()])
    }

    fn single_project(&self, _: &str) -> bool {
        true
    }
}
