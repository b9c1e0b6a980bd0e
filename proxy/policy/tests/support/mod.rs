//! A small deployment, and the policy of `tests/hostile` in it.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses its part")]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cordon_hostile_component::COMPONENT;
use cordon_policy::{
    CacheOptions, Directory, Engine, EngineOptions, Exchange, Field, LoadError, Policy, Request, Rights,
    Scope, Sections,
};
use cordon_rewrite::{Batch, Judge, JudgeError, Scalar, Value, Verdict};

/// Routes of the policy, by their place in its manifest.
pub const LIST: usize = 0;
pub const ONE: usize = 1;
pub const CHANGE: usize = 2;
pub const OWN: usize = 3;

pub struct Town {
    pub revision: u64,
    pub fields: Vec<&'static str>,
}

impl Directory for Town {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn fields(&self, kind: &str) -> Vec<Field> {
        assert_eq!(kind, "contact");
        let field = |key: &&str| Field { key: (*key).into(), projects: vec![], system: true, hidden: false };
        self.fields.iter().map(field).collect()
    }

    fn projects_of(&self, kind: &str, id: &str) -> Option<Vec<String>> {
        (kind == "queue" && id.starts_with('q')).then(|| vec![id[1..].to_owned()])
    }

    fn single_project(&self, kind: &str) -> bool {
        kind == "queue"
    }
}

pub fn options() -> EngineOptions {
    EngineOptions { configure_time: Duration::from_millis(300), ..EngineOptions::default() }
}

/// One engine for all tests of a file: what one policy does must not be felt by the next.
pub fn engine() -> &'static Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(options()).unwrap())
}

pub fn small_caches(entries: usize) -> EngineOptions {
    let small = CacheOptions { entries, bytes: 1 << 20 };
    EngineOptions { decisions: small, plans: small, verdicts: small, ..options() }
}

pub fn try_load(behaviour: &str) -> Result<Policy, LoadError> {
    Policy::load(engine(), COMPONENT, behaviour)
}

pub fn load(behaviour: &str) -> Arc<Policy> {
    Arc::new(try_load(behaviour).unwrap())
}

pub fn town(revision: u64) -> Arc<Town> {
    Arc::new(Town { revision, fields: vec!["email", "name", "phone"] })
}

pub fn scope(projects: &[&str]) -> Arc<Scope> {
    scope_choosing(projects, None)
}

/// Whoever has this scope meets good behaviour under any rules.
pub fn calm() -> Arc<Scope> {
    scope_choosing(&["a"], Some("calm"))
}

pub fn scope_choosing(projects: &[&str], chosen: Option<&str>) -> Arc<Scope> {
    let projects = projects.iter().map(|&project| project.into()).collect();
    Arc::new(Scope::new(projects, Rights::default(), Sections::All, chosen.map(str::to_owned)))
}

pub fn exchange(policy: &Arc<Policy>, scope: &Arc<Scope>, route: usize) -> Exchange {
    Exchange::new(Arc::clone(policy), town(1), Arc::clone(scope), route)
}

pub fn request(query: &[&str]) -> Request {
    Request { method: "GET".into(), query: query.iter().map(|&name| name.into()).collect(), values: vec![] }
}

/// Judges records by their project and queue, None standing for an absent key.
pub fn judge(
    exchange: &Exchange,
    records: &[(Option<&str>, Option<&str>)],
) -> Result<Vec<Verdict>, JudgeError> {
    let mut batch = Batch::new(2);
    let key = |text: Option<&'static str>| text.map_or(Value::Absent, |text| Value::One(Scalar::Text(text)));
    for (project, queue) in records {
        let own = |text: Option<&str>| key(text.map(|text| &*Box::leak(text.to_owned().into_boxed_str())));
        batch.push(&[own(*project), own(*queue)]);
    }
    let mut verdicts = Vec::new();
    exchange.judge().judge(0, &batch, &mut verdicts).map(|()| verdicts)
}
