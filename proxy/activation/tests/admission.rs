//! Every reason for which a bundle is not admitted, and that all of them are told at once.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cordon_activation::{Admitted, Reason, Refused, RunOptions, admit};
use cordon_bundle::{Bundle, Case, Parts};
use cordon_policy::{Engine, EngineOptions, Manifest, Policy};

const RULES: &str = r#"
name = "calls"
version = "1.0"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id"]

[[route]]
name = "calls"
path = "/api/calls"
section = "any"
records = [{ path = "$.data[*]", kind = "call" }]

[[route]]
name = "call"
path = "/api/calls/{id}"
section = "any"
records = [{ path = "$", kind = "call" }]
"#;

const CASE: &str = r#"
shows = "Calls of other projects are not shown."

[directory]
project = [{ id = "a", name = "A" }, { id = "b", name = "B" }]
role = [{ name = "R", sections = "all" }]
user = [{ login = "olga", projects = ["a"], roles = ["R"] }]

[request]
path = "/api/calls"

[[backend]]
json = '{"data": [{"id": 1, "project": "a"}, {"id": 2, "project": "b"}]}'

[[answer]]
to = "olga"
json = '{"data": [{"id": 1}]}'
"#;

#[tokio::test]
async fn a_bundle_without_fault_is_admitted() {
    let admitted = admit_bundle(parts(), None).await.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(admitted.policy.manifest().name, "calls");
    assert_eq!(admitted.outcomes.len(), 1);
    assert_eq!(admitted.untested, ["call"]);
}

#[tokio::test]
async fn it_must_speak_the_contract_of_this_program() {
    let reasons = reasons(Parts { manifest: manifest("calls", "1.0", "0.1", "[]"), ..parts() }, None).await;
    assert!(matches!(&reasons[..], [Reason::Contract { .. }]), "{reasons:?}");
    assert!(reasons[0].to_string().contains("built for 0.1, this program speaks 0.2"), "{}", reasons[0]);
}

#[tokio::test]
async fn it_must_be_what_it_says() {
    let reasons = reasons(Parts { manifest: manifest("other", "2.0", "0.2", "[]"), ..parts() }, None).await;
    let told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "manifest: the bundle's name is `other`, the policy says `calls`",
            "manifest: the bundle's version is `2.0`, the policy says `1.0`",
        ]
    );
}

#[tokio::test]
async fn everything_wrong_with_it_is_told_at_once() {
    let rules = RULES.replace("section = \"any\"", "sectoin = \"any\"");
    let manifest = manifest("calls", "1.0", "0.1", "[]");
    let cases = vec![case("case.toml", &CASE.replace("[request]", "[requst]"))];
    let reasons = reasons(Parts { rules, manifest, cases, ..parts() }, None).await;
    let count = |is: fn(&Reason) -> bool| reasons.iter().filter(|reason| is(reason)).count();
    assert_eq!(count(|reason| matches!(reason, Reason::Contract { .. })), 1, "{reasons:?}");
    assert_eq!(count(|reason| matches!(reason, Reason::CaseMistakes(_))), 1, "{reasons:?}");
    assert!(
        count(|reason| matches!(reason, Reason::Rule(problem) if problem.span.is_some())) >= 2,
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_component_must_be_one() {
    let reasons = reasons(Parts { component: Bytes::from_static(b"\0asm nonsense"), ..parts() }, None).await;
    assert!(matches!(&reasons[..], [Reason::Component(_)]), "{reasons:?}");
}

#[tokio::test]
async fn it_has_a_case() {
    let reasons = reasons(Parts { cases: Vec::new(), ..parts() }, None).await;
    assert!(matches!(&reasons[..], [Reason::NoCase]), "{reasons:?}");
}

#[tokio::test]
async fn its_own_cases_pass() {
    let cases = vec![case("case.toml", &CASE.replace(r#"[{"id": 1}]}"#, r#"[{"id": 1}, {"id": 2}]}"#))];
    let reasons = reasons(Parts { cases, ..parts() }, None).await;
    assert!(matches!(&reasons[..], [Reason::Case(_)]), "{reasons:?}");
    let told = reasons[0].to_string();
    for expected in ["case.toml, to olga", "-     {", "$.data[1]  record dropped: by b"] {
        assert!(told.contains(expected), "nothing of {expected:?} in\n{told}");
    }
}

#[tokio::test]
async fn plans_that_cannot_be_carried_out_are_reasons() {
    let rules = RULES.replace(
        "keep = [\"$.id\"]",
        "keep = [\"$.id\"]\nmask = [{ path = \"$.a\", with = \"patterns\", find = [{ regex = \"(a\" }] }]",
    );
    let reasons = reasons(Parts { rules, ..parts() }, None).await;
    let plans = reasons.iter().filter(|reason| matches!(reason, Reason::Plan(_))).count();
    assert_eq!(plans, 2, "{reasons:?}");
}

/// The case passes, since it expects the failure: what happened in the sandbox speaks against the bundle all the same.
#[tokio::test]
async fn limits_hold_while_its_cases_run() {
    for (behaviour, expected) in [
        ("loop-in-judge", "exceeded its time"),
        ("memory-bomb-in-judge", "exceeded its memory"),
        ("trap-in-judge", "trapped"),
        ("too-few-verdicts", "gave answers that the contract does not allow"),
    ] {
        let text = CASE
            .replace("/api/calls", "/records")
            .replace("\"data\"", "\"items\"")
            .replace("json = '{\"items\": [{\"id\": 1}]}'", "refused = \"policy-failure\"");
        let parts = Parts {
            manifest: manifest("hostile", "1", "0.2", "[]"),
            component: Bytes::from_static(cordon_hostile_component::COMPONENT),
            rules: behaviour.to_owned(),
            cases: vec![case("case.toml", &text)],
        };
        let reasons = reasons(parts, None).await;
        assert!(matches!(&reasons[..], [Reason::Limit { .. }]), "{behaviour}: {reasons:?}");
        assert!(reasons[0].to_string().contains(expected), "{behaviour}: {}", reasons[0]);
    }
}

#[tokio::test]
async fn routes_of_the_active_policy_are_kept_or_given_up() {
    let less = RULES.split("[[route]]\nname = \"call\"").next().expect("there is more").to_owned();
    let lesser = Parts { rules: less.clone(), ..parts() };
    let active = active();
    let reasons = reasons(lesser, Some(&active)).await;
    let told: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "routes: GET /api/calls/{id} (`call` of the active policy) is not there, and not given up in the manifest"
        ]
    );
    let knowing = Parts { rules: less, manifest: manifest("calls", "1.0", "0.2", "[\"call\"]"), ..parts() };
    let admitted = admit_bundle(knowing, Some(&active)).await.unwrap_or_else(|refused| panic!("{refused}"));
    assert_eq!(admitted.given_up.len(), 1);
}

#[tokio::test]
async fn names_of_routes_may_change() {
    let renamed = RULES.replace("name = \"call\"", "name = \"one\"").replace("{id}", "{call}");
    let admitted = admit_bundle(Parts { rules: renamed, ..parts() }, Some(&active())).await;
    assert!(admitted.is_ok(), "{:?}", admitted.err());
}

fn active() -> Manifest {
    let policy =
        Policy::load(engine(), cordon_policy_component::COMPONENT, RULES).expect("the rules are right");
    policy.manifest().clone()
}

fn engine() -> &'static Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::new(EngineOptions { sandboxes: 16, ..EngineOptions::default() }).expect("an engine")
    })
}

async fn admit_bundle(parts: Parts, active: Option<&Manifest>) -> Result<Admitted, Refused> {
    let bundle: Bundle = parts.write().expect("a bundle");
    admit(engine(), None, &bundle, active, &RunOptions::default()).await
}

async fn reasons(parts: Parts, active: Option<&Manifest>) -> Vec<Reason> {
    admit_bundle(parts, active).await.expect_err("the bundle is at fault").reasons
}

fn parts() -> Parts {
    Parts {
        manifest: manifest("calls", "1.0", "0.2", "[]"),
        component: Bytes::from_static(cordon_policy_component::COMPONENT),
        rules: RULES.to_owned(),
        cases: vec![case("case.toml", CASE)],
    }
}

fn case(name: &str, text: &str) -> Case {
    Case { name: name.to_owned(), text: text.to_owned() }
}

fn manifest(name: &str, version: &str, contract: &str, gives_up: &str) -> String {
    format!(
        "name = \"{name}\"\nversion = \"{version}\"\ncontract = \"{contract}\"\ncounter = 1\ngives-up = {gives_up}\n"
    )
}
