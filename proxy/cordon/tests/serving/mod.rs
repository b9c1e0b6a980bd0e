//! A `cordon serve` that ends with the test, and how it is asked.

#![allow(dead_code, reason = "each test that includes this module uses a part of it")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A user of the demo's directory who sees everything.
pub(crate) const TOKEN: &str = "demo-token-of-adam";

/// Rules of a backend of notes: whose a note is, and what of it is kept.
macro_rules! notes {
    ($kind:literal) => {
        concat!(
            "name = \"notes\"\nversion = \"1\"\nformat = \"json\"\n[kind.note]\n",
            $kind,
            "\n",
            r#"
[[route]]
name = "notes"
path = "/notes"
section = "any"
records = [{ path = "$.data[*]", kind = "note" }]

[[route]]
name = "archive"
path = "/archive"
section = "any"
records = [{ path = "$.data[*]", kind = "note" }]
"#
        )
    };
}

/// Notes are their caller's.
pub(crate) const NOTES: &str = notes!("project = \"caller\"\nkeep = [\"$.id\", \"$.text\"]");

/// Notes belong to projects.
pub(crate) const NOTES_OF_PROJECTS: &str = notes!("project = [\"$.project\"]\nkeep = [\"$.id\"]");

/// Puts rules and the demo's directory into a folder.
pub(crate) fn lay_out(folder: &Path, rules: &str) {
    fs::write(folder.join("rules.toml"), rules).expect("it can be written");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
    fs::copy(demo.join("directory.toml"), folder.join("directory.toml")).expect("it is there");
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<Value>>>,
}

impl Serving {
    /// Serves by the `cordon.toml` of a folder.
    pub(crate) fn start(folder: &Path) -> Serving {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        command.arg("serve").current_dir(folder);
        Serving::run(command)
    }

    /// Serves by a command that ends up as `cordon serve`.
    pub(crate) fn run(mut command: Command) -> Serving {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = loop {
            let line = lines.next().expect("it serves before it ends").expect("a line");
            let entry: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no log entry: {line}"));
            if entry["fields"]["message"] == "serving" {
                let address = entry["fields"]["address"].as_str().expect("where it serves");
                break address.parse().expect("an address");
            }
        };
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        // Keeps the pipe from filling up.
        std::thread::spawn(move || {
            for entry in lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()) {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
            }
        });
        Serving { child, address, log }
    }

    /// The status of a GET.
    pub(crate) fn get(&self, path: &str, token: &str) -> u16 {
        status(self.address, path, token).unwrap_or_else(|error| panic!("no status: {error}"))
    }

    /// The answer to a GET, head and body.
    pub(crate) fn answer(&self, path: &str, token: &str) -> String {
        answer(self.address, path, token).unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Whether a message has been logged this often, or is within a while.
    #[allow(
        clippy::disallowed_methods,
        reason = "the test waits for another process, on a thread of its own"
    )]
    pub(crate) fn logs(&self, message: &str, times: usize) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            let logged = log.iter().filter(|entry| entry["fields"]["message"] == message).count();
            drop(log);
            if logged >= times || Instant::now() > deadline {
                return logged >= times;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the process has in memory, in KiB.
    pub(crate) fn memory(&self) -> usize {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the line is there");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    pub(crate) fn signal(&self, name: &str) -> bool {
        let kill = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        kill.expect("kill is there").success()
    }

    /// Sends SIGTERM; whether it then ends with success.
    pub(crate) fn terminate(&mut self) -> bool {
        self.signal("TERM") && self.ends()
    }

    /// Waits for its end; whether that is a success.
    pub(crate) fn ends(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The status of a GET on a connection of its own.
pub(crate) fn status(address: SocketAddr, path: &str, token: &str) -> std::io::Result<u16> {
    let answer = answer(address, path, token)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| std::io::Error::other(format!("no answer: {answer:?}")))
}

/// The answer to a GET on a connection of its own, head and body.
pub(crate) fn answer(address: SocketAddr, path: &str, token: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
