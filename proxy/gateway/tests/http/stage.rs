//! A gateway between a raw backend and a test's clients.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use cordon_directory::{Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret};
use cordon_policy::{Engine, EngineOptions, Policy};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::backend::{Backend, Script, Seen};

/// Whose token is their login with this before it.
pub(crate) const TOKEN: &str = "token-of-";

const RULES: &str = r#"
name = "test"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id", "$.project", "$.note"]

[[route]]
name = "calls"
path = "/api/calls"
section = "any"
query = ["page"]
headers = ["x-page"]
records = [{ path = "$.data[*]", kind = "call" }]
total = ["$.total"]

[[route]]
name = "call"
path = "/api/calls/{id}"
section = "any"
records = [{ path = "$", kind = "call" }]

[[route]]
name = "change-call"
methods = ["PUT"]
path = "/api/calls/{id}"
section = "any"
changes = true
about = { route = "call" }
request = "pass"
records = [{ path = "$", kind = "call" }]

[[route]]
name = "delete-call"
methods = ["DELETE"]
path = "/api/calls/{id}"
section = "any"
changes = true
about = { route = "call" }
response = "empty"

[[route]]
name = "recording"
path = "/api/calls/{call}/recording"
section = "any"
about = { route = "call", with = { id = "call" } }
response = "pass"
unfiltered = "an audio file; its call has been checked"

[[route]]
name = "search"
methods = ["POST"]
path = "/api/search"
section = "any"
changes = false
request = "pass"
records = [{ path = "$.data[*]", kind = "call" }]

[kind.event]
project = ["$.data.project"]
keep = ["$.event", "$.id", "$.data.id", "$.data.note"]

[[route]]
name = "lines"
path = "/api/lines"
section = "any"
format = "ndjson"
records = [{ path = "$[*]", kind = "call" }]

[[route]]
name = "table"
path = "/api/table"
section = "any"
format = "csv"
csv = { delimiter = ";", encoding = "windows-1252" }
records = [{ path = "$[*]", kind = "call" }]

[[route]]
name = "tree"
path = "/api/tree"
section = "any"
format = "xml"
records = [{ path = "$.calls.call[*]", kind = "call" }]

[[route]]
name = "events"
path = "/api/events"
section = "any"
format = "sse"
records = [{ path = "$[*]", kind = "event" }]

[kind.packed]
project = ["$.attributes.project"]
embedded = ["$.attributes"]
keep = ["$.id", "$.attributes.note"]

[[route]]
name = "packed"
path = "/api/packed"
section = "any"
records = [{ path = "$.data[*]", kind = "packed" }]
total = ["$.total"]

[[route]]
name = "packed-lines"
path = "/api/packed-lines"
section = "any"
format = "ndjson"
records = [{ path = "$[*]", kind = "packed" }]

[[route]]
name = "rows"
path = "/api/rows"
section = "any"
records = [{ path = "$.rows[*]", kind = "call", columns = { path = "$.columns" } }]

[[route]]
name = "first-row"
path = "/api/first-row"
section = "any"
records = [{ path = "$[*]", kind = "call", columns = "first-row" }]

[[route]]
name = "listed-rows"
path = "/api/listed-rows"
section = "any"
records = [{ path = "$[*]", kind = "call", columns = ["id", "secret", "project"] }]

[[route]]
name = "socket"
path = "/api/socket"
section = "any"
websocket = true
headers = ["sec-websocket-protocol", "x-page"]
records = [{ path = "$.call", kind = "call", sole = false }, { path = "$.calls[*]", kind = "call" }]
keep = ["$.type"]
messages = [
  { "$.type" = ["subscribe", "unsubscribe"], "$.queue" = "any", "$.ids[*]" = "any", "$['a b'].c" = ["1", "x"] },
  { "$.type" = ["hello"] },
  { text = ["ping"] },
]

[[route]]
name = "calls-socket"
path = "/api/calls/{id}/socket"
section = "any"
websocket = true
about = { route = "call" }
records = [{ path = "$[*]", kind = "call" }]

[[route]]
name = "echo-socket"
path = "/api/echo"
section = "any"
websocket = true
request = "pass"
response = "pass"
unfiltered = "it says what it is told"

[[route]]
name = "secret-socket"
path = "/api/secret-socket"
section = "secret"
websocket = true
records = [{ path = "$", kind = "call" }]

[[route]]
name = "secret"
path = "/api/secret"
section = "secret"
records = [{ path = "$.data[*]", kind = "call" }]
"#;

/// The hash of a user's token, as a directory file has it.
pub(crate) fn token_hash(login: &str) -> String {
    let hash = Sha256::digest(format!("{TOKEN}{login}"));
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The directory below, as text.
pub(crate) fn directory(security: &str) -> Snapshot {
    Snapshot::parse(&directory_text(security)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Two projects; anna is in the first, zoe in the second, bora in both; root sees everything.
pub(crate) fn directory_text(security: &str) -> String {
    let user = |login: &str, projects: &str, role: &str| {
        format!(
            "[[user]]\nlogin = \"{login}\"\nprojects = [{projects}]\nroles = [\"{role}\"]\n\
             tokens = [\"sha256:{}\"]\nsubjects = [\"sub-{login}\"]\n",
            token_hash(login)
        )
    };
    format!(
        "security = \"{security}\"\n\
         [[project]]\nid = \"acme\"\nname = \"Acme\"\n[[project]]\nid = \"zeta\"\nname = \"Zeta\"\n\
         [[role]]\nname = \"Operator\"\nsections = [\"calls\"]\n{}{}{}{}",
        user("anna", "\"acme\"", "Operator"),
        user("zoe", "\"zeta\"", "Operator"),
        user("bora", "\"acme\", \"zeta\"", "Operator"),
        user("root", "", "Admin"),
    )
}

/// The default policy with the rules above, made once.
pub(crate) fn policy() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(POLICY.get_or_init(|| load(cordon_policy_component::COMPONENT, RULES)))
}

/// The rules above with one part replaced.
pub(crate) fn changed_rules(part: &str, by: &str) -> String {
    assert!(RULES.contains(part), "{part}");
    RULES.replace(part, by)
}

/// The default policy with one part of the rules above replaced, made once for each.
pub(crate) fn changed_policy(part: &str, by: &str) -> Arc<Policy> {
    static POLICIES: Mutex<BTreeMap<String, Arc<Policy>>> = Mutex::new(BTreeMap::new());
    let rules = changed_rules(part, by);
    let mut policies = POLICIES.lock().unwrap();
    let policy =
        policies.entry(rules).or_insert_with_key(|rules| load(cordon_policy_component::COMPONENT, rules));
    Arc::clone(policy)
}

pub(crate) fn load(component: &[u8], rules: &str) -> Arc<Policy> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let engine = ENGINE
        .get_or_init(|| Engine::new(EngineOptions { sandboxes: 16, ..EngineOptions::default() }).unwrap());
    match Policy::load(engine, component, rules) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("{error:?}"),
    }
}

pub(crate) struct Stage {
    pub(crate) backend: Backend,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Stage {
    /// Enforcing, with the defaults.
    pub(crate) async fn new(handler: impl Fn(&Seen) -> Script + Send + Sync + 'static) -> Stage {
        Stage::with("enhanced", |_| {}, handler).await
    }

    /// With changes to the configuration.
    pub(crate) async fn with(
        security: &str,
        change: impl FnOnce(&mut GatewayConfig),
        handler: impl Fn(&Seen) -> Script + Send + Sync + 'static,
    ) -> Stage {
        let store = Arc::new(Store::fixed(directory(security)));
        Stage::over(store, change, handler).await
    }

    /// With a directory that the test changes.
    pub(crate) async fn over(
        store: Arc<Store>,
        change: impl FnOnce(&mut GatewayConfig),
        handler: impl Fn(&Seen) -> Script + Send + Sync + 'static,
    ) -> Stage {
        crate::log::install();
        let backend = Backend::start(Arc::new(handler)).await;
        let url = format!("http://{}", backend.address).parse().unwrap();
        let mut config = GatewayConfig::new(url, MaskSecret([7; 32]));
        config.deadlines.drain = Duration::from_secs(5);
        change(&mut config);
        let gateway = Gateway::new(config, store, policy()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(Arc::clone(&gateway).serve(listener, None, async {
            let _ = stopped.await;
        }));
        Stage { backend, gateway, address, stop: Some(stop), served }
    }

    /// Stops, and looks at what was counted: what is under way is counted when it ends.
    pub(crate) async fn stop_and(self, look: impl FnOnce(cordon_gateway::Counters)) {
        let gateway = Arc::clone(&self.gateway);
        self.stop().await;
        look(gateway.counters());
    }

    /// Asks the gateway to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        (&mut self.served).await.unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// A list of calls, as (id, project).
pub(crate) fn calls(records: &[(u32, &str)]) -> String {
    let data = records
        .iter()
        .map(|(id, project)| {
            format!(r#"{{"id":{id},"project":"{project}","note":"n{id}","secret":"s{id}"}}"#)
        })
        .collect::<Vec<_>>();
    format!(r#"{{"data":[{}],"total":{}}}"#, data.join(","), records.len())
}

/// One call.
pub(crate) fn call(id: u32, project: &str) -> String {
    format!(r#"{{"id":{id},"project":"{project}","note":"n{id}","secret":"s{id}"}}"#)
}

/// What anna gets of `calls(&[(1, "acme"), (2, "zeta")])`.
pub(crate) const ANNAS_CALLS: &str = r#"{"data":[{"id":1,"project":"acme","note":"n1"}],"total":1}"#;
