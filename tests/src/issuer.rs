//! A real OpenID provider, npm's `oidc-provider`. Each start makes other keys.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::client::Client;
use crate::external;

/// For signed tokens; their audience.
pub const SIGNED: &str = "urn:cordon:signed";

/// For opaque tokens; their audience.
pub const OPAQUE: &str = "urn:cordon:opaque";

/// The client that may ask about tokens.
pub const ASKING: &str = "cordon";

/// A running provider. It is killed when it is dropped.
pub struct Issuer {
    address: SocketAddr,
    folder: PathBuf,
    process: Option<Child>,
}

impl Issuer {
    /// Starts it on a free port. `None`: Node.js or the provider is missing.
    ///
    /// # Panics
    /// In CI, if one is missing; elsewhere, if it does not start.
    pub async fn start() -> Option<Issuer> {
        external::tool("node")?;
        let folder = external::workspace().join(".tools/issuer");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            return external::missing("npm's oidc-provider", "install it with `bash tests/install-tools.sh`");
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        drop(listener);
        let mut issuer = Issuer { address, folder, process: None };
        issuer.restart().await;
        Some(issuer)
    }

    /// Ends it and starts it in the same place, with other keys and no memory of its tokens.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart(&mut self) {
        self.stop();
        let script = external::workspace().join("tests/issuer/issuer.mjs");
        let mut command = Command::new("node");
        command.arg(script).arg(&self.folder).arg(self.address.port().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = self.process.insert(command.spawn().expect("Node.js"));
        for _ in 0..1500 {
            if tokio::net::TcpStream::connect(self.address).await.is_ok() {
                return;
            }
            if let Ok(Some(status)) = process.try_wait() {
                panic!("the provider ended at its start: {status}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the provider does not listen on {}", self.address);
    }

    /// Ends it.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            _ = process.kill();
            _ = process.wait();
        }
    }

    /// What it calls itself.
    pub fn name(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The secret of one of its clients.
    pub fn secret(client: &str) -> String {
        format!("secret of {client}: 100%")
    }

    /// A token for one of its clients, `anna`, `zoe`, or `brief`, whose tokens last two seconds.
    ///
    /// # Panics
    /// If it gives none.
    pub async fn token(&self, client: &str, resource: &str) -> String {
        let form = format!("grant_type=client_credentials&resource={resource}");
        let answer = self.post(client, "/token", form).await;
        let answer: Value = serde_json::from_slice(&answer).expect("the provider answers in JSON");
        let token = answer["access_token"].as_str();
        token.unwrap_or_else(|| panic!("no token for {client}: {answer}")).to_owned()
    }

    /// Takes a token back.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn revoke(&self, client: &str, token: &str) {
        self.post(client, "/token/revocation", format!("token={token}")).await;
    }

    async fn post(&self, client: &str, path: &str, form: String) -> Vec<u8> {
        let secret = Issuer::secret(client).replace('%', "%25").replace(' ', "%20").replace(':', "%3A");
        let form = format!("{form}&client_id={client}&client_secret={secret}");
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let answer = Client::new(self.address).send(Method::POST, path, &[kind], Bytes::from(form)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.stop();
    }
}
