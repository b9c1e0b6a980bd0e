//! The command as people use it: its output, its exit codes, its files.

mod serving;

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use cordon_example_backend::{Attribution, Backend, Data, Running, SEED};
use serde_json::Value;
use serving::Serving;
use tempfile::TempDir;

#[test]
fn every_problem_of_a_configuration_is_listed_and_nothing_starts() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "cordon.toml", "[listen]\naddress = \"x\"\n[backend]\nurl = \"ftp://x\"\n[polcy]\n");
    for command in ["check", "serve"] {
        let output = cordon(folder.path(), &[command]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let shown = text(&output.stderr);
        for expected in
            ["cordon.toml:2:11", "cordon.toml:4:7", "polcy", "`policy`", "`directory`", "5 problem(s)"]
        {
            assert!(shown.contains(expected), "{command} says nothing of {expected}:\n{shown}");
        }
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn problems_of_rules_and_directory_are_listed_together() {
    let folder = demo_files("127.0.0.1:9".parse().expect("an address"));
    write(
        folder.path(),
        "rules.toml",
        "name = \"x\"\nversion = \"1\"\n[[route]]\nname = \"a\"\npaht = \"/a\"\n",
    );
    write(folder.path(), "directory.toml", "[[project]]\nid = \"a\"\nname = \"A\"\n[[field]]\nkey = \"k\"\n");
    let output = cordon(folder.path(), &["check"]);
    let shown = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    assert!(shown.contains("rules.toml:5:1"), "{shown}");
    assert!(shown.contains("directory.toml:4:1"), "{shown}");
}

#[test]
fn plans_that_cannot_be_carried_out_are_found_before_anybody_asks() {
    let folder = demo_files("127.0.0.1:9".parse().expect("an address"));
    let rules = "name = \"x\"\nversion = \"1\"\nformat = \"xml\"\n\
        [kind.note]\nproject = \"caller\"\n\
        mask = [{ path = \"$.a\", with = \"patterns\", find = [{ regex = \"(a\" }] }]\n\
        [[route]]\nname = \"notes\"\npath = \"/notes\"\nsection = \"any\"\n\
        records = [{ path = \"$.notes.note[*]\", kind = \"note\" }]\n";
    write(folder.path(), "rules.toml", rules);
    let output = cordon(folder.path(), &["check"]);
    let shown = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    for expected in ["rules.toml", "route `notes`", "`(a`: unclosed group"] {
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = TempDir::new().expect("a folder");
    let output = cordon(folder.path(), &["check", "--config", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("nowhere.toml"), "{}", text(&output.stderr));
}

#[test]
fn check_tells_what_is_worth_knowing() {
    let config = format!("{}/../../examples/demo/cordon.toml", env!("CARGO_MANIFEST_DIR"));
    let output = cordon(Path::new("."), &["check", "--config", &config]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let unassigned = shown.split("Fields without a project (D21)").nth(1).expect("the section is there");
    assert!(unassigned.lines().nth(1).is_some_and(|line| line.contains("legacy_score")), "{shown}");
    let shared = shown.split("Fields shared by projects (D20)").nth(1).expect("the section is there");
    assert!(shared.lines().any(|line| line.contains("passport")), "{shown}");
}

#[test]
fn see_shows_a_reason_for_each_difference() {
    let (backend, folder, _runtime) = demo();
    // A call of globex, with a contact that has fields of acme too.
    let data = Data::generate(SEED);
    let call = data.calls.values().find(|call| {
        let fields = call.contact.map(|contact| &data.contacts[&contact].fields);
        call.project == "globex"
            && fields.is_some_and(|f| f.contains_key("acme_loan_no") && f.contains_key("card"))
    });
    let call = call.expect("there is such a call");
    let path = format!("/api/calls/{}", call.id);

    let output = cordon(folder.path(), &["see", "--as", "boris", "GET", &path]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let line = |key: &str| {
        shown.lines().find(|line| line.contains(key)).unwrap_or_else(|| panic!("{key}:\n{shown}"))
    };
    assert!(
        line("acme_loan_no").starts_with('-') && line("acme_loan_no").contains("contact field of acme"),
        "{shown}"
    );
    assert!(line("\"card\"").starts_with('~') && line("\"card\"").contains("see-masked-fields"), "{shown}");
    assert!(line("\"started_at\"").starts_with(' '), "{shown}");

    let output = cordon(folder.path(), &["see", "--as", "olga", "GET", &path]);
    let shown = text(&output.stdout);
    assert!(shown.contains("404"), "{shown}");

    let output = cordon(folder.path(), &["see", "--as", "boris", "--json", "GET", "/api/calls?per_page=50"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let differences = document["differences"].as_array().expect("a list");
    assert!(differences.iter().any(|d| d["what"] == "dropped"), "{document}");
    assert!(differences.iter().all(|d| d["reason"].as_str().is_some_and(|reason| !reason.is_empty())));

    let output = cordon(folder.path(), &["see", "--as", "nobody", "GET", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("olga"));
    let output = cordon(folder.path(), &["see", "--as", "boris", "DELETE", &path]);
    assert_eq!(output.status.code(), Some(2));
    drop(backend);
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn serve_follows_the_directory_and_ends_on_sigterm() {
    let (backend, folder, _runtime) = demo();
    let mut serving = Serving::start(folder.path());
    let data = Data::generate(SEED);
    let call = data
        .calls
        .values()
        .find(|call| call.project == "globex" && matches!(call.attribution, Attribution::Queue(_)))
        .expect("there is such a call");
    let path = format!("/api/calls/{}", call.id);
    assert_eq!(serving.get(&path, "demo-token-of-boris"), 200);
    assert_eq!(serving.get(&path, "demo-token-of-olga"), 404);
    assert_eq!(serving.get(&path, "no-token"), 401);

    // D8: what the file says is in force soon after it is saved; a wrong file is kept out.
    let directory = fs::read_to_string(folder.path().join("directory.toml")).expect("it is there");
    write(folder.path(), "directory.toml", "[[project]]\nid = 3\n");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(serving.get(&path, "demo-token-of-boris"), 200);
    let without = directory.replace("projects = [\"acme\", \"globex\"]", "projects = [\"acme\"]");
    assert_ne!(without, directory);
    write(folder.path(), "directory.toml", &without);
    let deadline = Instant::now() + Duration::from_secs(20);
    while serving.get(&path, "demo-token-of-boris") != 404 {
        assert!(Instant::now() < deadline, "the changed directory is not in force");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(serving.terminate(), "it ends by itself, with success");
    drop(backend);
}

#[allow(clippy::disallowed_methods, reason = "the test waits for another process, on a thread of its own")]
#[test]
fn serve_takes_changed_rules_on_sighup_and_keeps_wrong_ones_out() {
    let (backend, folder, _runtime) = demo();
    let mut serving = Serving::start(folder.path());
    let token = "demo-token-of-olga";
    assert_eq!(serving.get("/api/queues", token), 200);
    let rules = fs::read_to_string(folder.path().join("rules.toml")).expect("it is there");
    for (text, status) in [
        (rules.replace("path = \"/api/queues\"", "path = \"/api/lines\""), 404),
        ("name = 3".to_owned(), 404),
        (rules, 200),
    ] {
        write(folder.path(), "rules.toml", &text);
        serving.signal("HUP");
        std::thread::sleep(Duration::from_millis(300));
        let deadline = Instant::now() + Duration::from_secs(60);
        while serving.get("/api/queues", token) != status {
            assert!(Instant::now() < deadline, "the changed rules are not in force");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    assert!(serving.terminate());
    drop(backend);
}

#[test]
fn the_demo_holds() {
    let output = cordon(Path::new("."), &["demo", "--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("olga") && shown.contains("all as they must be"), "{shown}");
}

#[test]
fn help_names_every_command() {
    let output = cordon(Path::new("."), &["--help"]);
    let shown = text(&output.stdout);
    for command in ["serve", "check", "see", "demo"] {
        assert!(shown.contains(command), "{shown}");
    }
    assert_eq!(cordon(Path::new("."), &["serv"]).status.code(), Some(2));
}

/// The sample backend, and the demo's files pointing at it, with any free port to listen on.
fn demo() -> (Running, TempDir, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let backend =
        runtime.block_on(Backend::start("127.0.0.1:0".parse().expect("an address"))).expect("it listens");
    let folder = demo_files(backend.address);
    (backend, folder, runtime)
}

fn demo_files(backend: SocketAddr) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo");
    for name in ["cordon.toml", "rules.toml", "directory.toml", "backend.token"] {
        let text = fs::read_to_string(demo.join(name)).expect("it is there");
        let text =
            text.replace("127.0.0.1:9000", &backend.to_string()).replace("127.0.0.1:8080", "127.0.0.1:0");
        write(folder.path(), name, &text);
    }
    folder
}

fn cordon(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cordon")).args(arguments).current_dir(folder).output().expect("it runs")
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("it can be written");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
