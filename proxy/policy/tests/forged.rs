//! Components that no compiler makes: what they try, and what comes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/bare.rs"]
mod bare;
mod support;

use std::sync::Arc;

use cordon_policy::{Call, Exchange, Failure, LoadError, Policy, Request, RequestPlan};

use support::{engine, scope, town};

fn load(component: &[u8]) -> Result<Policy, LoadError> {
    Policy::load(engine(), component, "")
}

fn load_text(text: &str) -> LoadError {
    load(&wat::parse_str(text).unwrap()).unwrap_err()
}

/// Answers as it should.
fn assert_works(policy: Policy) {
    let exchange = Exchange::new(Arc::new(policy), town(1), scope(&["a"]), 0);
    let request = Request { method: "GET".into(), query: vec![], values: vec![] };
    exchange.authorize(&request).unwrap();
    assert_eq!(exchange.plan().unwrap().request, RequestPlan::Empty);
}

#[test]
fn a_component_that_does_nothing_is_a_policy() {
    assert_works(load(&bare::component("")).unwrap());
}

#[test]
fn a_start_function_that_hangs_is_stopped() {
    let hangs = bare::component("(func $hang (loop (br 0))) (start $hang)");
    for _ in 0..2 {
        let error = load(&hangs).unwrap_err();
        assert!(matches!(error, LoadError::Configure(Failure::TimeOut { call: Call::Configure })), "{error}");
    }
    let traps = bare::component("(func $trap unreachable) (start $trap)");
    let error = load(&traps).unwrap_err();
    assert!(matches!(error, LoadError::Configure(Failure::Trap { .. })), "{error}");
    assert_works(load(&bare::component("(func $nothing) (start $nothing)")).unwrap());
}

/// A thousand million entries of a table are refused by the sandbox's limit, as `table.grow` says it.
#[test]
fn a_table_grows_no_further_than_it_may() {
    let grows = |by: u32| {
        bare::component(&format!(
            "(table $entries 0 funcref) (func $grow
                (if (i32.eq (table.grow $entries (ref.null func) (i32.const {by})) (i32.const -1))
                    (then unreachable)))
            (start $grow)"
        ))
    };
    assert_works(load(&grows(1000)).unwrap());
    for by in [20_000, 1_000_000_000] {
        let error = load(&grows(by)).unwrap_err();
        assert!(matches!(error, LoadError::Configure(Failure::Trap { .. })), "{error}");
    }
    let error = load(&bare::component("(table 1000000 funcref)")).unwrap_err();
    assert!(matches!(error, LoadError::Unusable(_)), "{error}");
}

#[test]
fn memory_is_no_larger_than_it_may_be() {
    let grow = "(func $grow (drop (memory.grow (i32.const 60000)))) (start $grow)";
    let error = load(&bare::component(grow)).unwrap_err();
    assert!(matches!(error, LoadError::Configure(Failure::OutOfMemory { .. })), "{error}");
}

/// Handles lie in the host's memory, and nothing but time would bound them.
#[test]
fn resources_of_its_own_are_refused() {
    for text in [
        "(component (type $file (resource (rep i32))))",
        "(component (component (type $file (resource (rep i32)))))",
        r#"(component
            (type $file (resource (rep i32)))
            (core func $new (canon resource.new $file))
            (core module $m
                (import "" "new" (func $new (param i32) (result i32)))
                (func (export "many") (loop (drop (call $new (i32.const 1))) (br 0))))
            (core instance $i (instantiate $m (with "" (instance (export "new" (func $new)))))))"#,
    ] {
        match load_text(text) {
            LoadError::Unusable(reason) => assert!(reason.contains("resource"), "{reason}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_only_looks_like_the_directory_is_refused() {
    for (import, foreign) in [
        (r#"(import "cordon:policy/directory@0.3.0" (instance))"#, true),
        (r#"(import "cordon:policy/directory" (instance))"#, true),
        (r#"(import "cordon:policy/directory@0.20.0" (instance))"#, true),
        (r#"(import "cordon:policy-2/directory@0.2.0" (instance))"#, true),
        (r#"(import "evil:policy/directory@0.2.0" (instance))"#, true),
        (r#"(import "directory" (instance (export "fields" (func))))"#, true),
        (
            r#"(import "cordon:policy/directory@0.2.0" (instance (export "fields" (instance
                (export "now" (func (result u64)))))))"#,
            true,
        ),
        (r#"(import "cordon:policy/directory@0.2.0" (component))"#, true),
        // The right names with other types are no foreign import; such a component lacks the rest of the contract.
        (
            r#"(import "cordon:policy/directory@0.2.0" (instance (export "fields" (func (result u64)))))"#,
            false,
        ),
    ] {
        let error = load_text(&format!("(component {import})"));
        match error {
            LoadError::ForeignImport { .. } => assert!(foreign, "{import}"),
            LoadError::MissingExport { .. } => assert!(!foreign, "{import}"),
            other => panic!("{import}: {other}"),
        }
    }
}

#[test]
fn a_directory_of_other_types_is_not_linked() {
    let fields = r#"(import "cordon:policy/directory@0.2.0" "fields" (func (param i32 i32 i32)))"#;
    assert_works(load(&bare::component("")).unwrap());
    let imports = bare::component_with(fields, "");
    assert_works(load(&imports).unwrap());
    let exports = bare::EXPORTS.map(|name| format!(r#"(export "{name}" (func $f))"#)).concat();
    let error = load_text(&format!(
        r#"(component
            (import "cordon:policy/directory@0.2.0" (instance (export "fields" (func (result u64)))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            {exports})"#
    ));
    assert!(matches!(error, LoadError::Contract(_)), "{error}");
}
