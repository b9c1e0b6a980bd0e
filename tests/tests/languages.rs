//! One policy, written in four languages: each is put before the demo's backend, and all give every caller the same
//! call log, to the byte. `examples/policies` has the policies.
//!
//! The components of JavaScript and Python have a language's runtime in them, which takes a minute to compile the first
//! time: `cargo test --test languages -- --ignored --nocapture`, after `bash examples/policies/build.sh`. It also prints
//! what each language costs.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "languages/cost.rs"]
mod cost;
#[path = "languages/oracle.rs"]
mod oracle;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cordon_example_backend::{Backend, TOKENS};
use cordon_gateway::{BackendCredential, ProjectSelector};
use cordon_policy::{CompiledFolder, Engine, EngineOptions, LoadError, LoadOptions, Policy, RuleProblem};
use cordon_tests::{Answer, Client, Cordon, Running, external};

use cost::Cost;
use oracle::{CALLERS, Caller, Oracle};

/// All calls of the demo in one page.
const CALLS: &str = "/api/calls?per_page=2000";

/// Room for the runtimes of languages.
fn usual() -> EngineOptions {
    EngineOptions {
        wasi: true,
        memory: 128 << 20,
        // Nothing here depends on how fast the machine is.
        call_time: Duration::from_secs(20),
        configure_time: Duration::from_secs(120),
        sandboxes: 16,
        ..EngineOptions::default()
    }
}

/// A component of `examples/policies`, if it has been built; what it was built from is looked at.
fn component(language: &str) -> Option<PathBuf> {
    let built = external::workspace().join(".tools/policies").join(format!("{language}.wasm"));
    if !built.is_file() {
        return external::missing(
            &format!("the policy in {language}"),
            &format!("build it with `bash examples/policies/build.sh {language}`"),
        );
    }
    let script = external::workspace().join("examples/policies/build.sh");
    let status = Command::new("bash").arg(script).arg(language).status().unwrap();
    assert!(status.success(), "examples/policies/build.sh {language}: {status}");
    Some(built)
}

fn example(path: &str) -> String {
    fs::read_to_string(external::workspace().join("examples").join(path)).unwrap()
}

fn load(engine: &Arc<Engine>, component: &Path, rules: &str) -> Result<Policy, LoadError> {
    let folder = CompiledFolder::open(&external::workspace().join(".tools/policies/compiled")).unwrap();
    let options = LoadOptions { compiled: Some(&folder), ..LoadOptions::default() };
    Policy::load_with(engine, &fs::read(component).unwrap(), rules, &options)
}

/// Gives each policy rules that are wrong: all say the same of them.
fn assert_mistakes_are_told_alike(engine: &Arc<Engine>, languages: &[(&str, PathBuf)]) {
    let wrong = ["", "{}", "[]", r#"{"name": 1, "keep": [""], "mask": [{"path": "$.a", "last": -1}]}"#];
    for rules in wrong {
        let mut said: Option<Vec<RuleProblem>> = None;
        for (language, component) in languages {
            let problems = match load(engine, component, rules) {
                Err(LoadError::Rules(problems)) => problems,
                other => panic!("{language}: {other:?}"),
            };
            assert_eq!(*said.get_or_insert_with(|| problems.clone()), problems, "{language}: {rules}");
        }
    }
}

/// The demo, with one of the policies in force.
struct Scene {
    backend: cordon_example_backend::Running,
    cordon: Running,
}

impl Scene {
    async fn new() -> Scene {
        let backend = Backend::start(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let rules = example("demo/rules.toml");
        let cordon = Cordon::start_with(&rules, &example("demo/directory.toml"), backend.address, |config| {
            let value = example("demo/backend.token").trim().parse().unwrap();
            let name = "x-api-key".parse().unwrap();
            config.backend.credential = BackendCredential::Header { name, value };
            config.project = ProjectSelector { header: Some("x-project".parse().unwrap()), query: None };
        })
        .await;
        Scene { backend, cordon }
    }

    /// What a caller gets under a policy.
    async fn ask(&self, caller: &Caller, path: &str) -> Answer {
        let (_, token) = TOKENS.iter().find(|(login, _)| *login == caller.login).unwrap();
        let mut client = Client::with_token(self.cordon.address(), token);
        if let Some(project) = caller.chosen {
            client = client.with_header("x-project", project);
        }
        client.get(path).await
    }

    /// What the backend says, which isolates nothing.
    async fn everything(&self) -> Vec<u8> {
        let key = example("demo/backend.token");
        let answer = Client::new(self.backend.address).with_header("x-api-key", key.trim()).get(CALLS).await;
        assert_eq!(answer.status, 200);
        answer.body
    }

    /// Puts each policy in force, and compares what all callers get with what they must.
    async fn compare(&self, engine: &Arc<Engine>, languages: &[(&str, PathBuf)]) {
        let oracle = Oracle::read(&example("demo/directory.toml"));
        let everything = self.everything().await;
        for (language, component) in languages {
            let policy = load(engine, component, &example("policies/rules.json"));
            let policy = Arc::new(policy.unwrap_or_else(|error| panic!("{language}: {error}")));
            self.cordon.gateway().activate(Arc::clone(&policy)).unwrap();
            for caller in &CALLERS {
                let answer = self.ask(caller, CALLS).await;
                let who = format!("{language}, {} {:?}", caller.login, caller.chosen);
                let failed = || format!("{who}: {}\n{:?}", answer.text(), policy.counters());
                assert_eq!((answer.status, answer.whole), (200, true), "{}", failed());
                let expected = oracle.view(caller, &everything);
                assert_eq!(answer.text(), expected, "{who}");
                assert!(expected.len() > 1000 && expected.len() < everything.len(), "{who}: it shows a part");
            }
            let [olga, ..] = &CALLERS;
            let refused = self.ask(olga, "/api/calls?sort=caller_number").await;
            assert_eq!(refused.problem().as_deref(), Some("parameter-not-allowed"), "{language}");
            let elsewhere = self.ask(olga, "/api/contacts").await;
            assert_eq!(elsewhere.status, 404, "{language}: {}", elsewhere.text());
            let counters = policy.counters();
            assert_eq!((counters.traps, counters.time_outs, counters.bad_answers), (0, 0, 0), "{language}");
        }
    }
}

#[tokio::test]
async fn a_policy_in_c_gives_the_same_as_one_in_rust() {
    let built = |language| Some((language, component(language)?));
    let (Some(rust), Some(c)) = (built("rust"), built("c")) else { return };
    let engine = Engine::new(usual()).unwrap();
    let languages = [rust, c];
    assert_mistakes_are_told_alike(&engine, &languages);
    Scene::new().await.compare(&engine, &languages).await;
}

#[tokio::test]
#[ignore = "the first time it compiles the runtimes of two languages, which takes a minute"]
async fn four_languages_give_the_same() {
    let mut languages = Vec::new();
    for language in ["rust", "c", "javascript", "python"] {
        match component(language) {
            Some(component) => languages.push((language, component)),
            None => return,
        }
    }
    let scene = Scene::new().await;
    let engine = Engine::new(usual()).unwrap();
    assert_mistakes_are_told_alike(&engine, &languages);
    scene.compare(&engine, &languages).await;
    let rules = example("policies/rules.json");

    // Those that bring a runtime along want WASI, and get none that nobody allowed.
    let strict = Engine::new(EngineOptions { wasi: false, ..usual() }).unwrap();
    let wants =
        |component: &Path| matches!(load(&strict, component, &rules), Err(LoadError::WasiNotAllowed { .. }));
    let wanting: Vec<&str> =
        languages.iter().filter(|(_, component)| wants(component)).map(|(language, _)| *language).collect();
    assert_eq!(wanting, ["javascript", "python"]);

    let costs = languages.iter().map(|(language, component)| {
        let policy = Arc::new(load(&engine, component, &rules).unwrap());
        let size = fs::metadata(component).unwrap().len();
        (*language, size, policy.starts_configured(), Cost::of(&policy))
    });
    cost::print(&costs.collect::<Vec<_>>());
}
