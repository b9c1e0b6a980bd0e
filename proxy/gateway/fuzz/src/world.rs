//! A gateway with a backend, both in memory, made once for all inputs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cordon_directory::{Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret, MemoryBackend};
use cordon_policy::{Engine, EngineOptions, Policy};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};

use crate::reading::one_request;

/// A credential is a login with this before it.
pub(crate) const TOKEN: &str = "token-of-";
/// What the backend says of calls if it is told nothing else: one of each project.
pub(crate) const CALLS: &str = r#"{"data":[{"id":1,"project":"acme","note":"n1","secret":"s1"},{"id":2,"project":"zeta","note":"n2","secret":"s2"}],"total":2}"#;
/// Longer than everything that is allowed to take its time (virtual seconds).
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// What a client may send, and be sent, before anybody looks.
const ROOM: usize = 4 << 20;

const RULES: &str = r#"
name = "fuzz"
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
name = "search"
methods = ["POST"]
path = "/api/search"
section = "any"
changes = false
request = "pass"
records = [{ path = "$.data[*]", kind = "call" }]
"#;

/// What the backend sends once it got a request.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) bytes: Vec<u8>,
    /// So many at a time; zero is all of them.
    pub(crate) pieces: usize,
    /// It closes behind them.
    pub(crate) closes: bool,
}

impl Said {
    /// A body as JSON, with nothing special about its head.
    pub(crate) fn plainly(body: &[u8]) -> Said {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
        let mut bytes = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        Said { bytes, pieces: 0, closes: false }
    }
}

#[derive(Default)]
struct Backend {
    connections: usize,
    /// What each connection brought.
    received: BTreeMap<usize, Vec<u8>>,
    /// What is said to every request; [`CALLS`] if nothing is here.
    said: Option<Said>,
}

pub(crate) struct World {
    runtime: Runtime,
    gateway: Arc<Gateway>,
    backend: Arc<Mutex<Backend>>,
}

impl World {
    /// Does something with the world of this thread.
    pub(crate) fn enter<T>(act: impl FnOnce(&World) -> T) -> T {
        thread_local!(static WORLD: World = World::new());
        WORLD.with(act)
    }

    fn new() -> World {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime can be made");
        let engine = Engine::new(EngineOptions { sandboxes: 4, ..EngineOptions::default() });
        let engine = engine.expect("an engine can be made");
        let policy = Policy::load(&engine, cordon_policy_component::COMPONENT, RULES);
        let policy = Arc::new(policy.unwrap_or_else(|error| panic!("{error:?}")));
        let directory = Snapshot::parse(&directory()).unwrap_or_else(|problems| panic!("{problems:?}"));
        let backend = Arc::<Mutex<Backend>>::default();
        let speaking = Arc::clone(&backend);
        let memory = MemoryBackend::speaking(move |stream| speak(stream, Arc::clone(&speaking)));
        let url = "http://backend.test".parse().expect("a URL");
        let config = GatewayConfig::new(url, MaskSecret([7; 32]));
        let _inside = runtime.enter();
        let gateway = Gateway::in_memory(config, Arc::new(Store::fixed(directory)), policy, memory);
        let gateway = gateway.unwrap_or_else(|error| panic!("{error}"));
        World { runtime, gateway, backend }
    }

    /// What the backend will say from now on; what it says usually, if that is nothing.
    pub(crate) fn will_say(&self, said: Option<Said>) {
        self.backend().said = said;
    }

    /// Sends these bytes on a connection of their own, so many at a time, and returns what came back until the gateway
    /// closed, and what each connection to the backend brought meanwhile.
    ///
    /// # Panics
    /// The connection never ends.
    pub(crate) fn say(&self, sent: &[u8], pieces: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
        self.backend().received.clear();
        let heard = self.runtime.block_on(async {
            let (mut ours, theirs) = tokio::io::duplex(ROOM);
            let serving = tokio::spawn(Arc::clone(&self.gateway).serve_stream(theirs));
            let mut heard = Vec::new();
            let talk = async {
                write(&mut ours, sent, pieces).await;
                // A connection that is broken off ends too.
                let _ = ours.read_to_end(&mut heard).await;
                serving.await.expect("the gateway does not panic");
            };
            tokio::time::timeout(NEVER, talk).await.expect("every connection ends");
            heard
        });
        (heard, std::mem::take(&mut self.backend().received).into_values().collect())
    }

    fn backend(&self) -> std::sync::MutexGuard<'_, Backend> {
        self.backend.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Two projects, with one user in each.
fn directory() -> String {
    let user = |login: &str, project: &str| {
        let hash = Sha256::digest(format!("{TOKEN}{login}"));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "[[user]]\nlogin = \"{login}\"\nprojects = [\"{project}\"]\nroles = [\"Operator\"]\n\
             tokens = [\"sha256:{hash}\"]\n"
        )
    };
    format!(
        "security = \"enhanced\"\n[[project]]\nid = \"acme\"\nname = \"Acme\"\n[[project]]\nid = \"zeta\"\n\
         name = \"Zeta\"\n[[role]]\nname = \"Operator\"\nsections = [\"calls\"]\n{}{}",
        user("anna", "acme"),
        user("zoe", "zeta"),
    )
}

/// Whoever does not take all of it has ended, or will.
async fn write(stream: &mut DuplexStream, bytes: &[u8], pieces: usize) {
    let pieces = if pieces == 0 { bytes.len().max(1) } else { pieces };
    for piece in bytes.chunks(pieces) {
        if stream.write_all(piece).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn speak(mut stream: DuplexStream, backend: Arc<Mutex<Backend>>) {
    let lock = || backend.lock().unwrap_or_else(PoisonError::into_inner);
    let this = {
        let mut backend = lock();
        backend.connections += 1;
        backend.connections
    };
    let (mut buffer, mut chunk) = (Vec::new(), vec![0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        buffer.extend_from_slice(&chunk[..length]);
        lock().received.entry(this).or_default().extend_from_slice(&chunk[..length]);
        let Ok(Some(rest)) = one_request(&buffer) else { continue };
        buffer = rest.to_vec();
        let said = lock().said.clone().unwrap_or_else(|| Said::plainly(CALLS.as_bytes()));
        write(&mut stream, &said.bytes, said.pieces).await;
        if said.closes {
            return;
        }
    }
}
