//! What is kept is what a fresh sandbox would answer, it is found again, and it makes room.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on panics")]

mod support;

use std::sync::Arc;

use cordon_hostile_component::COMPONENT;
use cordon_policy::{Directory, Engine, Exchange, Policy, Request, ResponsePlan, Scope};
use cordon_rewrite::{Batch, Judge, Scalar, Value, Verdict};
use proptest::prelude::*;

use support::{LIST, Town, engine, exchange, judge, load, request, scope, small_caches, town};

#[test]
fn hits_are_counted_and_run_no_wasm() {
    let policy = load("well-behaved");
    let records = [(Some("a"), None), (Some("b"), None), (Some("a"), None), (None, Some("qa"))];
    let first = exchange(&policy, &scope(&["a"]), LIST);
    first.authorize(&request(&["page"])).unwrap();
    first.plan().unwrap();
    let verdicts = judge(&first, &records).unwrap();
    let counters = policy.counters();
    assert_eq!(counters.sandboxes, 3, "one call each");
    assert_eq!((counters.decisions.hits, counters.decisions.misses), (0, 1));
    assert_eq!((counters.plans.hits, counters.plans.misses), (0, 1));
    assert_eq!((counters.verdicts.hits, counters.verdicts.misses), (0, 4));
    assert_eq!(counters.verdicts.entries, 3, "records with the same keys are asked for once");

    // Another request of the same scope, its query in another order and repeated.
    let second = exchange(&policy, &scope(&["a", "a"]), LIST);
    second.authorize(&request(&["page", "page"])).unwrap();
    second.plan().unwrap();
    assert_eq!(judge(&second, &records).unwrap(), verdicts);
    let counters = policy.counters();
    assert_eq!(counters.sandboxes, 3, "nothing ran");
    assert_eq!((counters.decisions.hits, counters.plans.hits, counters.verdicts.hits), (1, 1, 4));
}

#[test]
fn only_what_misses_is_asked() {
    let policy = load("well-behaved");
    let list = exchange(&policy, &scope(&["a"]), LIST);
    judge(&list, &[(Some("a"), None)]).unwrap();
    let verdicts = judge(&list, &[(Some("b"), None), (Some("a"), None), (Some("c"), Some("qa"))]).unwrap();
    assert_eq!(verdicts, [Verdict::Drop, Verdict::Keep(1), Verdict::Keep(1)]);
    let counters = policy.counters().verdicts;
    assert_eq!((counters.hits, counters.misses), (1, 3));
}

#[test]
fn another_revision_scope_route_or_request_misses() {
    let policy = load("well-behaved");
    let ask = |revision, projects: &[&str], route, query: &[&str]| {
        let exchange = Exchange::new(Arc::clone(&policy), town(revision), scope(projects), route);
        exchange.authorize(&request(query)).unwrap();
        exchange.plan().unwrap();
        judge(&exchange, &[(Some("a"), None)]).unwrap();
    };
    ask(1, &["a"], LIST, &[]);
    ask(2, &["a"], LIST, &[]);
    ask(2, &["a", "b"], LIST, &[]);
    ask(2, &["a"], support::ONE, &[]);
    ask(2, &["a"], LIST, &["secret"]);
    let counters = policy.counters();
    assert_eq!(
        (counters.decisions.hits, counters.decisions.misses),
        (1, 4),
        "the revision was not looked at"
    );
    assert_eq!((counters.plans.hits, counters.plans.misses), (1, 4), "a request's query is not the plan's");
    assert_eq!(
        (counters.verdicts.hits, counters.verdicts.misses),
        (2, 3),
        "the plan of another revision is the same, and the verdict read nothing"
    );
}

#[test]
fn a_new_revision_has_its_own_plan() {
    let policy = load("well-behaved");
    let names = |directory: Town| {
        let exchange = Exchange::new(Arc::clone(&policy), Arc::new(directory), scope(&["a"]), LIST);
        match &exchange.plan().unwrap().response {
            ResponsePlan::Edit(plan) => format!("{:?}", plan.spec()),
            other => panic!("{other:?}"),
        }
    };
    assert!(names(Town { revision: 1, fields: vec!["email"] }).contains("email"));
    assert!(!names(Town { revision: 2, fields: vec!["name"] }).contains("email"));
}

#[test]
fn a_plan_lists_its_headers_in_order() {
    let plan = exchange(&load("well-behaved"), &scope(&["a"]), LIST).plan().unwrap();
    assert_eq!(plan.headers, ["link", "x-page"]);
}

#[test]
fn full_caches_make_room() {
    let engine = Engine::new(small_caches(64)).unwrap();
    let policy = Arc::new(Policy::load(&engine, COMPONENT, "well-behaved").unwrap());
    for number in 0..400 {
        let project = format!("p{number}");
        let list = exchange(&policy, &scope(&[&project]), LIST);
        list.authorize(&request(&[])).unwrap();
        let verdicts = judge(&list, &[(Some(&project), None)]).unwrap();
        assert!(matches!(verdicts[..], [Verdict::Keep(_)]));
    }
    let counters = policy.counters();
    for cache in [counters.decisions, counters.plans, counters.verdicts] {
        assert!(cache.entries <= 64, "{cache:?}");
        assert!(cache.evictions >= 400 - 64, "{cache:?}");
        assert_eq!((cache.hits, cache.misses), (0, 400), "{cache:?}");
    }
}

/// Everything that one exchange is answered, from a policy whose caches may be warm or empty.
fn answers(
    policy: &Arc<Policy>,
    directory: &Arc<dyn Directory>,
    scope: &Arc<Scope>,
    request: &Request,
    records: &[[Option<Vec<String>>; 2]],
) -> (String, String, Vec<Verdict>) {
    let exchange = Exchange::new(Arc::clone(policy), Arc::clone(directory), Arc::clone(scope), LIST);
    let decision = format!("{:?}", exchange.authorize(request).unwrap());
    let plan = exchange.plan().unwrap();
    let mut batch = Batch::new(2);
    for record in records {
        let value = |key: &'static Option<Vec<String>>| match key.as_deref() {
            None => Value::Absent,
            Some([one]) => Value::One(Scalar::Text(one)),
            Some(many) => Value::Many(many.iter().map(|text| Scalar::Text(text)).collect()),
        };
        let record: &'static [Option<Vec<String>>; 2] = Box::leak(Box::new(record.clone()));
        batch.push(&[value(&record[0]), value(&record[1])]);
    }
    let mut verdicts = Vec::new();
    exchange.judge().judge(0, &batch, &mut verdicts).unwrap();
    (decision, format!("{:?} {:?} {:?}", plan.request, plan.response, plan.headers), verdicts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// One policy is asked everything, so that its caches are warm; the other keeps nothing but the entry at hand.
    #[test]
    fn a_kept_answer_is_a_fresh_one(
        projects in prop::collection::vec("[a-d]", 0..4),
        query in prop::collection::btree_set("secret|page|[a-c]", 0..3),
        revision in 0_u64..3,
        records in prop::collection::vec(
            prop::array::uniform2(prop::option::of(prop::collection::vec("q?[a-d]", 0..3))), 0..12,
        ),
    ) {
        static POLICIES: std::sync::OnceLock<[Arc<Policy>; 2]> = std::sync::OnceLock::new();
        let [warm, cold] = POLICIES.get_or_init(|| {
            let cold = Engine::new(small_caches(1)).unwrap();
            [engine(), &cold].map(|engine| Arc::new(Policy::load(engine, COMPONENT, "well-behaved").unwrap()))
        });
        let projects: Vec<&str> = projects.iter().map(String::as_str).collect();
        let directory: Arc<dyn Directory> =
            Arc::new(Town { revision, fields: ["email", "name", "phone"][..=revision as usize].to_vec() });
        let query: Vec<&str> = query.iter().map(String::as_str).collect();
        let ask = |policy| answers(policy, &directory, &scope(&projects), &request(&query), &records);
        let fresh = ask(cold);
        prop_assert_eq!(&ask(warm), &fresh);
        let before = warm.counters().sandboxes;
        prop_assert_eq!(&ask(warm), &fresh);
        prop_assert_eq!(warm.counters().sandboxes, before, "the second time everything is kept");
    }
}
