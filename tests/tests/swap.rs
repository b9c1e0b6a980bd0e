//! Policies are changed under load: no request fails, no answer mixes two policies, and nothing of an old one stays.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use cordon_policy::{CompiledFolder, Engine, EngineOptions, LoadOptions, Policy};
use cordon_policy_component::COMPONENT;
use cordon_tests::{Answer, Backend, Cordon, DirectoryText, Reply, Running};

const SWAPS: usize = 200;
const CALLERS: usize = 4;

const RULES: &str = r#"
name = "swapped"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id", "$.project", "$.note"]

[[route]]
name = "calls"
path = "/calls"
section = "calls"
records = [{ path = "$.items[*]", kind = "call" }]
total = ["$.total"]
"#;

/// A page of calls of two projects, about 17 KB, so that it comes in several pieces.
fn calls() -> String {
    let record = |id: usize| {
        let project = ["acme", "zeta"][id % 2];
        format!(r#"{{"id":{id},"project":"{project}","note":"{}","secret":"s{id}"}}"#, "n".repeat(100))
    };
    let items: Vec<String> = (0..100).map(record).collect();
    format!(r#"{{"items":[{}],"total":{}}}"#, items.join(","), items.len())
}

/// What was asked while something went on.
#[derive(Default)]
struct Load {
    requests: u64,
    times: Vec<Duration>,
}

impl Load {
    /// Callers that ask over and over until `stop`, each over a connection of its own. `expected` is what each policy
    /// makes of the page, by the digest that the answer names.
    async fn run(cordon: &Running, expected: &[(String, Answer)], stop: &Arc<AtomicBool>) -> Load {
        let callers = (0..CALLERS).map(|_| {
            let (stop, expected) = (Arc::clone(stop), expected.to_vec());
            let mut client = cordon.client("anna");
            tokio::spawn(async move {
                let mut load = Load::default();
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let answer = client.get("/calls").await;
                    load.times.push(began.elapsed());
                    load.requests += 1;
                    let digest = answer.header("cordon-policy").unwrap_or_default();
                    let wanted = expected.iter().find(|(policy, _)| policy == digest);
                    let wanted = wanted.unwrap_or_else(|| panic!("{} {digest}", answer.status));
                    assert_eq!(answer.undated(), wanted.1);
                }
                load
            })
        });
        let mut all = Load::default();
        for caller in callers.collect::<Vec<_>>() {
            let load = caller.await.unwrap();
            all.requests += load.requests;
            all.times.extend(load.times);
        }
        all.times.sort_unstable();
        all
    }

    fn late(&self) -> Duration {
        self.times[self.times.len() * 99 / 100]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_swaps_under_load_lose_nothing_and_mix_nothing() {
    let backend = Backend::start().await;
    backend.answer("/calls", Reply::json(calls()));
    let directory = DirectoryText::default()
        .project("acme", &[])
        .project("zeta", &[])
        .role("Operator", &[], Some(&["calls"]))
        .user("anna", "Operator", &["acme"]);
    let cordon = Cordon::start(RULES, directory.text(), backend.address()).await;
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let rules = [RULES.to_owned(), RULES.replace(", \"$.note\"]", "]")];
    let folder = tempfile::tempdir().unwrap();
    let compiled = Arc::new(CompiledFolder::open(folder.path()).unwrap());
    // From bytes, as whatever is delivered; what was compiled once is found.
    let load = |side: usize| {
        let (engine, rules, compiled) = (Arc::clone(&engine), rules[side].clone(), Arc::clone(&compiled));
        tokio::task::spawn_blocking(move || {
            let options = LoadOptions { compiled: Some(&compiled), ..LoadOptions::default() };
            Arc::new(Policy::load_with(&engine, COMPONENT, &rules, &options).unwrap())
        })
    };
    let mut expected = Vec::new();
    for side in [1, 0] {
        cordon.gateway().activate(load(side).await.unwrap()).unwrap();
        let answer = cordon.client("anna").get("/calls").await;
        assert_eq!((answer.status, answer.text().contains("nnn")), (200, side == 0));
        assert!(!answer.holds("zeta") && !answer.holds("secret"));
        let digest = answer.header("cordon-policy").unwrap().to_owned();
        expected.push((digest, answer.undated()));
    }
    let expected = expected;
    assert_ne!(expected[0].0, expected[1].0);

    let stop = Arc::new(AtomicBool::new(false));
    let timer = tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            stop.store(true, Ordering::Relaxed);
        }
    });
    let quiet = Load::run(&cordon, &expected, &stop).await;
    timer.await.unwrap();

    stop.store(false, Ordering::Relaxed);
    let swapped: AtomicU64 = AtomicU64::new(0);
    let mut resident = Vec::new();
    let swapping = async {
        let mut gone: Vec<Weak<Policy>> = Vec::new();
        for swap in 0..SWAPS {
            let policy = load(swap % 2).await.unwrap();
            gone.push(Arc::downgrade(&policy));
            cordon.gateway().activate(policy).unwrap();
            swapped.fetch_add(1, Ordering::Relaxed);
            if swap % 50 == 49 {
                resident.push(resident_mib());
            }
        }
        stop.store(true, Ordering::Relaxed);
        gone
    };
    let (busy, gone) = tokio::join!(Load::run(&cordon, &expected, &stop), swapping);

    println!(
        "{} swaps: {} requests, none failed; p99 {:?}, quiet {:?} of {} requests; resident after each 50: {resident:?} MiB",
        swapped.load(Ordering::Relaxed),
        busy.requests,
        busy.late(),
        quiet.late(),
        quiet.requests,
    );
    assert!(busy.requests > SWAPS as u64, "there was no load to speak of: {}", busy.requests);
    // The last is in force; of the others nobody has anything any more.
    let (last, before) = gone.split_last().unwrap();
    assert!(last.upgrade().is_some());
    assert_eq!(before.iter().filter(|policy| policy.upgrade().is_some()).count(), 0);
    // A hundred policies and their code would be several times as much.
    if let [first, .., last] = resident[..] {
        assert!(last < first + 64, "{resident:?}");
    }
}

/// What the process has in memory, in MiB. Nothing where the system does not tell.
fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096 / (1 << 20)
}
