//! PostgreSQL, started by the project's script.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// A server of its own, which goes away with this.
pub(crate) struct Server {
    url: String,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    script: Child,
}

impl Server {
    /// None, with a hint, where PostgreSQL is not installed; a failure in CI.
    pub(crate) fn start() -> Option<Server> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres.sh");
        let mut script = Command::new("bash")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash can be started");
        let input = script.stdin.take();
        let mut output = BufReader::new(script.stdout.take().unwrap());
        let mut url = String::new();
        output.read_line(&mut url).unwrap();
        if url.is_empty() {
            let status = script.wait().unwrap();
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL could not be started: {status}");
            eprintln!("skipped: needs PostgreSQL; `apt-get install postgresql` brings it");
            return None;
        }
        Some(Server { url: url.trim().to_owned(), input, output, script })
    }

    /// The URL of its database `postgres`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// `stop` kills it as a crash would, `start` starts it again, `freeze` and `thaw` hold it up.
    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), format!("done: {command}"));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        _ = self.script.wait();
    }
}

/// The server that tests share which let it live. It goes when the process does, because its input ends then.
pub(crate) fn shared() -> Option<String> {
    static SHARED: OnceLock<Option<Mutex<Server>>> = OnceLock::new();
    let server = SHARED.get_or_init(|| Server::start().map(Mutex::new)).as_ref()?;
    Some(server.lock().unwrap().url().to_owned())
}
