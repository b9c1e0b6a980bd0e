//! What fails again and again is not tried again and again, and what answers differently is not kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cordon_hostile_component::COMPONENT;
use cordon_policy::{
    BreakerOptions, Call, Directory, Engine, EngineOptions, Exchange, Failure, Field, Policy, Rights, Scope,
    Sections,
};
use cordon_rewrite::JudgeError;

use support::{LIST, ONE, exchange, judge, load, options, request, scope};

fn load_with(options: EngineOptions, behaviour: &str) -> Arc<Policy> {
    let engine = Engine::new(options).unwrap();
    Arc::new(Policy::load(&engine, COMPONENT, behaviour).unwrap())
}

fn failure(error: JudgeError) -> Failure {
    *error.downcast().unwrap()
}

#[test]
fn a_policy_that_fails_again_and_again_is_not_run() {
    let policy = load("trap-in-judge");
    for time in 0..20 {
        let list = exchange(&policy, &scope(&["a"]), LIST);
        let failure = failure(judge(&list, &[(Some(&time.to_string()), None)]).unwrap_err());
        match time {
            0..5 => assert!(matches!(failure, Failure::Trap { .. }), "{time}: {failure}"),
            _ => assert_eq!(failure, Failure::Broken { call: Call::Judge }, "{time}"),
        }
    }
    let counters = policy.counters();
    assert_eq!((counters.sandboxes, counters.traps, counters.broken), (1 + 5, 5, 15));
    assert_eq!((counters.breaker.closed, counters.breaker.closings), (1, 1));

    let chosen = support::scope_choosing(&["a"], Some("b"));
    let refused = judge(&exchange(&policy, &chosen, LIST), &[(Some("a"), None)]).unwrap_err();
    assert!(matches!(failure(refused), Failure::Broken { .. }), "nobody gets round it by choosing a project");
    let others = judge(&exchange(&policy, &scope(&["b"]), LIST), &[(Some("a"), None)]).unwrap_err();
    assert!(matches!(failure(others), Failure::Trap { .. }), "other callers are not refused for it");
    let elsewhere = judge(&exchange(&policy, &scope(&["a"]), ONE), &[(Some("a"), None)]).unwrap_err();
    assert!(matches!(failure(elsewhere), Failure::Trap { .. }), "nor other routes");
    exchange(&policy, &scope(&["a"]), LIST).authorize(&request(&[])).unwrap();
}

#[test]
fn what_fails_for_many_is_closed_to_all() {
    let policy = load("trap-in-plan");
    for project in ["a", "b", "c", "d", "e"] {
        let refused = exchange(&policy, &scope(&[project]), LIST).plan().unwrap_err();
        assert!(matches!(refused, Failure::Trap { .. }));
    }
    let refused = exchange(&policy, &scope(&["f"]), LIST).plan().unwrap_err();
    assert_eq!(refused, Failure::Broken { call: Call::Plan });
    assert_eq!(policy.counters().sandboxes, 5);
}

/// After the pause one call finds out; there is none here, so that no time passes in the test.
#[test]
fn it_recovers() {
    let breaker =
        BreakerOptions { pause: Duration::ZERO, longest_pause: Duration::ZERO, ..Default::default() };
    let policy = load_with(EngineOptions { breaker, ..options() }, "trap-in-plan");
    for _ in 0..6 {
        assert!(exchange(&policy, &scope(&["a"]), LIST).plan().is_err());
    }
    assert_eq!(policy.counters().breaker.closed, 1);
    exchange(&policy, &support::calm(), LIST).plan().unwrap();
    assert_eq!(policy.counters().breaker.closed, 0);
    assert_eq!(policy.counters().broken, 0);
}

#[test]
fn good_answers_are_asked_again_and_stay() {
    let policy = load_with(EngineOptions { check_every: 1, ..options() }, "well-behaved");
    let records = [(Some("a"), None), (None, Some("qa")), (Some("b"), None)];
    for _ in 0..4 {
        let list = exchange(&policy, &scope(&["a"]), LIST);
        list.authorize(&request(&[])).unwrap();
        list.plan().unwrap();
        judge(&list, &records).unwrap();
    }
    let counters = policy.counters();
    assert_eq!(counters.verdicts.hits, 9);
    assert_eq!((counters.checked, counters.impure), (9, 0), "three times a decision, a plan, a batch");
}

/// A directory that breaks its promise: it answers differently under one version.
struct Liar(Arc<AtomicBool>);

impl Directory for Liar {
    fn revision(&self) -> u64 {
        1
    }

    fn fields(&self, _: &str) -> Vec<Field> {
        let key = if self.0.load(Ordering::Relaxed) { "email" } else { "name" };
        vec![Field { key: key.into(), projects: vec![], system: true, hidden: false }]
    }

    fn projects_of(&self, _: &str, _: &str) -> Option<Vec<String>> {
        Some(vec![if self.0.load(Ordering::Relaxed) { "a" } else { "b" }.into()])
    }

    fn single_project(&self, _: &str) -> bool {
        false
    }
}

#[test]
fn a_different_answer_is_refused_and_nothing_is_kept_any_more() {
    for call in [Call::Plan, Call::Judge] {
        let policy = load_with(EngineOptions { check_every: 1, ..options() }, "well-behaved");
        let lie = Arc::new(AtomicBool::new(true));
        let directory: Arc<dyn Directory> = Arc::new(Liar(Arc::clone(&lie)));
        let list = || Exchange::new(Arc::clone(&policy), Arc::clone(&directory), scope(&["a"]), LIST);
        let first = list();
        first.plan().unwrap();
        judge(&first, &[(None, Some("q"))]).unwrap();
        lie.store(false, Ordering::Relaxed);
        let found = match call {
            Call::Plan => list().plan().unwrap_err(),
            // This exchange has its plan already.
            _ => failure(judge(&first, &[(None, Some("q"))]).unwrap_err()),
        };
        assert_eq!(found, Failure::Impure { call });
        assert_eq!(policy.counters().impure, 1);

        let before = policy.counters().sandboxes;
        for time in 1..=3 {
            let list = list();
            list.authorize(&request(&[])).unwrap();
            let verdicts = judge(&list, &[(None, Some("q"))]).unwrap();
            assert_eq!(verdicts, [cordon_rewrite::Verdict::Drop], "what the directory says now");
            assert_eq!(policy.counters().sandboxes, before + 3 * time, "each answer is fresh");
        }
    }
}

#[test]
fn a_fresh_sandbox_that_fails_is_another_answer() {
    let policy = load_with(EngineOptions { check_every: 1, ..options() }, "trap-without-email");
    let scope = Arc::new(Scope::new(vec!["a".into()], Rights::default(), Sections::All, None));
    let fields = Arc::new(AtomicBool::new(true));
    let directory: Arc<dyn Directory> = Arc::new(Liar(Arc::clone(&fields)));
    let plan = || Exchange::new(Arc::clone(&policy), Arc::clone(&directory), Arc::clone(&scope), LIST).plan();
    plan().unwrap();
    fields.store(false, Ordering::Relaxed);
    assert_eq!(plan().unwrap_err(), Failure::Impure { call: Call::Plan });
    assert_eq!(policy.counters().traps, 1);
}
