//! A gateway that serves, and what operators are told of it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use cordon_directory::{Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, MemoryBackend};
use cordon_operate::{Logs, Plane};
use cordon_policy::{Engine, EngineOptions, Policy};
use http::{Request, Response};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::exposition::Exposition;

/// Whose token is their login with this before it.
pub(crate) const TOKEN: &str = "TOKENMARK-of-";

/// What the backend answers a list with: two records of acme and one of zeta. What must stay hidden is marked.
pub(crate) const LIST: &str = r#"{"data":[
    {"id":1,"project":"acme","note":"NOTEMARK","phone":"+1555PHONEMARK","secret":"UNLISTEDMARK"},
    {"id":2,"project":"acme","note":"NOTEMARK","phone":"+1555PHONEMARK"},
    {"id":3,"project":"zeta","note":"ZETAMARK","phone":"+1555PHONEMARK"}],"total":3}"#;

const RULES: &str = r#"
name = "test"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id", "$.note"]
mask = [{ path = "$.phone", with = "keep-last", last = 2 }]

[[route]]
name = "calls"
path = "/api/calls"
section = "any"
query = ["page"]
records = [{ path = "$.data[*]", kind = "call" }]
total = ["$.total"]

[[route]]
name = "call"
path = "/api/calls/{id}"
section = "any"
records = [{ path = "$", kind = "call" }]

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
keep = ["$.id", "$.data.note"]
mask = [{ path = "$.data.phone", with = "keep-last", last = 2 }]

[[route]]
name = "events"
path = "/api/events"
section = "any"
format = "sse"
records = [{ path = "$[*]", kind = "event" }]

[[route]]
name = "socket"
path = "/api/socket"
section = "any"
websocket = true
keep = ["$.type"]
records = [{ path = "$.call", kind = "call", sole = false }]
messages = [{ text = ["ping"] }]

[[route]]
name = "echo"
path = "/api/echo"
section = "any"
websocket = true
request = "pass"
response = "pass"
unfiltered = "it says what it is told"
"#;

pub(crate) struct Stage {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) address: SocketAddr,
    pub(crate) operators: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<()>,
    _tasks: JoinSet<()>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Stage {
    pub(crate) async fn new() -> Stage {
        Stage::with(|_| {}, |_| Arc::default(), list).await
    }

    pub(crate) async fn with(
        change: impl FnOnce(&mut GatewayConfig),
        logs: impl FnOnce(&Gateway) -> Arc<Logs>,
        backend: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Stage {
        Stage::over(Store::fixed(directory()), change, logs, backend).await
    }

    /// Over a directory of the test's own.
    pub(crate) async fn over(
        store: Store,
        change: impl FnOnce(&mut GatewayConfig),
        logs: impl FnOnce(&Gateway) -> Arc<Logs>,
        backend: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Stage {
        let config = configured("http://backend", change);
        let store = Arc::new(store);
        let gateway = Gateway::in_memory(config, store, policy(), MemoryBackend::new(backend)).unwrap();
        let logs = logs(&gateway);
        Stage::of(gateway, logs).await
    }

    /// Before a backend that the test has.
    pub(crate) async fn before(
        store: Arc<Store>,
        backend: SocketAddr,
        logs: impl FnOnce(&Gateway) -> Arc<Logs>,
    ) -> Stage {
        let config = configured(&format!("http://{backend}"), |_| {});
        let gateway = Gateway::new(config, store, policy()).unwrap();
        let logs = logs(&gateway);
        Stage::of(gateway, logs).await
    }

    async fn of(gateway: Arc<Gateway>, logs: Arc<Logs>) -> Stage {
        let plane = Plane { gateway: Arc::clone(&gateway), logs };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(Arc::clone(&gateway).serve(listener, None, async {
            let _ = stopped.await;
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let operators = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(cordon_operate::serve(listener, plane, std::future::pending()));
        Stage { gateway, address, operators, stop: Some(stop), served, _tasks: tasks }
    }

    /// GET as a user.
    pub(crate) async fn get(&self, login: &str, path: &str) -> Reply {
        self.send(login, "GET", path, "", "").await
    }

    pub(crate) async fn send(&self, login: &str, method: &str, path: &str, lines: &str, body: &str) -> Reply {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\
             Authorization: Bearer {TOKEN}{login}\r\n{length}{lines}\r\n{body}"
        );
        raw(self.address, &request).await
    }

    /// What an operator is told.
    pub(crate) async fn ask(&self, path: &str) -> Reply {
        raw(self.operators, &format!("GET {path} HTTP/1.1\r\nHost: cordon\r\nConnection: close\r\n\r\n"))
            .await
    }

    pub(crate) async fn metrics(&self) -> Exposition {
        let reply = self.ask("/metrics").await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert!(reply.head.contains("application/openmetrics-text; version=1.0.0"), "{reply:?}");
        Exposition::parse(&reply.body)
    }

    /// Tells the gateway to stop.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }
}

fn configured(url: &str, change: impl FnOnce(&mut GatewayConfig)) -> GatewayConfig {
    let mut config = GatewayConfig::new(url.parse().unwrap(), MaskSecret([7; 32]));
    config.deadlines.drain = Duration::from_secs(20);
    change(&mut config);
    config
}

/// Sends bytes, and reads an answer until the other side closes.
pub(crate) async fn raw(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    tokio::time::timeout(Duration::from_secs(30), read).await.expect("it is closed").unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// The list, and 404 for all else.
#[expect(clippy::needless_pass_by_value, reason = "a backend is given its requests")]
pub(crate) fn list(request: Request<Bytes>) -> Response<Bytes> {
    if request.uri().path() == "/api/calls" || request.uri().path() == "/api/search" {
        return json(LIST.to_owned());
    }
    Response::builder().status(404).body(Bytes::new()).unwrap()
}

pub(crate) fn json(text: String) -> Response<Bytes> {
    Response::builder().header("content-type", "application/json").body(Bytes::from(text)).unwrap()
}

fn directory() -> Snapshot {
    Snapshot::parse(&directory_text("enhanced")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Two projects; anna is in the first; root sees everything.
pub(crate) fn directory_text(security: &str) -> String {
    let user = |login: &str, projects: &str, role: &str| {
        let hash = Sha256::digest(format!("{TOKEN}{login}"));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "[[user]]\nlogin = \"{login}\"\nprojects = [{projects}]\nroles = [\"{role}\"]\n\
             tokens = [\"sha256:{hash}\"]\n"
        )
    };
    format!(
        "security = \"{security}\"\n\
         [[project]]\nid = \"acme\"\nname = \"Acme\"\n[[project]]\nid = \"zeta\"\nname = \"Zeta\"\n\
         [[role]]\nname = \"Operator\"\nsections = [\"calls\"]\n{}{}",
        user("anna", "\"acme\"", "Operator"),
        user("root", "", "Admin"),
    )
}

pub(crate) fn policy() -> Arc<Policy> {
    static POLICY: OnceLock<Arc<Policy>> = OnceLock::new();
    Arc::clone(POLICY.get_or_init(|| load(RULES)))
}

/// The policy, with a rules file that differs.
pub(crate) fn another_policy() -> Arc<Policy> {
    load(&RULES.replace("version = \"1\"", "version = \"2\""))
}

fn load(rules: &str) -> Arc<Policy> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    let engine = ENGINE
        .get_or_init(|| Engine::new(EngineOptions { sandboxes: 16, ..EngineOptions::default() }).unwrap());
    let policy = Policy::load(engine, cordon_policy_component::COMPONENT, rules);
    Arc::new(policy.unwrap_or_else(|error| panic!("{error:?}")))
}
