//! The proxy, as it is delivered.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A caller in one project of two.
pub(crate) const TOKEN: &str = "token-of-anna";

const DIRECTORY: &str = r#"
security = "enhanced"

[[project]]
id = "acme"
name = "Acme"

[[project]]
id = "zeta"
name = "Zeta"

[[role]]
name = "Operator"
sections = ["calls"]

[[user]]
login = "anna"
projects = ["acme"]
roles = ["Operator"]
tokens = ["sha256:HASH"]
"#;

const RULES: &str = r#"
name = "load"
version = "1"
format = "json"

[kind.call]
project = ["$.project"]
keep = ["$.id", "$.project", "$.note"]

[[route]]
name = "calls"
path = "/api/calls"
section = "any"
records = [{ path = "$.data[*]", kind = "call" }]
"#;

/// Of the token.
const HASH: &str = "9dc9d809de53dc1ada2d6790621f98d931f3b2435a322850407c7b8d46a7235e";

pub(crate) struct Proxy {
    pub(crate) port: u16,
    process: Child,
    _folder: TempDir,
}

impl Proxy {
    /// Before hosts at these ports, with further settings.
    pub(crate) async fn start(hosts: &[u16], settings: &str) -> Proxy {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let hosts = hosts.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect::<Vec<_>>().join(", ");
        let configuration = format!(
            "[listen]\naddress = \"127.0.0.1:{port}\"\n[backend]\nurl = \"http://crm.internal\"\nhosts = [{hosts}]\n\
             ejection = {{ time = \"500ms\", longest = \"1s\" }}\n[policy]\nrules = \"rules.toml\"\n\
             [directory]\nfile = \"directory.toml\"\n{settings}"
        );
        let configuration_file = folder.path().join("cordon.toml");
        fs::write(&configuration_file, configuration).unwrap();
        fs::write(folder.path().join("rules.toml"), RULES).unwrap();
        fs::write(folder.path().join("directory.toml"), DIRECTORY.replace("HASH", HASH)).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .args(["serve", "--config"])
            .arg(&configuration_file)
            // What each exchange was is not of interest here, and where it is written costs what it costs.
            .env("RUST_LOG", "warn,cordon::access=off")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let proxy = Proxy { port, process, _folder: folder };
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        proxy
    }

    /// Bytes of its memory that are resident.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
