//! Bundles in a running proxy: put in force, tried out, sent home, promoted, rolled back, and found again after a
//! restart.

mod serving;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cordon_bundle::{Bundle, Case, Parts};
use cordon_example_backend::{Backend, Running};
use serde_json::Value;
use serving::Serving;

const OLGA: &str = "demo-token-of-olga";
const ADAM: &str = "demo-token-of-adam";

/// Shows nothing of what is changed here but the mask.
const CASE: &str = r#"
shows = "Operators get the calls of their projects, with a masked number."
directory = "people.toml"

[request]
path = "/api/calls"

[[backend]]
json = '{"data": [{"id": 1, "project_id": 1, "caller_number": "+4930901820"}, {"id": 2, "project_id": 2}]}'

[[answer]]
to = "olga"
json = '{"data": [{"id": 1, "project_id": 1, "caller_number": "****1820"}]}'
"#;

#[test]
fn a_bundle_is_tried_out_promoted_and_rolled_back() {
    let place = Place::new("manual");
    let first = place.deliver(1, str::to_owned);
    let proxy = place.serve();
    let calls = proxy.answer("/api/calls", OLGA);
    assert!(calls.contains("200 OK") && !calls.contains("\"notes\""), "{calls}");
    assert!(calls.contains(&first.digest().hex()), "{calls}");

    let second = place.deliver(2, notes_too);
    let offered = second.digest().to_string();
    place.until(|standing| standing["offered"][0]["digest"] == offered.as_str());
    assert!(!proxy.answer("/api/calls", OLGA).contains("\"notes\""));

    // A shadow serves nobody, and tells what it would reveal.
    place.done(&["shadow", "--compared", "100"]);
    for _ in 0..3 {
        assert!(!proxy.answer("/api/calls?per_page=2", OLGA).contains("\"notes\""));
    }
    let standing = place.until(|standing| standing["trial"]["report"]["compared"] == 3);
    let report =
        place.done(&["status"]).replace(&first.digest().to_string(), "FIRST").replace(&offered, "SECOND");
    assert_eq!(
        report,
        "in force   sample-contact-centre 1, counter 1, FIRST\n\
         on trial   sample-contact-centre 2, counter 2, SECOND\n           \
         serves 0 % of the callers\n           \
         3 exchanges compared, 0 skipped\n \
         ROUTE  PLACE            REVEALED  HIDDEN\n \
         calls  $.data[*].notes  3         0\n\
         on offer   sample-contact-centre 2, counter 2, SECOND\n",
        "{standing:#}"
    );

    // A canary that reveals what nobody approved is sent home, and that is on record.
    place.done(&["canary", "--served", "100"]);
    assert!(proxy.answer("/api/calls?per_page=2", OLGA).contains("\"notes\""));
    place.until(|standing| standing["trial"]["stopped"].is_string());
    assert!(!proxy.answer("/api/calls?per_page=2", OLGA).contains("\"notes\""));
    let refused = place.refused(&["promote"]);
    assert!(refused.contains("sent home") && refused.contains("$.data[*].notes"), "{refused}");
    place.until_history(|entry| entry["action"] == "automatic-return");

    // What was approved stays, and is promoted with its report.
    place.done(&["canary", "--served", "100", "--approve", "calls:$.data[*].notes"]);
    assert!(proxy.answer("/api/calls?per_page=2", OLGA).contains("\"notes\""));
    place.until(|standing| standing["trial"]["report"]["compared"] == 1);
    place.done(&["promote"]);
    assert!(proxy.answer("/api/calls", OLGA).contains("\"notes\""));

    // An older one comes back by a rollback only, and by nobody else's word.
    fs::remove_file(place.folder.path().join("policies/2.bundle")).expect("it can be removed");
    place.until(|standing| standing["kept_out"].as_str().is_some_and(|reason| reason.contains("rollback")));
    assert!(proxy.answer("/api/calls", OLGA).contains("\"notes\""));
    let refused = place.command(&["rollback"], OLGA);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    place.done(&["rollback"]);
    assert!(!proxy.answer("/api/calls", OLGA).contains("\"notes\""));

    let history = place.history();
    let actions: Vec<&str> = history.iter().rev().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["activate", "automatic-return", "activate", "rollback"]);
    assert_eq!(history[0]["by"], "user:adam");
    assert_eq!(history[1]["report"]["routes"]["calls"]["revealed"]["$.data[*].notes"], 1);
    assert!(!Value::from(history).to_string().contains("Called back"));

    // What was in force last is so after a restart, though nobody delivers it.
    drop(proxy);
    fs::remove_dir_all(place.folder.path().join("policies")).expect("it can be removed");
    let proxy = place.serve();
    let calls = proxy.answer("/api/calls", OLGA);
    assert!(calls.contains("200 OK") && !calls.contains("\"notes\""), "{calls}");
    assert!(calls.contains(&first.digest().hex()), "{calls}");
}

#[test]
fn what_is_not_in_order_is_kept_out() {
    let place = Place::new("automatic");
    let first = place.deliver(1, str::to_owned);
    let proxy = place.serve();
    for (counter, change, reason) in [
        (2, wrong_rules as fn(&str) -> String, "rules"),
        (3, lost_route, "not given up"),
        (4, failing_case, "case"),
    ] {
        place.deliver(counter, change);
        let standing =
            place.until(|standing| standing["kept_out"].as_str().is_some_and(|told| told.contains(reason)));
        assert_eq!(standing["active"]["digest"], first.digest().to_string().as_str(), "{standing:#}");
        assert!(proxy.answer("/api/calls", OLGA).contains("200 OK"));
    }
    // A file that is no bundle, beside one that was kept out before.
    let garbage = place.folder.path().join("policies/garbage.bundle");
    fs::write(garbage, "no archive").expect("the folder is there");
    place.until(|standing| {
        standing["kept_out"].as_str().is_some_and(|told| told.contains("garbage.bundle: "))
    });
    let good = place.deliver(9, notes_too);
    place.until(|standing| standing["active"]["digest"] == good.digest().to_string().as_str());
    assert!(proxy.answer("/api/calls", OLGA).contains("\"notes\""));
}

#[test]
fn without_signatures_nothing_starts_where_they_are_asked_for() {
    let place = Place::new("automatic");
    let key = cordon_bundle::trust::SecretKey::generate().expect("a key");
    fs::write(place.folder.path().join("ann.pub"), key.public().expect("a key").to_pem())
        .expect("it can be written");
    place
        .append("[policy.trust]\nkey = [{ name = \"ann\", file = \"ann.pub\", expires = \"2999-01-01\" }]\n");
    place.deliver(1, str::to_owned);
    let output = place.cordon(&["serve"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.contains("not trusted") && told.contains("signature"), "{told}");
}

fn notes_too(rules: &str) -> String {
    let changed = rules.replace("\"$.notes\", ", "").replacen(
        "    \"$.started_at\",",
        "    \"$.started_at\",\n    \"$.notes\",",
        1,
    );
    assert_ne!(changed, rules);
    changed
}

fn wrong_rules(rules: &str) -> String {
    rules.replacen("[kind.call]", "[kind.call]\nnonsense = true", 1)
}

fn lost_route(rules: &str) -> String {
    rules.replacen("path = \"/api/calls\"", "path = \"/api/conversations\"", 1)
}

/// Shows another part of a number than the case says.
fn failing_case(rules: &str) -> String {
    rules.replacen("with = \"keep-last\", last = 4", "with = \"keep-last\", last = 3", 1)
}

struct Place {
    folder: tempfile::TempDir,
    _backend: Running,
    _runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(activation: &str) -> Place {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let backend = runtime.block_on(Backend::start("127.0.0.1:0".parse().expect("an address")));
        let backend = backend.expect("it listens");
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("policies")).expect("it can be made");
        fs::copy(demo().join("directory.toml"), folder.path().join("directory.toml")).expect("it is there");
        let admin = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let config = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\n[backend]\nurl = \"http://{}\"\n\
             credential = {{ header = \"X-Api-Key\", value_file = \"backend.token\" }}\n\
             [directory]\nfile = \"directory.toml\"\n[admin]\nlisten = \"{admin}\"\n\
             [policy]\nfolder = \"policies\"\nstate = \"state\"\nactivation = \"{activation}\"\n",
            backend.address
        );
        fs::copy(demo().join("backend.token"), folder.path().join("backend.token")).expect("it is there");
        fs::write(folder.path().join("cordon.toml"), config).expect("it can be written");
        Place { folder, _backend: backend, _runtime: runtime }
    }

    fn append(&self, text: &str) {
        let path = self.folder.path().join("cordon.toml");
        let config = fs::read_to_string(&path).expect("it is there") + text;
        fs::write(path, config).expect("it can be written");
    }

    /// Puts a bundle of the demo's rules, changed, into the folder.
    fn deliver(&self, counter: u64, change: impl FnOnce(&str) -> String) -> Bundle {
        let rules = fs::read_to_string(demo().join("rules.toml")).expect("it is there");
        let rules = change(&rules).replacen("version = \"1\"", &format!("version = \"{counter}\""), 1);
        let people = fs::read_to_string(demo().join("directory.toml")).expect("it is there");
        let case = |name: &str, text: String| Case { name: name.to_owned(), text };
        let cases = vec![case("calls.toml", CASE.to_owned()), case("people.toml", people)];
        let manifest = format!(
            "name = \"sample-contact-centre\"\nversion = \"{counter}\"\ncontract = \"0.2\"\ncounter = {counter}\n"
        );
        let component = cordon_policy_component::COMPONENT.into();
        let bundle = Parts { manifest, component, rules, cases }.write().expect("it is a bundle");
        let path = self.folder.path().join("policies").join(format!("{counter}.bundle"));
        fs::write(path, bundle.bytes()).expect("it can be written");
        bundle
    }

    fn cordon(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cordon"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn command(&self, arguments: &[&str], token: &str) -> Output {
        let arguments = [&["policy"], arguments].concat();
        self.cordon(&arguments).env("CORDON_TOKEN", token).output().expect("it runs")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments, ADAM);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments, ADAM);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    fn history(&self) -> Vec<Value> {
        let document: Value = serde_json::from_str(&self.done(&["history", "--json"])).expect("JSON");
        document["items"].as_array().cloned().expect("a list")
    }

    fn until(&self, holds: impl Fn(&Value) -> bool) -> Value {
        wait(|| serde_json::from_str(&self.done(&["status", "--json"])).expect("JSON"), holds)
    }

    fn until_history(&self, holds: impl Fn(&Value) -> bool) {
        wait(
            || Value::from(self.history()),
            |entries| entries.as_array().is_some_and(|all| all.iter().any(&holds)),
        );
    }

    fn serve(&self) -> Serving {
        Serving::run(self.cordon(&["serve"]))
    }
}

/// Asks another process until what it says holds.
#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
fn wait(ask: impl Fn() -> Value, holds: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let told = ask();
        if holds(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "{told:#}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
