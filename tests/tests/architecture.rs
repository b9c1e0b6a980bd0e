//! House rules that only the sources can answer for: imports run one way, and files hold one idea.
//!
//! The direction is that of ARCHITECTURE.md: `cordon → activation → gateway → {policy, directory} → rewrite`, and on the
//! guest's side `isolation → sdk`. What a crate may not know of (HTTP in `rewrite`, hyper in `policy`, wasmtime in
//! `gateway`) is checked in its manifest and in its sources, so that neither a new dependency nor a re-export slips by.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A crate of the workspace and what it may import of it.
struct Room {
    folder: &'static str,
    name: &'static str,
    may_import: &'static [&'static str],
    /// Crates from outside that have no business here.
    knows_nothing_of: &'static [&'static str],
}

const HTTP: [&str; 8] =
    ["http", "http-body", "http-body-util", "hyper", "hyper-util", "hyper-rustls", "axum", "tower"];
const WASM: [&str; 3] = ["wasmtime", "wasmtime-wizer", "wit-component"];
const INPUT_OUTPUT: [&str; 3] = ["tokio", "notify", "rustls"];

const ROOMS: [Room; 17] = [
    Room {
        folder: "proxy/rewrite",
        name: "cordon-rewrite",
        may_import: &[],
        knows_nothing_of: &[
            "http",
            "http-body",
            "http-body-util",
            "hyper",
            "hyper-util",
            "hyper-rustls",
            "axum",
            "tower",
            "wasmtime",
            "wasmtime-wizer",
            "wit-component",
            "tokio",
            "notify",
            "rustls",
        ],
    },
    Room {
        folder: "proxy/policy",
        name: "cordon-policy",
        may_import: &["cordon-rewrite"],
        knows_nothing_of: &HTTP,
    },
    Room {
        folder: "proxy/bundle",
        name: "cordon-bundle",
        may_import: &["cordon-settings"],
        knows_nothing_of: &["axum", "tower", "wasmtime", "wasmtime-wizer", "wit-component"],
    },
    Room {
        folder: "proxy/directory",
        name: "cordon-directory",
        may_import: &["cordon-rewrite", "cordon-settings"],
        knows_nothing_of: &["hyper", "hyper-util", "http", "axum", "tower", "wasmtime", "wasmtime-wizer"],
    },
    Room {
        folder: "proxy/settings",
        name: "cordon-settings",
        may_import: &[],
        knows_nothing_of: &INPUT_OUTPUT,
    },
    Room {
        folder: "proxy/gateway",
        name: "cordon-gateway",
        may_import: &["cordon-policy", "cordon-directory", "cordon-rewrite"],
        knows_nothing_of: &WASM,
    },
    Room {
        folder: "proxy/activation",
        name: "cordon-activation",
        may_import: &[
            "cordon-bundle",
            "cordon-gateway",
            "cordon-policy",
            "cordon-directory",
            "cordon-rewrite",
            "cordon-settings",
        ],
        knows_nothing_of: &WASM,
    },
    Room {
        folder: "proxy/rollout",
        name: "cordon-rollout",
        may_import: &["cordon-activation", "cordon-bundle", "cordon-gateway", "cordon-policy"],
        knows_nothing_of: &WASM,
    },
    Room {
        folder: "proxy/admin",
        name: "cordon-admin",
        may_import: &["cordon-directory"],
        knows_nothing_of: &["wasmtime", "wasmtime-wizer", "wit-component", "sqlx"],
    },
    Room {
        folder: "proxy/operate",
        name: "cordon-operate",
        may_import: &["cordon-gateway", "cordon-policy"],
        knows_nothing_of: &WASM,
    },
    Room {
        folder: "proxy/cordon",
        name: "cordon",
        may_import: &[
            "cordon-activation",
            "cordon-admin",
            "cordon-bundle",
            "cordon-gateway",
            "cordon-operate",
            "cordon-policy",
            "cordon-directory",
            "cordon-rewrite",
            "cordon-settings",
            "cordon-rollout",
            "cordon-policy-builder",
            "cordon-policy-component",
            "cordon-example-backend",
        ],
        knows_nothing_of: &WASM,
    },
    Room {
        folder: "policy-wasm/sdk",
        name: "cordon-policy-sdk",
        may_import: &[],
        knows_nothing_of: &INPUT_OUTPUT,
    },
    Room {
        folder: "policy-wasm/isolation",
        name: "cordon-isolation",
        may_import: &["cordon-policy-sdk"],
        knows_nothing_of: &INPUT_OUTPUT,
    },
    Room {
        folder: "policy-wasm/builder",
        name: "cordon-policy-builder",
        may_import: &[],
        knows_nothing_of: &HTTP,
    },
    Room {
        folder: "examples/policies/rust",
        name: "cordon-example-policy",
        may_import: &["cordon-policy-sdk"],
        knows_nothing_of: &INPUT_OUTPUT,
    },
    Room {
        folder: "examples/backend",
        name: "cordon-example-backend",
        may_import: &[],
        knows_nothing_of: &WASM,
    },
    // It measures the program from outside, as it does the others.
    Room {
        folder: "tests/peers",
        name: "cordon-peers",
        may_import: &["cordon-editor-bench"],
        knows_nothing_of: &WASM,
    },
];

#[test]
fn manifests_depend_in_one_direction() {
    let mut faults = Vec::new();
    for room in &ROOMS {
        for dependency in dependencies(&workspace().join(room.folder).join("Cargo.toml")) {
            if let Some(fault) = room.fault(&dependency) {
                faults.push(format!("{}/Cargo.toml: {fault}", room.folder));
            }
        }
    }
    assert!(faults.is_empty(), "imports against the direction of ARCHITECTURE.md:\n{}", faults.join("\n"));
}

#[test]
fn sources_import_in_one_direction() {
    let mut faults = Vec::new();
    let mut files = 0;
    for room in &ROOMS {
        for file in rust_files(&workspace().join(room.folder).join("src")) {
            files += 1;
            let text = fs::read_to_string(&file).expect("a source file is readable");
            for (number, line) in text.lines().enumerate() {
                for import in imported_crates(line) {
                    if let Some(fault) = room.fault(&import) {
                        faults.push(format!("{}:{}: {fault}", shown(&file), number + 1));
                    }
                }
            }
        }
    }
    assert!(files > 20, "only {files} source files found: the walk is broken");
    assert!(faults.is_empty(), "imports against the direction of ARCHITECTURE.md:\n{}", faults.join("\n"));
}

#[test]
fn every_crate_of_the_proxy_has_a_place_in_the_direction() {
    for parent in ["proxy", "policy-wasm"] {
        for entry in fs::read_dir(workspace().join(parent)).expect("the folder exists").flatten() {
            let folder = format!("{parent}/{}", entry.file_name().to_string_lossy());
            let listed = ROOMS.iter().any(|room| room.folder == folder) || folder == "policy-wasm/component";
            assert!(
                listed || !entry.path().join("Cargo.toml").exists(),
                "{folder} is a crate without a place in the direction: add it to ROOMS and to ARCHITECTURE.md"
            );
        }
    }
}

#[test]
fn files_stay_short() {
    let mut long = BTreeMap::new();
    for folder in ["proxy", "policy-wasm", "examples", "tests"] {
        for file in rust_files(&workspace().join(folder)) {
            let lines = fs::read_to_string(&file).expect("a source file is readable").lines().count();
            if lines > 500 {
                long.insert(shown(&file), lines);
            }
        }
    }
    assert!(long.is_empty(), "one idea a file, under about 500 lines: {long:#?}");
}

#[test]
fn the_direction_test_can_fail() {
    let rewrite = &ROOMS[0];
    assert!(rewrite.fault("cordon-gateway").is_some());
    assert!(rewrite.fault("hyper").is_some());
    assert!(rewrite.fault("bytes").is_none());
    assert_eq!(imported_crates("use cordon_gateway::Gateway;"), ["cordon-gateway"]);
    assert_eq!(imported_crates("    let x = hyper::Request::new(());"), ["hyper"]);
    assert_eq!(imported_crates("use crate::cordon_gateway::x;"), ["crate"]);
    assert_eq!(imported_crates("use a::{b::c, wasmtime::Engine};"), ["a", "b", "wasmtime"]);
    assert_eq!(imported_crates("/// see cordon_gateway::Gateway"), Vec::<String>::new());
}

impl Room {
    fn fault(&self, import: &str) -> Option<String> {
        // `cordon` itself is a program, which nobody can import; the contract's package has its name.
        if import.starts_with("cordon-") && import != self.name && !self.may_import.contains(&import) {
            return Some(format!("{} may not import {import}", self.name));
        }
        if self.knows_nothing_of.contains(&import) {
            return Some(format!("{} is to know nothing of {import}", self.name));
        }
        None
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests lie in the workspace").to_path_buf()
}

fn shown(file: &Path) -> String {
    file.strip_prefix(workspace()).unwrap_or(file).display().to_string()
}

/// Names under `[dependencies]`; what tests and build scripts use is their own affair.
fn dependencies(manifest: &Path) -> Vec<String> {
    let text = fs::read_to_string(manifest).expect("a manifest is readable");
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Crates that a line of code names by a path's first segment, with dashes for underscores.
fn imported_crates(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    let word = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = Vec::new();
    for (end, _) in code.match_indices("::") {
        let before = &code[..end];
        let start = before.trim_end_matches(word).len();
        if start < end && !before[..start].ends_with(':') {
            found.push(before[start..].replace('_', "-"));
        }
    }
    found
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" && entry.file_name() != ".tools" {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}
