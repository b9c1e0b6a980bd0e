//! A candidate beside the policy in force: what it would reveal and hide, whom it serves, and when it is sent home.

use std::sync::Arc;
use std::time::Duration;

use cordon_gateway::{Findings, Place, Share, Stop, Trial, TrialOptions};

use crate::backend::{Script, Seen, json, reply};
use crate::stage::{ANNAS_CALLS, Stage, call, calls, changed_policy, changed_rules, load, policy};

const KEPT: &str = "keep = [\"$.id\", \"$.project\", \"$.note\"]";
const SECRET_TOO: &str = "keep = [\"$.id\", \"$.project\", \"$.note\", \"$.secret\"]";
const LESS: &str = "keep = [\"$.id\", \"$.project\"]";
const TWO: &[(u32, &str)] = &[(1, "acme"), (2, "zeta")];

fn backend(seen: &Seen) -> Script {
    match seen.target.split('?').next().unwrap() {
        "/api/calls/1" => json(call(1, "acme")),
        "/api/calls/2" => json(call(2, "zeta")),
        _ => json(calls(TWO)),
    }
}

fn everything() -> TrialOptions {
    TrialOptions { compared: Share::ALL, ..TrialOptions::default() }
}

/// Waits until so many exchanges are compared.
async fn findings(trial: &Trial, compared: u64) -> Findings {
    for _ in 0..2000 {
        let findings = trial.findings();
        if findings.compared + findings.skipped >= compared {
            return findings;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{:?}", trial.findings());
}

async fn sent_home(trial: &Arc<Trial>) -> Stop {
    trial.stopped().await.and_then(|trial| trial.stop().cloned()).expect("it is sent home")
}

fn counts(findings: &Findings, route: &str) -> [Vec<(String, u64)>; 2] {
    let of_route = &findings.routes[route];
    [&of_route.revealed, &of_route.hidden]
        .map(|counts| counts.iter().map(|(path, count)| (path.clone(), *count)).collect())
}

fn one(path: &str, count: u64) -> Vec<(String, u64)> {
    vec![(path.to_owned(), count)]
}

#[tokio::test]
async fn a_shadow_changes_nothing_and_tells_what_it_would_reveal() {
    let stage = Stage::new(backend).await;
    let trial = stage.gateway.try_out(changed_policy(KEPT, SECRET_TOO), everything()).unwrap();
    let digest = policy().digest().to_string();
    for _ in 0..3 {
        let got = stage.get("anna", "/api/calls").await;
        assert_eq!((got.text(), got.header("cordon-policy")), (ANNAS_CALLS, Some(digest.as_str())));
    }
    assert_eq!(stage.get("root", "/api/calls/2").await.status, 200);
    assert_eq!(stage.get("anna", "/api/calls/2").await.status, 404);
    let findings = findings(&trial, 5).await;
    assert_eq!((findings.compared, findings.skipped), (5, 0));
    // A record that both drop is no difference, and nothing in it is.
    assert_eq!(counts(&findings, "calls"), [one("$.data[*].secret", 3), vec![]]);
    assert_eq!(counts(&findings, "call"), [one("$.secret", 1), vec![]]);
    // Nobody is served by it, so it is not stopped, and nothing found holds a value.
    assert_eq!(trial.stop(), None);
    assert!(!format!("{findings:?}").contains("s1"));
    stage.gateway.end_trial(&trial);
    assert!(stage.gateway.trial().is_none());
}

#[tokio::test]
async fn what_a_shadow_would_hide_or_refuse_is_told() {
    let stage = Stage::new(backend).await;
    let trial = stage.gateway.try_out(changed_policy(KEPT, LESS), everything()).unwrap();
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    assert_eq!(counts(&findings(&trial, 1).await, "calls"), [vec![], one("$.data[*].note", 1)]);

    let without = changed_policy("path = \"/api/calls\"", "path = \"/api/other\"");
    let trial = stage.gateway.try_out(without, everything()).unwrap();
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    assert_eq!(stage.get("anna", "/api/other").await.status, 404);
    assert_eq!(stage.get("anna", "/api/neither").await.status, 404);
    // The third has no route with either, and its path is nobody's label.
    let findings = findings(&trial, 2).await;
    assert_eq!(counts(&findings, "calls"), [one("(request)", 1), one("(request)", 1)]);
    assert_eq!(findings.routes.len(), 1);
}

#[tokio::test]
async fn query_parameters_and_headers_are_compared() {
    let stage = Stage::new(backend).await;
    let more = changed_policy(
        "query = [\"page\"]\nheaders = [\"x-page\"]",
        "query = [\"page\", \"q\"]\nheaders = [\"x-all\"]",
    );
    let trial = stage.gateway.try_out(more, everything()).unwrap();
    assert_eq!(stage.get("anna", "/api/calls?q=secret").await.status, 400);
    assert_eq!(counts(&findings(&trial, 1).await, "calls"), [one("(request)", 1), vec![]]);
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    let findings = findings(&trial, 2).await;
    let [revealed, hidden] = counts(&findings, "calls");
    assert_eq!(revealed, [("(header x-all)".to_owned(), 1), ("(request)".to_owned(), 1)]);
    assert_eq!(hidden, one("(header x-page)", 1));
}

#[tokio::test]
async fn what_the_question_before_a_record_shows_is_compared() {
    // For the candidate, records belong to another project than for the policy in force.
    let records = |seen: &Seen| match seen.target.as_str() {
        "/api/calls/2" => json(r#"{"id":2,"project":"zeta","team":"acme"}"#),
        "/api/calls/3" => json(r#"{"id":3,"project":"acme","team":"zeta"}"#),
        "/api/calls/4" => json(r#"{"id":4,"project":"acme","team":"acme"}"#),
        _ => reply("200 OK\r\nContent-Type: audio/wav", "RIFF"),
    };
    let stage = Stage::new(records).await;
    let by_team =
        changed_policy("[kind.call]\nproject = [\"$.project\"]", "[kind.call]\nproject = [\"$.team\"]");
    let trial = stage.gateway.try_out(by_team, everything()).unwrap();
    for (record, status) in [("2", 404), ("3", 200), ("4", 200)] {
        let path = format!("/api/calls/{record}/recording");
        assert_eq!(stage.get("anna", &path).await.status, status, "{record}");
    }
    let findings = findings(&trial, 3).await;
    assert_eq!(findings.compared, 3, "{findings:?}");
    assert_eq!(counts(&findings, "recording"), [one("(request)", 1), one("(request)", 1)]);
}

#[tokio::test]
async fn a_canary_serves_a_stable_share_of_the_callers() {
    let stage = Stage::new(backend).await;
    let candidate = changed_policy(KEPT, LESS);
    let served = Share::of_ten_thousand(5_000).unwrap();
    let options = TrialOptions { served, compared: Share::NONE, ..TrialOptions::default() };
    let trial = stage.gateway.try_out(Arc::clone(&candidate), options).unwrap();
    let mut sides = Vec::new();
    for login in ["anna", "zoe", "bora", "root"] {
        let served = async || {
            let got = stage.get(login, "/api/calls").await;
            let is_candidates = got.header("cordon-policy") == Some(candidate.digest().to_string().as_str());
            // One answer is of one policy.
            assert_eq!(!got.text().contains("note"), is_candidates, "{login}: {}", got.text());
            is_candidates
        };
        let side = served().await;
        for _ in 0..5 {
            assert_eq!(served().await, side, "{login}");
        }
        sides.push(side);
    }
    let served = sides.iter().filter(|side| **side).count() as u64;
    let findings = findings(&trial, 6 * served).await;
    assert_eq!(findings.compared, 6 * served);
    assert_eq!(trial.stop(), None);
}

#[tokio::test]
async fn a_canary_that_reveals_is_sent_home() {
    let stage = Stage::new(backend).await;
    let options = TrialOptions { served: Share::ALL, ..TrialOptions::default() };
    let trial = stage.gateway.try_out(changed_policy(KEPT, SECRET_TOO), options.clone()).unwrap();
    assert!(stage.get("anna", "/api/calls").await.text().contains("s1"));
    let place = Place { route: "calls".into(), path: "$.data[*].secret".into() };
    assert_eq!(sent_home(&trial).await, Stop::Revealed(place.clone()));
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);

    // What was approved is no reason; what was not, is.
    let options = TrialOptions { approved: vec![place], ..options };
    let trial = stage.gateway.try_out(changed_policy(KEPT, SECRET_TOO), options).unwrap();
    assert!(stage.get("anna", "/api/calls").await.text().contains("s1"));
    findings(&trial, 1).await;
    assert_eq!(trial.stop(), None);
    assert!(stage.get("anna", "/api/calls/1").await.text().contains("s1"));
    let stop = Stop::Revealed(Place { route: "call".into(), path: "$.secret".into() });
    assert_eq!(sent_home(&trial).await, stop);
}

#[tokio::test]
async fn a_canary_that_fails_is_sent_home() {
    let stage = Stage::new(|_| json(r#"{"items":[{"id":"a","name":"n"}],"total":1}"#)).await;
    stage.gateway.activate(load(cordon_hostile_component::COMPONENT, "well-behaved")).unwrap();
    let before = stage.get("anna", "/records").await;
    assert_eq!(before.status, 200, "{}", before.text());
    for (behaviour, served) in [("trap-in-plan", Share::ALL), ("loop-in-authorize", Share::NONE)] {
        let candidate = load(cordon_hostile_component::COMPONENT, behaviour);
        let options = TrialOptions { served, ..everything() };
        let trial = stage.gateway.try_out(candidate, options).unwrap();
        let first = stage.get("anna", "/records").await;
        if served == Share::ALL {
            assert_eq!(first.status, 500, "{}", first.text());
            assert_eq!(sent_home(&trial).await, Stop::Failed { route: "list".into() });
        } else {
            // Beside the policy in force it costs callers nothing.
            assert_eq!((first.status, first.text()), (200, before.text()));
            assert_eq!(findings(&trial, 1).await.routes["list"].failed, 1);
        }
        assert_eq!(stage.get("anna", "/records").await.text(), before.text());
    }
}

#[tokio::test]
async fn bodies_that_are_too_long_or_broken_off_are_not_compared() {
    let stage = Stage::new(backend).await;
    let options = TrialOptions { body: 100, ..everything() };
    let trial = stage.gateway.try_out(changed_policy(KEPT, SECRET_TOO), options).unwrap();
    assert_eq!(stage.get("anna", "/api/calls").await.text(), ANNAS_CALLS);
    let findings = findings(&trial, 1).await;
    assert_eq!((findings.compared, findings.skipped), (0, 1));
}

#[tokio::test]
async fn a_policy_is_freed_when_its_last_request_ends() {
    let stage = Stage::new(backend).await;
    // Not one of those that all tests share.
    let first = load(cordon_policy_component::COMPONENT, &changed_rules(KEPT, LESS));
    let gone = Arc::downgrade(&first);
    stage.gateway.activate(first).unwrap();
    assert_eq!(stage.get("anna", "/api/calls").await.status, 200);
    assert!(gone.upgrade().is_some());
    stage.gateway.activate(policy()).unwrap();
    assert!(gone.upgrade().is_none());
}

#[tokio::test]
async fn the_header_with_the_digest_can_be_left_out_and_is_not_for_strangers() {
    let stage = Stage::with("enhanced", |config| config.policy_header = None, backend).await;
    assert_eq!(stage.get("anna", "/api/calls").await.header("cordon-policy"), None);
    let stage = Stage::new(backend).await;
    let stranger = stage.get("nobody", "/api/calls").await;
    assert_eq!((stranger.status, stranger.header("cordon-policy")), (401, None));
    assert!(stage.get("anna", "/api/neither").await.header("cordon-policy").is_some());
}
