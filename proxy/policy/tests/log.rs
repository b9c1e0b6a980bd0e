//! What misbehaves is named in the log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use support::{LIST, exchange, judge, load, request, scope};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged meanwhile, a line for each event.
fn logged(what: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, what);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[test]
fn failures_are_named_with_policy_route_and_reason() {
    for (behaviour, reason) in [
        ("trap-in-authorize", "`authorize` trapped"),
        ("loop-in-authorize", "`authorize` exceeded its time limit"),
        ("deep-recursion", "`authorize` trapped: call stack exhausted"),
        ("memory-bomb-in-plan", "`plan` exceeded its memory limit"),
        ("huge-plan", "bad answer of `plan`: a plan larger than"),
        ("trap-in-judge", "`judge` trapped"),
        ("verdict-out-of-range", "bad answer of `judge`: a verdict with profile 3 of a set that has 3"),
        ("many-verdicts", "bad answer of `judge`"),
    ] {
        let policy = load(behaviour);
        let log = logged(|| {
            let list = exchange(&policy, &scope(&["a"]), LIST);
            let decided = list.authorize(&request(&[]));
            let judged = judge(&list, &[(Some("very-secret"), None)]);
            assert!(decided.is_err() || judged.is_err(), "{behaviour}");
        });
        assert!(log.contains("policy call failed"), "{behaviour}: {log}");
        assert!(log.contains(r#"policy="hostile""#) && log.contains(r#"route="list""#), "{behaviour}: {log}");
        assert!(log.contains(reason), "{behaviour}: {log}");
        assert!(!log.contains("secret"), "{behaviour}: {log}");
    }
}

#[test]
fn a_flood_is_named_once_it_is_stopped() {
    let policy = load("trap-in-plan");
    let log = logged(|| {
        for _ in 0..100 {
            assert!(exchange(&policy, &scope(&["a"]), LIST).plan().is_err());
        }
    });
    assert_eq!(log.matches("a call failed again and again").count(), 1, "{log}");
    assert!(log.lines().count() < 20, "{log}");
}
