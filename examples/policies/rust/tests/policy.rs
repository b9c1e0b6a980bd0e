//! The policy natively, as its author tests it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use cordon_example_policy::CallLog;
use cordon_policy_sdk::types::{Decision, Request, Scope, Value, Verdict};
use cordon_policy_sdk::{Harness, TestDirectory};

const RULES: &str = include_str!("../../rules.json");

fn policy() -> Harness<CallLog> {
    let directory = TestDirectory::new().object("queue", "11", ["acme"]).object("queue", "21", ["globex"]);
    Harness::configure(RULES, directory).unwrap()
}

#[test]
fn calls_are_of_the_project_of_their_queue() {
    let policy = policy();
    let scope = Scope::of(["acme"]);
    let judge = |queue: Value| policy.judge_record(&scope, "calls", 0, &[("$.queue.id", queue)]);
    assert_eq!(judge(Value::number("11")), Ok(Verdict::Keep(0)));
    assert_eq!(judge(Value::number("21")), Ok(Verdict::Drop));
    assert_eq!(judge(Value::number("99")), Ok(Verdict::Drop));
    assert_eq!(judge(Value::null()), Ok(Verdict::Drop));
}

#[test]
fn a_closed_section_and_an_unknown_parameter_are_refused() {
    let policy = policy();
    let scope = Scope::of(["acme"]);
    let open = policy.authorize(&scope, &Request::of("calls", "GET").with_query(["page"]));
    assert!(matches!(open, Decision::Forward(_)));
    let search = policy.authorize(&scope, &Request::of("calls", "GET").with_query(["sort"]));
    assert!(matches!(search, Decision::Refuse(refusal) if refusal.status == 400));
    let closed = policy.authorize(&scope.with_sections(["reports"]), &Request::of("calls", "GET"));
    assert!(matches!(closed, Decision::Refuse(refusal) if refusal.status == 403));
}
