//! A change of the directory drops the answers that read what changed, and no others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use cordon_hostile_component::COMPONENT;
use cordon_policy::{CacheOptions, Directory, Engine, EngineOptions, Exchange, Field, Policy};
use cordon_rewrite::Verdict;
use proptest::prelude::*;

use support::{LIST, ONE, engine, judge, load, options, request, scope};

/// A directory that changes, each content of each look-up with a version of its own.
#[derive(Clone)]
struct City {
    revision: u64,
    fields: (u64, Vec<&'static str>),
    queues: BTreeMap<String, (u64, Option<Vec<String>>)>,
    /// Of queues that there never were.
    others: u64,
}

/// No version and no revision is told twice in this process.
fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl City {
    fn new() -> City {
        City {
            revision: next(),
            fields: (next(), vec!["email", "name"]),
            queues: BTreeMap::new(),
            others: next(),
        }
    }

    fn with_fields(&self, fields: &[&'static str]) -> City {
        City { revision: next(), fields: (next(), fields.to_vec()), ..self.clone() }
    }

    fn with_queue(&self, id: &str, projects: Option<&[&str]>) -> City {
        let mut city = City { revision: next(), ..self.clone() };
        let projects = projects.map(|projects| projects.iter().map(|&id| id.to_owned()).collect());
        city.queues.insert(id.to_owned(), (next(), projects));
        city
    }
}

impl Directory for City {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        let field = |key: &&str| Field { key: (*key).into(), projects: vec![], system: true, hidden: false };
        self.fields.1.iter().map(field).collect()
    }

    fn projects_of(&self, _: &str, id: &str) -> Option<Vec<String>> {
        self.queues.get(id).and_then(|(_, projects)| projects.clone())
    }

    fn single_project(&self, _: &str) -> bool {
        false
    }

    fn fields_version(&self, _: &str) -> u64 {
        self.fields.0
    }

    fn projects_version(&self, _: &str, id: &str) -> u64 {
        self.queues.get(id).map_or(self.others, |(version, _)| *version)
    }
}

fn list(policy: &Arc<Policy>, city: &City, projects: &[&str]) -> Exchange {
    Exchange::new(Arc::clone(policy), Arc::new(city.clone()), scope(projects), LIST)
}

#[test]
fn a_change_drops_what_read_it() {
    let policy = load("well-behaved");
    let first = City::new().with_queue("qa", Some(&["a"])).with_queue("qb", Some(&["b"]));
    let ask = |city: &City, queue: &str| {
        let list = list(&policy, city, &["a"]);
        list.authorize(&request(&[])).unwrap();
        let verdicts = judge(&list, &[(None, Some(queue))]).unwrap();
        (verdicts[0].clone(), policy.counters().sandboxes)
    };
    let keep = Verdict::Keep(u32::from(b'a') % 3);
    assert_eq!(ask(&first, "qa"), (keep.clone(), 3), "decision, plan, verdict");
    assert_eq!(ask(&first, "qb"), (Verdict::Drop, 4));

    let moved = first.with_queue("qb", Some(&["a"]));
    assert_eq!(ask(&moved, "qa"), (keep.clone(), 4), "nothing that it read has changed");
    assert_eq!(ask(&moved, "qb"), (keep.clone(), 5));
    assert_eq!(ask(&first, "qb"), (Verdict::Drop, 6), "an exchange that began before goes by what was");
    assert_eq!(ask(&moved, "qb"), (keep.clone(), 7));

    let gone = moved.with_queue("qa", None);
    assert_eq!(ask(&gone, "qa"), (Verdict::Drop, 8));
    assert_eq!(ask(&gone, "qb"), (keep.clone(), 8));

    let named = gone.with_fields(&["name"]);
    assert_eq!(ask(&named, "qb"), (keep.clone(), 10), "another plan has other profiles");
    let touched = named.with_fields(&["name"]);
    assert_eq!(
        ask(&touched, "qb"),
        (keep, 11),
        "the plan is made again, is as it was, and its verdicts hold"
    );
}

#[test]
fn a_decision_rests_on_the_plan_that_it_was_checked_against() {
    let policy = load("well-behaved");
    let city = City::new();
    let ask = |city: &City| {
        let change =
            Exchange::new(Arc::clone(&policy), Arc::new(city.clone()), scope(&["a"]), support::CHANGE);
        change.authorize(&request(&[])).unwrap();
        policy.counters().decisions.hits
    };
    assert_eq!(ask(&city), 0);
    assert_eq!(ask(&city.with_queue("qa", None)), 1);
    assert_eq!(ask(&city.with_fields(&["name"])), 1, "whether the probe has a sole set is looked at again");
}

#[derive(Clone, Debug)]
enum Step {
    Fields(usize),
    Queue(String, Option<Vec<String>>),
    /// Asks under the directory of some steps ago.
    Ask {
        ago: usize,
        projects: Vec<String>,
        records: Vec<(Option<String>, Option<String>)>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let projects = || prop::collection::vec("[a-c]", 0..3);
    let record = (prop::option::of("[a-c]"), prop::option::of("q[a-d]"));
    prop_oneof![
        1 => (0_usize..4).prop_map(Step::Fields),
        3 => ("q[a-d]", prop::option::of(projects())).prop_map(|(id, to)| Step::Queue(id, to)),
        6 => (0_usize..3, projects(), prop::collection::vec(record, 0..6))
            .prop_map(|(ago, projects, records)| Step::Ask { ago, projects, records }),
    ]
}

/// Everything that an exchange is answered.
fn answers(policy: &Arc<Policy>, city: &City, step: &Step) -> Option<String> {
    let Step::Ask { projects, records, .. } = step else { return None };
    let projects: Vec<&str> = projects.iter().map(String::as_str).collect();
    let records: Vec<_> =
        records.iter().map(|(project, queue)| (project.as_deref(), queue.as_deref())).collect();
    let mut all = String::new();
    for route in [LIST, ONE, support::CHANGE] {
        let exchange = Exchange::new(Arc::clone(policy), Arc::new(city.clone()), scope(&projects), route);
        let plan = exchange.plan().unwrap();
        let decision = exchange.authorize(&request(&["page"])).unwrap();
        let verdicts = judge(&exchange, &records).unwrap();
        all +=
            &format!("{decision:?} {:?} {:?} {:?} {verdicts:?}\n", plan.request, plan.response, plan.headers);
    }
    Some(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The oracle keeps nothing: whatever it answers, a fresh sandbox does.
    #[test]
    fn a_kept_answer_is_a_fresh_one_at_every_revision(steps in prop::collection::vec(step(), 1..40)) {
        static POLICIES: OnceLock<[Arc<Policy>; 2]> = OnceLock::new();
        let [warm, oracle] = POLICIES.get_or_init(|| {
            let nothing = CacheOptions { entries: 1, bytes: 0 };
            let fresh = EngineOptions { decisions: nothing, plans: nothing, verdicts: nothing, ..options() };
            let fresh = Engine::new(fresh).unwrap();
            [engine(), &fresh].map(|engine| Arc::new(Policy::load(engine, COMPONENT, "well-behaved").unwrap()))
        });
        let mut cities = vec![City::new()];
        for step in &steps {
            let latest = &cities[cities.len() - 1];
            match step {
                Step::Fields(count) => cities.push(latest.with_fields(&["email", "name", "phone"][..*count])),
                Step::Queue(id, projects) => {
                    let projects: Option<Vec<&str>> =
                        projects.as_ref().map(|projects| projects.iter().map(String::as_str).collect());
                    cities.push(latest.with_queue(id, projects.as_deref()));
                }
                Step::Ask { ago, .. } => {
                    let city = &cities[cities.len().saturating_sub(ago + 1)];
                    prop_assert_eq!(answers(warm, city, step), answers(oracle, city, step));
                }
            }
        }
        let kept = oracle.counters();
        prop_assert_eq!(kept.decisions.hits + kept.plans.hits + kept.verdicts.hits, 0);
        prop_assert_eq!(warm.counters().impure, 0);
    }
}
