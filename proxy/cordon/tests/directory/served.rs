//! What a command changes is in force at the next request (D8).

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cordon_example_backend::{Attribution, Backend, Data, SEED};
use serde_json::Value;

use crate::place::{Place, text};

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn a_changed_membership_is_seen_at_the_next_request() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let address = "127.0.0.1:0".parse().expect("an address");
    let backend = runtime.block_on(Backend::start(address)).expect("it listens");
    let place = Place::uninitialised();
    let database = "database = \"sqlite:cordon.db\"";
    place.configure_all(database, &format!("http://{}", backend.address), "");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
    for name in ["rules.toml", "directory.toml"] {
        place.write(name, &fs::read_to_string(demo.join(name)).expect("it is there"));
    }
    place.done(&["init"]);
    place.done(&["import", "directory.toml"]);
    let data = Data::generate(SEED);
    let call = data
        .calls
        .values()
        .find(|call| call.project == "globex" && matches!(call.attribution, Attribution::Queue(_)))
        .expect("there is such a call");
    let path = format!("/api/calls/{}", call.id);

    let serving = Serving::start(place.folder());
    assert_eq!(serving.get(&path, "demo-token-of-olga"), 404);
    place.done(&["user", "edit", "olga", "--add-project", "globex"]);
    // The command and the server are two processes: the server looks at the log every few milliseconds.
    let deadline = Instant::now() + Duration::from_secs(20);
    while serving.get(&path, "demo-token-of-olga") != 200 {
        assert!(Instant::now() < deadline, "the changed membership is not in force");
        std::thread::sleep(Duration::from_millis(20));
    }
    place.done(&["user", "edit", "olga", "--remove-project", "globex"]);
    while serving.get(&path, "demo-token-of-olga") != 404 {
        assert!(Instant::now() < deadline, "the changed membership is not in force");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A `cordon serve` that ends with the test.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(folder: &Path) -> Serving {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        let mut child =
            command.arg("serve").current_dir(folder).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = loop {
            let line = lines.next().expect("it serves before it ends").expect("a line");
            let entry: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no log entry: {line}"));
            if entry["fields"]["message"] == "serving" {
                break entry["fields"]["address"]
                    .as_str()
                    .and_then(|text| text.parse().ok())
                    .expect("an address");
            }
        };
        // Keeps the pipe from filling up.
        std::thread::spawn(move || lines.for_each(drop));
        Serving { child, address }
    }

    /// The status of a GET.
    fn get(&self, path: &str, token: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {token}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes the request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let line = text(&answer);
        line.split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_else(|| panic!("no status: {line}"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
