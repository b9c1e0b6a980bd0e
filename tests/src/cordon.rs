//! Cordon as it runs: a gateway on a socket, with the default policy, a directory, and a backend behind it.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cordon_directory::{Snapshot, Store};
use cordon_gateway::{Gateway, GatewayConfig, MaskSecret};
use cordon_policy::{Engine, EngineOptions, Policy};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::client::Client;
use crate::directory::token_of;

/// How Cordon is started in tests.
pub struct Cordon;

/// A running gateway. It stops when it is dropped.
pub struct Running {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    task: AbortHandle,
}

/// One engine for all tests of a process, as a process has it.
static ENGINE: LazyLock<Arc<Engine>> =
    LazyLock::new(|| Engine::new(EngineOptions::default()).expect("an engine with the default options"));

impl Cordon {
    /// Starts Cordon with these rules and this directory before a backend.
    ///
    /// # Panics
    /// If the rules or the directory are wrong: the problems are shown.
    pub async fn start(rules: &str, directory: &str, backend: SocketAddr) -> Running {
        Cordon::start_with(rules, directory, backend, |_| {}).await
    }

    /// Starts Cordon with some other settings than the default ones.
    ///
    /// # Panics
    /// If the rules, the directory or the settings are wrong: the problems are shown.
    pub async fn start_with(
        rules: &str,
        directory: &str,
        backend: SocketAddr,
        set: impl FnOnce(&mut GatewayConfig),
    ) -> Running {
        Cordon::start_over(rules, store(directory), backend, set).await
    }

    /// Starts Cordon over a store that others change.
    ///
    /// # Panics
    /// If the rules or the settings are wrong: the problems are shown.
    pub async fn start_over(
        rules: &str,
        store: Arc<Store>,
        backend: SocketAddr,
        set: impl FnOnce(&mut GatewayConfig),
    ) -> Running {
        let url = format!("http://{backend}").parse().expect("an address makes a URL");
        let mut config = GatewayConfig::new(url, MaskSecret([7; 32]));
        set(&mut config);
        let gateway = Gateway::new(config, store, policy(rules)).expect("settings that hold");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let serving = Arc::clone(&gateway).serve(listener, None, std::future::pending());
        Running { address, gateway, task: tokio::spawn(serving).abort_handle() }
    }
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway, for its counters.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Puts other rules in force.
    ///
    /// # Panics
    /// If they are wrong.
    pub fn activate(&self, rules: &str) {
        self.gateway.activate(policy(rules)).expect("routes that can be matched");
    }

    /// A caller with the token of this user.
    pub fn client(&self, login: &str) -> Client {
        Client::with_token(self.address, &token_of(login))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn store(directory: &str) -> Arc<Store> {
    match Snapshot::parse(directory) {
        Ok(snapshot) => Arc::new(Store::fixed(snapshot)),
        Err(problems) => panic!("the directory is wrong: {problems:#?}\n{directory}"),
    }
}

/// Loading rules compiles Wasm. Tests that use the same rules, one after the other, share what comes of it.
fn policy(rules: &str) -> Arc<Policy> {
    static LAST: Mutex<Option<(String, Arc<Policy>)>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, policy)) = &*last
        && known == rules
    {
        return Arc::clone(policy);
    }
    // Held while it compiles: whoever waits may want the same.
    let policy = match Policy::load(&ENGINE, cordon_policy_component::COMPONENT, rules) {
        Ok(policy) => Arc::new(policy),
        Err(error) => panic!("the rules are wrong: {error:#?}\n{rules}"),
    };
    *last = Some((rules.to_owned(), Arc::clone(&policy)));
    policy
}
