//! A small bundle, and what several tests need around it.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod registry;

use std::process::Command;

use bytes::Bytes;
use cordon_bundle::{Bundle, Case, Parts};

/// A bundle with this counter.
pub(crate) fn bundle(counter: u64) -> Bundle {
    let manifest =
        format!("name = \"calls\"\nversion = \"1.0.{counter}\"\ncontract = \"0.2\"\ncounter = {counter}\n");
    let parts = Parts {
        manifest,
        component: Bytes::from_static(b"\0asm, or so"),
        rules: "rules = 1\n".to_owned(),
        cases: vec![Case { name: "one.toml".to_owned(), text: "a = 1\n".to_owned() }],
    };
    parts.write().expect("the parts are right")
}

/// Whether a program is there. In CI it must be.
pub(crate) fn has(program: &str, arguments: &[&str], package: &str) -> bool {
    if Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "{program} is missing: install Debian's package {package}");
    eprintln!("skipped: {program} is missing; install Debian's package {package}");
    false
}
