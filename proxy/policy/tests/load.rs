//! What cannot become a policy, and why not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use cordon_hostile_component::COMPONENT;
use cordon_policy::{Call, Engine, EngineError, EngineOptions, Failure, LoadError, Policy};

use support::{engine, load, options, try_load};

fn load_text(text: &str) -> LoadError {
    Policy::load(engine(), &wat::parse_str(text).unwrap(), "").unwrap_err()
}

#[test]
fn a_foreign_import_is_named() {
    for (import, name) in [
        (
            r#"(import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func (result u64)))))"#,
            "wasi:keyvalue/store@0.2.0",
        ),
        (r#"(import "log" (func (param "text" string)))"#, "log"),
        (
            r#"(import "cordon:policy/directory@0.2.0" (instance
                (export "single-project" (func (param "kind" string) (result bool)))
                (export "users" (func (result (list string))))))"#,
            "cordon:policy/directory@0.2.0#users",
        ),
        (
            r#"(import "cordon:policy/types@0.2.0" (instance (export "now" (func (result u64)))))"#,
            "cordon:policy/types@0.2.0#now",
        ),
        (r#"(import "cordon:policy/directory@0.1.0" (instance))"#, "cordon:policy/directory@0.1.0"),
        (
            r#"(import "cordon:policy/directory-and-more@0.2.0" (instance))"#,
            "cordon:policy/directory-and-more@0.2.0",
        ),
        (r#"(import "code" (core module))"#, "code"),
    ] {
        match load_text(&format!("(component {import})")) {
            LoadError::ForeignImport { name: found } => assert_eq!(found, name),
            other => panic!("{import}: {other}"),
        }
    }
}

#[test]
fn a_missing_export_is_named() {
    let error = load_text("(component)");
    assert!(matches!(error, LoadError::MissingExport { name: "configure" }), "{error}");
    let import = r#"(component (import "cordon:policy/directory@0.2.7" (instance)))"#;
    let error = load_text(import);
    assert!(matches!(error, LoadError::MissingExport { name: "configure" }), "{error}");
}

#[test]
fn exports_of_other_types_are_refused() {
    let lift = |name: &str| format!(r#"(func (export "{name}") (canon lift (core func $i "f")))"#);
    let exports: String = ["configure", "authorize", "plan", "judge", "mask"].map(lift).concat();
    let component = format!(
        r#"(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) {exports})"#
    );
    let error = load_text(&component);
    assert!(matches!(error, LoadError::Contract(_)), "{error}");
}

#[test]
fn what_is_no_component_is_refused() {
    for bytes in [&b""[..], b"nonsense", b"\0asm\x01\0\0\0", &COMPONENT[..COMPONENT.len() / 2]] {
        let error = Policy::load(engine(), bytes, "well-behaved").unwrap_err();
        assert!(matches!(error, LoadError::NotAComponent(_)), "{error}");
    }
}

#[test]
fn mistakes_in_rules_come_back_with_their_places() {
    let error = try_load("all of this is wrong").unwrap_err();
    let LoadError::Rules(problems) = error else { panic!("{error}") };
    let spans: Vec<_> = problems.iter().map(|problem| problem.span.clone()).collect();
    assert_eq!(spans, [Some(15..20), None, None], "what lies outside the rules is no place in them");
    assert_eq!(problems[0].pointer, "/first");
    assert_eq!(problems[0].message, "is wrong ", "one line each");
}

#[test]
fn rules_that_cannot_be_read_are_refused() {
    for (rules, wanted) in [
        ("trap-in-configure", "trapped"),
        ("loop-in-configure", "time limit"),
        ("memory-bomb-in-configure", "memory limit"),
        ("directory-in-configure", "`directory` must not be called"),
        ("refuse-without-reason", "without a reason"),
    ] {
        match try_load(rules).unwrap_err() {
            LoadError::Configure(failure) => {
                assert!(failure.to_string().contains(wanted), "{rules}: {failure}");
            }
            other => panic!("{rules}: {other}"),
        }
    }
    let error = try_load("loop-in-configure").unwrap_err();
    assert!(matches!(error, LoadError::Configure(Failure::TimeOut { call: Call::Configure })));
    load("well-behaved");
}

#[test]
fn a_manifest_is_checked_as_a_whole() {
    let LoadError::Manifest(problems) = try_load("ambiguous-routes").unwrap_err() else { panic!() };
    assert_eq!(problems.len(), 3, "a method that is none, a name twice, an ambiguity: {problems:?}");
    assert!(matches!(try_load("no-name").unwrap_err(), LoadError::Manifest(_)));
}

#[test]
fn the_digest_is_of_both_parts() {
    let one = load("well-behaved");
    assert_eq!(one.digest(), load("well-behaved").digest());
    assert_ne!(one.digest(), load("status-200").digest());
}

#[test]
fn options_without_meaning_are_refused() {
    for options in [
        EngineOptions { sandboxes: 0, ..options() },
        EngineOptions { memory: 10, ..options() },
        EngineOptions { stack: usize::MAX, ..options() },
        EngineOptions { call_time: std::time::Duration::ZERO, ..options() },
    ] {
        assert!(matches!(Engine::new(options), Err(EngineError::Options(_))));
    }
}
