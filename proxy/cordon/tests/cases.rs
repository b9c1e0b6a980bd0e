//! `cordon policy test` and `diff` as people use them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

#[test]
fn the_demos_cases_pass() {
    let output = cordon(&["policy", "test", &shown(&demo())]);
    let text = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}{}", self::text(&output.stderr));
    assert!(text.contains("ok    calls.toml, to olga: "), "{text}");
    assert!(text.contains("sample-contact-centre 1: "), "{text}");
    assert!(text.contains(", 0 not as they must be"), "{text}");
}

#[test]
fn what_calls_cost_is_measured_over_the_cases() {
    let output = cordon(&["policy", "bench", "--repeat", "2", "--json", &shown(&demo())]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document: Value = serde_json::from_str(&text(&output.stdout)).expect("JSON");
    let calls = document["calls"].as_array().expect("a list");
    let names: Vec<&str> = calls.iter().filter_map(|call| call["call"].as_str()).collect();
    assert_eq!(names, ["authorize", "plan", "judge", "mask"]);
    for call in &calls[..3] {
        // Nothing is kept, so each of both runs asks.
        assert!(call["calls"].as_u64().is_some_and(|calls| calls >= 2), "{document:#}");
        assert!(call["memory_bytes"].as_u64().is_some_and(|bytes| bytes >= 64 << 10), "{document:#}");
    }
    assert_eq!(calls[3]["calls"], 0, "the default policy has no masks of its own");
}

#[test]
fn a_failing_case_says_what_and_why() {
    let folder = copy();
    let case = folder.path().join("cases/foreign-call.toml");
    replace(&case, "****1833", "+4930901833");
    let output = cordon(&["policy", "test", "--json", &shown(folder.path())]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["failed"], 2, "{document:#}");
    let outcomes = document["outcomes"].as_array().expect("outcomes");
    let failing = outcomes
        .iter()
        .find(|outcome| outcome["caller"] == "boris" && outcome["case"] == "foreign-call.toml");
    let failing = failing.expect("boris is asked for").to_string();
    for expected in ["****1833", "$.data.caller_number  hidden, and boris lacks the right"] {
        assert!(failing.contains(expected), "{failing}");
    }
}

#[test]
fn mistakes_in_rules_and_cases_are_told_together() {
    let folder = copy();
    replace(&folder.path().join("rules.toml"), "format = \"json\"", "formt = \"json\"");
    replace(&folder.path().join("cases/calls.toml"), "[request]", "[requst]");
    let output = cordon(&["policy", "test", &shown(folder.path())]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for expected in ["rules.toml:6:1", "cases/calls.toml:4:", "did you mean `request`?"] {
        assert!(told.contains(expected), "nothing of {expected:?} in\n{told}");
    }
}

#[test]
fn a_difference_tells_what_it_would_reveal() {
    let folder = copy();
    let rules = folder.path().join("rules.toml");
    replace(
        &rules,
        "expect = [\"$.recording_url\", \"$.notes\", \"$.billing\"]",
        "expect = [\"$.recording_url\", \"$.billing\"]",
    );
    replace(
        &rules,
        "    \"$.duration_seconds\",\n    \"$.project_id\",",
        "    \"$.duration_seconds\",\n    \"$.notes\",\n    \"$.project_id\",",
    );
    replace(&rules, "path = \"/api/users/{id}\"", "path = \"/api/people/{id}\"");
    let output = cordon(&["policy", "diff", &shown(&demo()), &shown(folder.path())]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for expected in [
        "+ GET /api/people/{id}\n",
        "- GET /api/users/{id}  (lost",
        "-path = \"/api/users/{id}\"\n",
        "would newly reveal, by",
        "calls  $.data[*].notes\n",
        "would newly hide, by",
        ": nothing\n",
    ] {
        assert!(told.contains(expected), "nothing of {expected:?} in\n{told}");
    }
    let output = cordon(&["policy", "diff", "--json", &shown(&demo()), &shown(folder.path())]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["revealed"][0]["path"], "$.data[*].notes", "{document:#}");
    // No value of an answer is told.
    assert!(!text(&output.stdout).contains("wants a larger loan"));
}

#[test]
fn a_new_policy_passes_its_cases() {
    let folder = TempDir::new().expect("a folder");
    let at = |name: &str| shown(&folder.path().join(name));
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cordon"))
            .arg("policy")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("the command runs");
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    };
    run(&["new", "calls", "--rules"]);
    run(&["build", "calls"]);
    run(&["test", &at("calls")]);
    run(&["test", &at("calls.bundle")]);
    run(&["diff", &at("calls.bundle"), &at("calls")]);
    // The default policy is not what a crate's rules are for.
    run(&["new", "own"]);
    let output = cordon(&["policy", "test", &at("own")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cordon policy build"), "{}", text(&output.stderr));
}

#[test]
fn a_policy_without_a_case_is_told_so() {
    let folder = copy();
    fs::remove_dir_all(folder.path().join("cases")).expect("the copy has cases");
    let output = cordon(&["policy", "test", &shown(folder.path())]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("has no case"), "{}", text(&output.stderr));
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo")
}

/// The demo's rules and cases, to be changed.
fn copy() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("cases")).expect("a folder in it");
    fs::copy(demo().join("rules.toml"), folder.path().join("rules.toml")).expect("the demo has rules");
    for entry in fs::read_dir(demo().join("cases")).expect("the demo has cases").flatten() {
        fs::copy(entry.path(), folder.path().join("cases").join(entry.file_name()))
            .expect("a case is readable");
    }
    folder
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("the file is there");
    assert!(text.contains(from), "{} has no {from}", path.display());
    fs::write(path, text.replace(from, to)).expect("the copy is writable");
}

fn cordon(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cordon")).args(arguments).output().expect("the command runs")
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
