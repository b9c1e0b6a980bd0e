//! An empty WASI: refused unless allowed, the same in every sandbox, and within the limits of every other call.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::sync::{Arc, OnceLock};

use cordon_policy::{Call, Decision, Engine, EngineOptions, Failure, LoadError, Policy};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use support::{LIST, calm, engine, exchange, options, request};

/// As much of WASI as these tests call.
const WIT: &str = include_str!("wasi/wasi.wit");
/// A policy whose `authorize` refuses with the number that `$ask` gives, a letter for every four bits of it.
const MODULE: &str = include_str!("wasi/module.wat");

/// A component that imports these functions of WASI, and finds out a number with them.
fn component(imports: &str, ask: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_path("../../wit").unwrap();
    let package = resolve.push_str("wasi.wit", WIT).unwrap();
    let world = resolve.select_world(&[package], Some("curious")).unwrap();
    let text = MODULE.replace(";; IMPORTS", imports).replace(";; ASK", ask);
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn permissive() -> &'static Arc<Engine> {
    static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineOptions { wasi: true, ..options() }).unwrap())
}

fn load(imports: &str, ask: &str) -> Arc<Policy> {
    Arc::new(Policy::load(permissive(), &component(imports, ask), "7").unwrap())
}

/// What one sandbox finds out. Answers to different queries are kept apart, so that each call has a fresh one.
fn found(policy: &Arc<Policy>, query: &str) -> Result<u64, Failure> {
    let made = policy.counters().sandboxes;
    let decision = exchange(policy, &calm(), LIST).authorize(&request(&[query]))?;
    assert_eq!(policy.counters().sandboxes, made + 1, "the answer is not from a cache");
    let Decision::Refuse(refusal) = &*decision else { panic!("{decision:?}") };
    let letters = refusal.detail.bytes().rev();
    Ok(letters.fold(0, |number, letter| number << 4 | u64::from(letter - b'a')))
}

/// What two sandboxes find out, which is the same.
fn found_twice(imports: &str, ask: &str) -> u64 {
    let policy = load(imports, ask);
    let one = found(&policy, "one").unwrap();
    assert_eq!(found(&policy, "two").unwrap(), one, "{ask}");
    one
}

/// Why there is no answer.
fn trap(imports: &str, ask: &str) -> String {
    match found(&load(imports, ask), "one").unwrap_err() {
        Failure::Trap { call: Call::Authorize, reason } => reason,
        other => panic!("{ask}: {other}"),
    }
}

const NOW: &str = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#;
const WALL: &str = r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))"#;
const RANDOM: &str = r#"
    (import "wasi:random/random@0.2.0" "get-random-u64" (func $number (result i64)))
    (import "wasi:random/random@0.2.0" "get-random-bytes" (func $bytes (param i64 i32)))"#;
const STDOUT: &str = r#"
    (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
    (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop (param i32)))
    (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush"
        (func $write (param i32 i32 i32 i32)))"#;

#[test]
fn refused_without_permission() {
    let error = Policy::load(engine(), &component(NOW, "(call $now)"), "7").unwrap_err();
    let LoadError::WasiNotAllowed { name } = &error else { panic!("{error}") };
    assert_eq!(name, "wasi:clocks/monotonic-clock@0.2.0");
    let text = error.to_string();
    assert!(text.contains(name.as_str()) && text.contains(r#"allow = ["wasi"]"#), "{text}");
}

#[test]
fn permission_is_for_what_is_listed() {
    for name in ["wasi:keyvalue/store@0.2.0", "wasi:io/poll@0.3.0", "wasi:clocks/monotonic-clock", "log"] {
        let text = match name.contains(':') {
            true => format!(r#"(component (import "{name}" (instance)))"#),
            false => format!(r#"(component (import "{name}" (func)))"#),
        };
        match Policy::load(permissive(), &wat::parse_str(&text).unwrap(), "").unwrap_err() {
            LoadError::ForeignImport { name: found } => assert_eq!(found, name),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn functions_of_other_types_are_refused() {
    let mut text = String::from(
        r#"(component (import "wasi:clocks/monotonic-clock@0.2.0" (instance (export "now" (func (result string)))))"#,
    );
    for name in ["configure", "authorize", "plan", "judge", "mask"] {
        text.push_str(&format!(r#"(func (export "{name}") (canon lift (core func $i "f")))"#));
    }
    let module = "(core module $m (func (export \"f\"))) (core instance $i (instantiate $m))";
    let text =
        text.replacen("(func (export \"configure\")", &format!("{module} (func (export \"configure\")"), 1);
    let error = Policy::load(permissive(), &wat::parse_str(format!("{text})")).unwrap(), "").unwrap_err();
    assert!(matches!(error, LoadError::Contract(_)), "{error}");
}

#[test]
fn clocks_stand_still() {
    assert_eq!(found_twice(NOW, "(i64.add (call $now) (i64.const 5))"), 5);
    let wall = "(call $wall (i32.const 256)) (i64.load (i32.const 256))";
    assert_eq!(found_twice(WALL, wall), 0);
}

#[test]
fn random_bytes_are_the_same_in_every_sandbox() {
    let number = found_twice(RANDOM, "(call $number)");
    let second = found_twice(RANDOM, "(drop (call $number)) (call $number)");
    assert_ne!(number, second, "within a sandbox they go on");
    let bytes = "(call $bytes (i64.const 8) (i32.const 256)) (i64.load (i32.load (i32.const 256)))";
    assert_eq!(found_twice(RANDOM, bytes), number);
    let reason = trap(RANDOM, "(call $bytes (i64.const -1) (i32.const 256)) (i64.const 0)");
    assert!(reason.contains("random bytes at once"), "{reason}");
}

#[test]
fn there_are_no_files_no_environment_and_no_network() {
    let lists = r#"
        (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
        (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
        (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))"#;
    for list in ["$environment", "$arguments", "$directories"] {
        let length = format!("(call {list} (i32.const 256)) (i64.load32_u (i32.const 260))");
        assert_eq!(found_twice(lists, &length), 0, "{list}");
    }
    let open = r#"
        (import "wasi:filesystem/types@0.2.0" "[method]descriptor.open-at"
            (func $open (param i32 i32 i32 i32 i32 i32 i32)))"#;
    let all = "(i32.const 3) (i32.const 0) (i32.const 16) (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 256)";
    // Nobody has a descriptor, so that one must be forged.
    let failure = found(&load(open, &format!("(call $open {all}) (i64.const 0)")), "one").unwrap_err();
    assert!(failure.to_string().contains("unknown handle"), "{failure}");
    let socket = r#"
        (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $socket (param i32 i32)))"#;
    let reason = trap(socket, "(call $socket (i32.const 0) (i32.const 256)) (i64.const 0)");
    let wanted = "it called `wasi:sockets/tcp-create-socket@0.2.0#create-tcp-socket`, which is not there in an empty WASI";
    assert_eq!(reason, wanted);
}

#[test]
fn what_is_written_goes_nowhere() {
    // 0: the result is no error.
    let write = "(call $write (call $stdout) (i32.const 16) (i32.const 7) (i32.const 256)) (i64.load8_u (i32.const 256))";
    assert_eq!(found_twice(STDOUT, write), 0);
}

#[test]
fn exit_traps() {
    let exit = r#"(import "wasi:cli/exit@0.2.0" "exit" (func $exit (param i32)))"#;
    let reason = trap(exit, "(call $exit (i32.const 0)) (i64.const 0)");
    assert!(reason.contains("`exit`"), "{reason}");
}

#[test]
fn limits_hold() {
    let policy = load(NOW, "(loop $on (drop (call $now)) (br $on)) (i64.const 0)");
    let failure = found(&policy, "one").unwrap_err();
    assert!(matches!(failure, Failure::TimeOut { call: Call::Authorize }), "{failure}");

    let grow = "(loop $on (drop (memory.grow (i32.const 16))) (br $on)) (drop (call $now)) (i64.const 0)";
    let failure = found(&load(NOW, grow), "one").unwrap_err();
    assert!(matches!(failure, Failure::OutOfMemory { call: Call::Authorize }), "{failure}");

    let hoard = "(loop $on (drop (call $stdout)) (br $on)) (i64.const 0)";
    let reason = trap(STDOUT, hoard);
    assert!(reason.contains("handles"), "{reason}");
}

#[test]
fn handles_that_are_given_back_do_not_count() {
    let rounds = "
        (loop $on
            (call $drop (call $stdout))
            (global.set $rounds (i32.add (global.get $rounds) (i32.const 1)))
            (br_if $on (i32.lt_u (global.get $rounds) (i32.const 5000))))
        (i64.extend_i32_u (global.get $rounds))";
    assert_eq!(found_twice(STDOUT, rounds), 5000);
}

#[test]
fn rules_are_read_once_or_in_every_sandbox() {
    // `configure` leaves the length of the rules, and each `authorize` adds one to it.
    let ask = "(global.set $rules (i32.add (global.get $rules) (i32.const 1))) (i64.extend_i32_u (global.get $rules))";
    assert_eq!(found_twice(NOW, ask), 2);
    assert!(load(NOW, ask).starts_configured());
    // What drops a segment cannot be pre-initialised.
    let dropped = format!("(data.drop 0) {ask}");
    assert_eq!(found_twice(NOW, &dropped), 2);
    assert!(!load(NOW, &dropped).starts_configured());
}
