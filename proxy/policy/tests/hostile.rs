//! Whatever a policy does, the host survives it, names it, counts it, and answers the next request.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cordon_policy::{
    CacheOptions, Call, Counters, Decision, Engine, EngineOptions, Failure, Policy, ResponsePlan,
};
use cordon_rewrite::{Editor, Judge, JudgeError, OwnedScalar, Pieces, Scalar, Value, Verdict};

use support::{CHANGE, LIST, ONE, OWN, calm, exchange, judge, load, options, request, scope};

/// What a failure must be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Trap,
    TimeOut,
    OutOfMemory,
    BadAnswer,
    NoAnswer,
    Unsupported,
}

fn kind(failure: &Failure) -> (Kind, Option<Call>) {
    match failure {
        Failure::Trap { call, .. } => (Kind::Trap, Some(*call)),
        Failure::TimeOut { call } => (Kind::TimeOut, Some(*call)),
        Failure::OutOfMemory { call } => (Kind::OutOfMemory, Some(*call)),
        Failure::BadAnswer { call, .. } => (Kind::BadAnswer, Some(*call)),
        Failure::NoAnswer { call, .. } => (Kind::NoAnswer, Some(*call)),
        Failure::Unsupported(_) => (Kind::Unsupported, None),
        other => panic!("{other}"),
    }
}

fn count(counters: &Counters, kind: Kind) -> u64 {
    match kind {
        Kind::Trap => counters.traps,
        Kind::TimeOut => counters.time_outs,
        Kind::OutOfMemory => counters.out_of_memory,
        Kind::BadAnswer => counters.bad_answers,
        Kind::NoAnswer => counters.no_answers,
        Kind::Unsupported => counters.unsupported,
    }
}

/// Checks a failure, that it was counted each time and never kept, and that everything works afterwards.
fn assert_survived(behaviour: &str, wanted: (Kind, Option<Call>), provoke: impl Fn(&Arc<Policy>) -> Failure) {
    let policy = load(behaviour);
    for times in 1..=2 {
        let failure = provoke(&policy);
        assert_eq!(kind(&failure), wanted, "{behaviour}: {failure}");
        assert_eq!(count(&policy.counters(), wanted.0), times, "{behaviour}");
    }
    for next in [&policy, good()] {
        let list = exchange(next, &calm(), LIST);
        assert!(matches!(*list.authorize(&request(&[])).unwrap(), Decision::Forward(_)));
        assert!(matches!(list.plan().unwrap().response, ResponsePlan::Edit(_)));
        let verdicts = judge(&list, &[(Some("a"), None), (Some("b"), None)]).unwrap();
        assert_eq!(verdicts, [Verdict::Keep(u32::from(b'a') % 3), Verdict::Drop]);
    }
}

fn good() -> &'static Arc<Policy> {
    static GOOD: OnceLock<Arc<Policy>> = OnceLock::new();
    GOOD.get_or_init(|| load("well-behaved"))
}

fn failure(error: JudgeError) -> Failure {
    *error.downcast().unwrap()
}

#[test]
fn authorize() {
    for (behaviour, wanted) in [
        ("trap-in-authorize", Kind::Trap),
        ("loop-in-authorize", Kind::TimeOut),
        ("deep-recursion", Kind::Trap),
        ("status-200", Kind::BadAnswer),
        ("long-code", Kind::BadAnswer),
        ("huge-edits", Kind::BadAnswer),
        ("probe-nowhere", Kind::BadAnswer),
        ("probe-without-sole-set", Kind::BadAnswer),
        ("probe-by-absent-parameter", Kind::BadAnswer),
    ] {
        assert_survived(behaviour, (wanted, Some(Call::Authorize)), |policy| {
            exchange(policy, &scope(&["a"]), LIST).authorize(&request(&[])).unwrap_err()
        });
    }
}

#[test]
fn plan() {
    for (behaviour, wanted) in [
        ("trap-in-plan", Kind::Trap),
        ("memory-bomb-in-plan", Kind::OutOfMemory),
        ("deep-recursion-in-plan", Kind::Trap),
        ("huge-plan", Kind::BadAnswer),
        ("many-sets", Kind::BadAnswer),
        ("bad-path", Kind::BadAnswer),
        ("many-columns", Kind::BadAnswer),
        ("many-csv-columns", Kind::BadAnswer),
        ("bad-delimiter", Kind::BadAnswer),
        ("huge-embedded", Kind::BadAnswer),
        ("huge-regex", Kind::BadAnswer),
        ("exploding-regex", Kind::BadAnswer),
        ("nested-regex", Kind::BadAnswer),
        ("empty-regex", Kind::BadAnswer),
        ("unreadable-regex", Kind::BadAnswer),
        ("many-regexes", Kind::BadAnswer),
        ("many-patterns", Kind::BadAnswer),
        ("bad-header", Kind::BadAnswer),
        ("unknown-route", Kind::BadAnswer),
        ("unsupported", Kind::NoAnswer),
    ] {
        assert_survived(behaviour, (wanted, Some(Call::Plan)), |policy| {
            exchange(policy, &scope(&["a"]), LIST).plan().unwrap_err()
        });
    }
    assert_survived("edits-requests", (Kind::Unsupported, None), |policy| {
        exchange(policy, &scope(&["a"]), LIST).plan().unwrap_err()
    });
}

/// An expression over which engines that go back take for ever is searched in linear time.
#[test]
fn an_expression_cannot_hold_the_editor_up() {
    let plan = exchange(&load("slow-regex"), &scope(&["a"]), LIST).plan().unwrap();
    let ResponsePlan::Edit(plan) = &plan.response else { panic!("an edited response") };
    let mut editor = Editor::new(Arc::clone(plan), cordon_rewrite::Options::default());
    let phone = format!("{}b", "a".repeat(200_000));
    let body = format!(r#"{{"items":[{{"project":"a","phone":"{phone}"}}]}}"#);
    let mut pieces = Pieces::new();
    let mut judge = exchange(&load("slow-regex"), &scope(&["a"]), LIST).judge();
    editor.feed(body.into(), &mut judge, &mut pieces).unwrap();
    editor.finish(&mut judge, &mut pieces).unwrap();
    assert_eq!(editor.report().sets[0].kept, 1);
}

#[test]
fn judging() {
    for (behaviour, wanted) in [
        ("trap-in-judge", Kind::Trap),
        ("loop-in-judge", Kind::TimeOut),
        ("memory-bomb-in-judge", Kind::OutOfMemory),
        ("deep-recursion-in-judge", Kind::Trap),
        ("huge-merge", Kind::BadAnswer),
        ("many-verdicts", Kind::BadAnswer),
        ("verdict-out-of-range", Kind::BadAnswer),
        ("merge-out-of-range", Kind::BadAnswer),
        ("empty-merge", Kind::BadAnswer),
        ("too-few-verdicts", Kind::BadAnswer),
        ("too-many-verdicts", Kind::BadAnswer),
        ("wrong-keys", Kind::BadAnswer),
    ] {
        assert_survived(behaviour, (wanted, Some(Call::Judge)), |policy| {
            let list = exchange(policy, &scope(&["a"]), LIST);
            failure(judge(&list, &[(Some("a"), None), (Some("b"), None)]).unwrap_err())
        });
    }
}

/// There is no chance in a sandbox: a policy that traps as if by chance traps for some records, and always for these.
#[test]
fn traps_as_if_by_chance() {
    let policy = load("trap-by-record");
    let outcome = |number: usize| {
        let project = number.to_string();
        // Each by callers of its own, so that no failure stands in for another.
        let list = exchange(&policy, &scope(&[&project]), LIST);
        judge(&list, &[(Some(&project), None)]).map_err(|error| kind(&failure(error)))
    };
    let (mut kept, mut trapped) = (0, 0);
    for number in 0..60 {
        match outcome(number) {
            Ok(verdicts) => {
                kept += 1;
                assert!(matches!(verdicts[..], [Verdict::Keep(_)]));
                assert_eq!(outcome(number), Ok(verdicts));
            }
            Err((Kind::Trap, _)) => trapped += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(kept > 10 && trapped > 10, "{kept} kept, {trapped} trapped");
    assert_eq!(policy.counters().traps, trapped);
}

/// What a policy writes down in one call is gone in the next.
#[test]
fn answers_cannot_differ_by_what_was_asked_before() {
    let nothing = CacheOptions { entries: 1, bytes: 0 };
    let kept_nothing = EngineOptions { decisions: nothing, plans: nothing, verdicts: nothing, ..options() };
    let engine = Engine::new(kept_nothing).unwrap();
    let policy =
        Arc::new(Policy::load(&engine, cordon_hostile_component::COMPONENT, "counts-its-calls").unwrap());
    let list = exchange(&policy, &scope(&["a"]), LIST);
    for _ in 0..50 {
        match &*list.authorize(&request(&[])).unwrap() {
            Decision::Refuse(refusal) => assert_eq!(refusal.code, "call-1"),
            other => panic!("{other:?}"),
        }
        assert_eq!(judge(&list, &[(Some("a"), None)]).unwrap(), [Verdict::Keep(1)]);
    }
    let counters = policy.counters();
    assert_eq!(counters.sandboxes, 50 + 50 + 50, "each of them ran");
}

#[test]
fn plans_and_answers_are_as_large_as_the_operator_allows() {
    let load = |options| {
        let engine = Engine::new(options).unwrap();
        Policy::load(&engine, cordon_hostile_component::COMPONENT, "well-behaved").map(Arc::new)
    };
    let policy = load(EngineOptions { plan_size: 50, ..options() }).unwrap();
    let refused = exchange(&policy, &scope(&["a"]), LIST).plan().unwrap_err();
    assert_eq!(kind(&refused), (Kind::BadAnswer, Some(Call::Plan)));
    let refused = load(EngineOptions { answer_size: 50, ..options() }).unwrap_err();
    assert!(refused.to_string().contains("bad answer of `configure`"), "{refused}");
}

#[test]
fn masking() {
    for (behaviour, wanted) in
        [("trap-in-mask", Kind::Trap), ("large-mask", Kind::BadAnswer), ("too-few-masks", Kind::BadAnswer)]
    {
        assert_survived(behaviour, (wanted, Some(Call::Mask)), |policy| {
            let mut scalars = Vec::new();
            let values = [Value::One(Scalar::Text("+49 555"))];
            let mut judge = exchange(policy, &scope(&["a"]), OWN).judge();
            failure(judge.mask(7, &values, &mut scalars).unwrap_err())
        });
    }
    let mut scalars = Vec::new();
    let values = [Value::One(Scalar::Text("+49 555")), Value::Absent];
    let mut judge = exchange(&load("well-behaved"), &scope(&["a"]), OWN).judge();
    judge.mask(7, &values, &mut scalars).unwrap();
    assert_eq!(scalars, [OwnedScalar::Text("masked".into()), OwnedScalar::Text("masked".into())]);
}

#[test]
fn own_masks_can_be_forbidden() {
    let engine = Engine::new(EngineOptions { own_masks: false, ..options() }).unwrap();
    let policy =
        Arc::new(Policy::load(&engine, cordon_hostile_component::COMPONENT, "well-behaved").unwrap());
    let refused = exchange(&policy, &scope(&["a"]), OWN).plan().unwrap_err();
    assert_eq!(kind(&refused).0, Kind::Unsupported);
    assert!(exchange(&policy, &scope(&["a"]), LIST).plan().is_ok());
}

#[test]
fn a_write_asks_for_its_record_first() {
    let policy = load("well-behaved");
    let decision = exchange(&policy, &scope(&["a"]), CHANGE).authorize(&request(&[])).unwrap();
    let Decision::ForwardIf(condition) = &*decision else { panic!("{decision:?}") };
    assert_eq!(condition.probe.route, ONE);
    assert_eq!(condition.probe.bindings, [("id".to_owned(), "id".to_owned())]);
    assert_eq!(policy.counters().plans.entries, 1, "the probe's plan was looked at");
}

#[test]
fn a_route_that_does_not_exist_is_refused() {
    let policy = load("well-behaved");
    let nowhere = exchange(&policy, &scope(&["a"]), 99);
    assert_eq!(kind(&nowhere.plan().unwrap_err()).0, Kind::Unsupported);
    assert_eq!(kind(&nowhere.authorize(&request(&[])).unwrap_err()).0, Kind::Unsupported);
    let mut scalars = Vec::new();
    assert!(nowhere.judge().mask(7, &[Value::Absent], &mut scalars).is_err());
}

#[test]
fn failures_hold_no_values() {
    for behaviour in ["trap-in-judge", "verdict-out-of-range", "too-many-verdicts"] {
        let policy = load(behaviour);
        let list = exchange(&policy, &scope(&["a"]), LIST);
        let failure = failure(judge(&list, &[(Some("very-secret"), None)]).unwrap_err());
        assert!(!format!("{failure} {failure:?}").contains("secret"), "{failure}");
    }
}

/// One policy holds the only sandbox: others are told to come again, and nobody is answered wrongly.
#[test]
fn a_full_pool_is_no_fault_of_the_policy() {
    let patient = Duration::from_millis(200);
    let engine = Engine::new(EngineOptions { sandboxes: 1, call_time: patient, ..options() }).unwrap();
    let load =
        |behaviour| Arc::new(Policy::load(&engine, cordon_hostile_component::COMPONENT, behaviour).unwrap());
    let (hostile, good) = (load("loop-in-authorize"), load("well-behaved"));
    let decide = |policy: &Arc<Policy>| exchange(policy, &scope(&["a"]), LIST).authorize(&request(&["page"]));
    let busy = std::thread::scope(|threads| {
        let holder = threads.spawn(|| {
            loop {
                match decide(&hostile).unwrap_err() {
                    Failure::Busy { .. } => std::thread::yield_now(),
                    failure => break failure,
                }
            }
        });
        let mut busy = 0;
        for number in 0.. {
            if holder.is_finished() {
                break;
            }
            // Each for a scope of its own, so that none is kept.
            match exchange(&good, &scope(&[&number.to_string()]), LIST).plan() {
                Ok(plan) => assert!(matches!(plan.response, ResponsePlan::Edit(_))),
                Err(Failure::Busy { call: Call::Plan }) => busy += 1,
                Err(other) => panic!("{other}"),
            }
            std::thread::yield_now();
        }
        assert!(matches!(holder.join().unwrap(), Failure::TimeOut { .. }));
        busy
    });
    assert_eq!(good.counters().busy, busy);
    assert_eq!(good.counters().breaker.closings, 0, "to be busy is no fault");
    assert!(decide(&good).is_ok());
}

#[test]
fn others_do_not_notice() {
    let hostile = load("loop-in-judge");
    let good = load("well-behaved");
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..3 {
                    let list = exchange(&hostile, &scope(&["a"]), LIST);
                    assert!(judge(&list, &[(Some("a"), None)]).is_err());
                }
            });
            threads.spawn(|| {
                for project in 0..50 {
                    let project = format!("p{project}");
                    let one = exchange(&good, &scope(&[&project]), ONE);
                    let verdicts = judge(&one, &[(Some(&project), None), (Some("other"), None)]).unwrap();
                    assert!(matches!(verdicts[..], [Verdict::Keep(_), Verdict::Drop]));
                }
            });
        }
    });
    let counters = hostile.counters();
    assert_eq!(counters.time_outs + counters.broken, 12);
    assert!(counters.broken > 0, "after some failures nothing is tried any more");
    assert_eq!(good.counters().traps + good.counters().time_outs + good.counters().busy, 0);
}
