//! What becomes of deliveries, and what stays of trials that are over.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use cordon_activation::RunOptions;
use cordon_bundle::kept::Kept;
use cordon_bundle::source::Delivery;
use cordon_bundle::trust::Signatures;
use cordon_bundle::{Case, Parts};
use cordon_directory::{Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, TrialOptions};
use cordon_policy::{Engine, EngineOptions, Policy};
use cordon_rollout::{Rollout, Settings, Start};
use tempfile::TempDir;

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
"#;

const CASE: &str = r#"
shows = "Calls of other projects are not shown."

[directory]
project = [{ id = "a", name = "A" }]
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
async fn nothing_stays_of_a_trial_that_is_over() {
    let (_folder, rollout) = started().await;
    for ends_by_promotion in [false, true] {
        let counter = 2 + u64::from(ends_by_promotion);
        rollout.take(delivery(counter), "test").await.unwrap();
        rollout.try_out(None, TrialOptions::default()).await.unwrap();
        let candidate = rollout.standing().candidate.unwrap();
        let trial = Arc::downgrade(&candidate.trial);
        let policy = Arc::downgrade(candidate.trial.policy());
        drop(candidate);
        if ends_by_promotion {
            rollout.promote(None, "test").await.unwrap();
        } else {
            rollout.end_trial().await.unwrap();
        }
        gone(&trial).await;
        // What was promoted was made anew from its bundle, so that the candidate's is gone in both cases.
        gone(&policy).await;
    }
}

#[tokio::test]
async fn what_is_not_above_the_floor_is_on_offer_no_more() {
    let (_folder, rollout) = started().await;
    for counter in [2, 3, 4] {
        rollout.take(delivery(counter), "test").await.unwrap();
    }
    let digest = delivery(3).bundle.digest();
    rollout.promote(Some(digest), "test").await.unwrap();
    let counters = || -> Vec<u64> {
        rollout.standing().offers.iter().map(|offer| offer.delivery.bundle.manifest().counter).collect()
    };
    assert_eq!(counters(), [4]);
    rollout.roll_back(None, "test").await.unwrap();
    assert_eq!(counters(), [4]);
    let actions: Vec<String> =
        rollout.history().await.iter().map(|entry| format!("{} {}", entry.action, entry.counter)).collect();
    assert_eq!(actions, ["activate 1", "activate 3", "rollback 1"]);
}

/// Waits until nobody has it any more; what still compares may take a moment.
async fn gone<T>(held: &Weak<T>) {
    for _ in 0..2000 {
        if held.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("somebody still has it");
}

async fn started() -> (TempDir, Arc<Rollout>) {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let engine = ENGINE
        .get_or_init(|| Engine::new(EngineOptions { sandboxes: 16, ..EngineOptions::default() }).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let kept = Kept::open(folder.path()).unwrap();
    let settings = Settings {
        engine: Arc::clone(engine),
        trust: None,
        automatic: false,
        compiled: None,
        checks: RunOptions::default(),
    };
    let start = Start::find(&settings, kept, async { Some(delivery(1)) }).await.unwrap();
    let config = GatewayConfig::new("http://127.0.0.1:1".parse().unwrap(), MaskSecret([7; 32]));
    let policy: Arc<Policy> = Arc::clone(&start.policy);
    let store = Arc::new(Store::fixed(Snapshot::parse("security = \"enhanced\"").unwrap()));
    let gateway = Gateway::new(config, store, policy).unwrap();
    (folder, Rollout::new(settings, gateway, start))
}

fn delivery(counter: u64) -> Delivery {
    let parts = Parts {
        manifest: format!("name = \"calls\"\nversion = \"1.0\"\ncontract = \"0.2\"\ncounter = {counter}\n"),
        component: Bytes::from_static(cordon_policy_component::COMPONENT),
        rules: RULES.to_owned(),
        cases: vec![Case { name: "case.toml".to_owned(), text: CASE.to_owned() }],
    };
    Delivery { bundle: parts.write().unwrap(), signatures: Signatures::none() }
}
