//! `cordon policy` as people use it: making, building, signing, looking into and carrying bundles.

#[path = "../../bundle/tests/support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::registry::{Server, USER};
use tempfile::TempDir;

/// Runs in a folder, and must succeed.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = cordon(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs in a folder, and must be refused with this exit code; what it says.
fn refused(folder: &Path, arguments: &[&str], code: i32) -> String {
    let output = cordon(folder, arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

fn cordon(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cordon"))
        .arg("policy")
        .args(arguments)
        .current_dir(folder)
        .env("COSIGN_PASSWORD", "the password of a test")
        .env("CORDON_REGISTRY_PASSWORD", USER.1)
        // What the skeleton needs is there, since this workspace needs it too.
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn inspected(folder: &Path, arguments: &[&str]) -> Value {
    let shown = done(folder, &[&["inspect", "--json"], arguments].concat());
    serde_json::from_str(&shown).expect("a document")
}

/// A folder with `calls.bundle`: the default policy with rules.
fn with_bundle() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    done(folder.path(), &["new", "calls", "--rules"]);
    done(folder.path(), &["build", "calls"]);
    folder
}

#[test]
fn rules_become_a_bundle_with_the_default_policy() {
    let folder = with_bundle();
    let document = inspected(folder.path(), &["calls.bundle", "--routes"]);
    assert_eq!(document["name"], "calls");
    assert_eq!(document["contract"], "0.2");
    assert_eq!(document["counter"], 1);
    assert_eq!(document["cases"].as_array().map(Vec::len), Some(2));
    assert_eq!(document["signatures"], serde_json::json!([]));
    assert_eq!(document["routes"][0]["path"], "/api/calls");
    // The same folder makes the same bytes, and nothing is counted up by itself.
    let before = fs::read(folder.path().join("calls.bundle")).expect("a bundle");
    done(folder.path(), &["build", "calls", "-o", "again.bundle"]);
    assert_eq!(fs::read(folder.path().join("again.bundle")).expect("a bundle"), before);
    let shown = done(folder.path(), &["inspect", "calls.bundle"]);
    assert!(shown.contains("counter     1\n") && shown.contains("signatures  none\n"), "{shown}");
}

#[test]
fn a_new_crate_is_built_and_put_into_a_bundle() {
    let folder = TempDir::new().expect("a folder");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-policy");
    let target = target.to_str().expect("a path");
    done(folder.path(), &["new", "by-queue"]);
    done(folder.path(), &["build", "by-queue", "-o", "one.bundle", "--target-dir", target]);
    let document = inspected(folder.path(), &["one.bundle", "--routes"]);
    assert_eq!(document["name"], "by-queue");
    assert_eq!(document["routes"][0]["name"], "calls");
    // The SDK in the sources is the same one.
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy-wasm/sdk");
    done(folder.path(), &["new", "linked", "--sdk", sdk.to_str().expect("a path")]);
    let manifest = fs::read_to_string(folder.path().join("linked/Cargo.toml")).expect("a manifest");
    let sdk = sdk.canonicalize().expect("the SDK is there");
    assert!(manifest.contains(sdk.to_str().expect("a path")) && !folder.path().join("linked/sdk").exists());
}

#[test]
fn a_mistake_in_the_manifest_is_shown_where_it_is() {
    let folder = TempDir::new().expect("a folder");
    done(folder.path(), &["new", "calls", "--rules"]);
    let manifest = folder.path().join("calls/manifest.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replace("counter = 1", "countr = 1")).expect("written");
    let told = refused(folder.path(), &["build", "calls"], 2);
    for expected in ["calls/manifest.toml:", "did you mean `counter`?", "2 problem(s)"] {
        assert!(told.contains(expected), "{told}");
    }
    fs::write(&manifest, text).expect("written");
    fs::write(folder.path().join("calls/cases/notes.md"), "not a case").expect("written");
    assert!(refused(folder.path(), &["build", "calls"], 2).contains("notes.md"));
    fs::remove_file(folder.path().join("calls/cases/notes.md")).expect("it was there");
    fs::write(folder.path().join("calls/Cargo.toml"), "").expect("written");
    fs::write(folder.path().join("calls/policy.wasm"), "").expect("written");
    assert!(refused(folder.path(), &["build", "calls"], 2).contains("both Cargo.toml and policy.wasm"));
    assert!(refused(folder.path(), &["new", "calls"], 2).contains("there already"));
    assert!(refused(folder.path(), &["new", "Calls"], 2).contains("name"));
    assert!(!folder.path().join("calls.bundle").exists());
}

#[test]
fn a_component_of_another_language_is_taken_as_it_is() {
    let folder = TempDir::new().expect("a folder");
    done(folder.path(), &["new", "calls", "--rules"]);
    fs::write(folder.path().join("calls/policy.wasm"), b"\0asm, or so").expect("written");
    done(folder.path(), &["build", "calls"]);
    assert_eq!(inspected(folder.path(), &["calls.bundle"])["component"]["bytes"], 11);
    let told = refused(folder.path(), &["inspect", "calls.bundle", "--routes"], 2);
    assert!(told.contains("cannot be used"), "{told}");
}

#[test]
fn signatures_are_added_and_whose_they_are_is_told() {
    let folder = with_bundle();
    let path = folder.path();
    done(path, &["key", "ada"]);
    done(path, &["key", "ben"]);
    let mode = fs::metadata(path.join("ada.key")).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a private key is for its owner only");
    assert!(refused(path, &["key", "ada"], 2).contains("there already"));
    done(path, &["sign", "--key", "ada.key", "calls.bundle"]);
    assert!(done(path, &["sign", "--key", "ada.key", "calls.bundle"]).contains("already"));
    done(path, &["sign", "--key", "ben.key", "calls.bundle"]);
    let keys = ["calls.bundle", "--key", "ada.pub", "--key", "ben.pub"];
    assert_eq!(inspected(path, &keys)["signatures"], serde_json::json!(["ada", "ben"]));
    assert_eq!(inspected(path, &keys[..3])["signatures"], serde_json::json!(["ada", null]));
    // A bundle that is built anew is another one: the signatures of the one before go.
    done(path, &["build", "calls"]);
    assert_eq!(inspected(path, &keys)["signatures"], serde_json::json!([]));
    done(path, &["sign", "--key", "ada.key", "calls.bundle"]);
    let signatures = fs::read_to_string(path.join("calls.bundle.sig")).expect("signatures");
    fs::write(path.join("calls.bundle.sig"), &signatures[..50]).expect("written");
    assert!(refused(path, &["sign", "--key", "ben.key", "calls.bundle"], 2).contains("line 1"));
    assert!(refused(path, &["inspect", "calls.bundle"], 2).contains("line 1"));
}

#[test]
fn a_wrong_password_signs_nothing() {
    let folder = with_bundle();
    done(folder.path(), &["key", "ada"]);
    fs::write(folder.path().join("password"), "hunter2\n").expect("written");
    let sign = ["sign", "--key", "ada.key", "--password-file", "password", "calls.bundle"];
    let told = refused(folder.path(), &sign, 2);
    assert!(told.contains("does not open") && !told.contains("hunter2"), "{told}");
    assert!(!folder.path().join("calls.bundle.sig").exists());
    fs::write(folder.path().join("password"), "the password of a test\n").expect("written");
    done(folder.path(), &sign);
}

#[test]
fn a_bundle_goes_to_a_registry_and_comes_back() {
    let Some(server) = Server::with_password() else { return };
    let folder = with_bundle();
    let path = folder.path();
    done(path, &["key", "ada"]);
    done(path, &["sign", "--key", "ada.key", "calls.bundle"]);
    let tag = format!("oci://{}/policies/calls:1", server.address);
    let told = refused(path, &["push", "calls.bundle", &tag], 1);
    assert!(told.contains("credentials") && told.contains("--user"), "{told}");
    let pushed = done(path, &["push", "calls.bundle", &tag, "--user", USER.0]);
    let artifact =
        pushed.lines().find_map(|line| line.trim().strip_prefix("artifact  ")).expect("it is told");
    let by_digest = format!("oci://{}/policies/calls@{artifact}", server.address);
    for reference in [&tag, &by_digest] {
        done(path, &["pull", reference, "-o", "back.bundle", "--user", USER.0]);
        for (there, back) in [("calls.bundle", "back.bundle"), ("calls.bundle.sig", "back.bundle.sig")] {
            let read = |name| fs::read(path.join(name)).expect("it is there");
            assert_eq!(read(there), read(back), "{back}");
        }
    }
    let document = inspected(path, &[&tag, "--user", USER.0, "--key", "ada.pub"]);
    assert_eq!(document["artifact"], artifact);
    assert_eq!(document["signatures"], serde_json::json!(["ada"]));
    // What comes without signatures does not stay beside those of another.
    fs::remove_file(path.join("calls.bundle.sig")).expect("it was there");
    let unsigned = format!("oci://{}/policies/calls:unsigned", server.address);
    assert!(
        done(path, &["push", "calls.bundle", &unsigned, "--user", USER.0]).contains("without a signature")
    );
    done(path, &["pull", &unsigned, "-o", "back.bundle", "--user", USER.0]);
    assert!(!path.join("back.bundle.sig").exists());
}

#[test]
fn what_is_no_reference_is_told() {
    let folder = with_bundle();
    for reference in ["calls:1", "oci://calls:1", "oci://registry.example/calls"] {
        assert!(
            refused(folder.path(), &["push", "calls.bundle", reference], 2).contains("registry"),
            "{reference}"
        );
    }
    refused(folder.path(), &["pull", "oci://127.0.0.1:1/calls:1", "-o", "x.bundle"], 1);
    assert!(!folder.path().join("x.bundle").exists());
}

/// The commands of BUNDLES.md, in the page's order, in one folder.
#[test]
fn the_page_tells_what_works() {
    if !support::has("openssl", &["version"], "openssl") {
        return;
    }
    let page = include_str!("../../bundle/BUNDLES.md");
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let folder = TempDir::new().expect("a folder");
    let program = Path::new(env!("CARGO_BIN_EXE_cordon")).parent().expect("a folder").display().to_string();
    let shell = |script: &str| {
        let output = Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(folder.path())
            .env("PATH", format!("{program}:{}", std::env::var("PATH").unwrap_or_default()))
            .output()
            .expect("a shell");
        assert!(output.status.success(), "{script}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let mut run = 0;
    for block in blocks {
        match block {
            tar if tar.contains("tar --format") => {
                shell("mv calls.bundle first.bundle && tar -xf first.bundle");
                shell(tar);
                shell("cmp first.bundle calls.bundle");
            }
            sign if sign.contains("openssl dgst") => {
                shell("openssl ecparam -name prime256v1 -genkey -noout -out key.pem");
                shell("openssl ec -in key.pem -pubout -out device.pub");
                shell(sign);
                let keys = ["calls.bundle", "--key", "ada.pub", "--key", "device.pub"];
                let document = inspected(folder.path(), &keys);
                assert_eq!(document["signatures"], serde_json::json!(["ada", "device"]));
            }
            block => assert!(shell(block).contains("by ada"), "{block}"),
        }
        run += 1;
    }
    assert_eq!(run, 3, "a block of the page is not run");
}
