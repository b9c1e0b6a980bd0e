//! Random streams of events, plans and judges: the editor agrees with an oracle over a tree and a parser of its own,
//! whatever the chunks.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cordon_rewrite::{Action, Format, Limits, Mask, Options, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value};
use support::case::word;
use support::events::{Sent, parse};
use support::feeding::{Cuts, Outcome, cases, feed};
use support::generate::{Drawn, DrawnSet, Selects, Source, Step, document, plan, write_spaced};
use support::hashing::Hashing;
use support::oracle::Oracle;

const CASES: u32 = 1500;

/// What frames an event.
const FIELDS: [&str; 3] = ["id", "event", "retry"];

fn run(check: impl Fn(&Drawn, &Arc<Plan>, &mut Source<'_>, u64) -> Result<(), TestCaseError>) {
    let cases = cases(CASES);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let compiled = AtomicU64::new(0);
    let bytes = proptest::collection::vec(any::<u8>(), 0..600);
    runner
        .run(&(bytes.clone(), bytes, any::<u64>()), |(of_plan, of_body, seed)| {
            let drawn = stream_plan(&mut Source::new(&of_plan));
            if let Ok(plan) = Plan::compile(drawn.spec.clone()) {
                compiled.fetch_add(1, Ordering::Relaxed);
                check(&drawn, &Arc::new(plan), &mut Source::new(&of_body), seed)?;
            }
            Ok(())
        })
        .unwrap();
    let compiled = compiled.into_inner();
    assert!(compiled > u64::from(cases) / 2, "only {compiled} of {cases} plans could be compiled");
}

#[test]
fn the_editor_agrees_with_a_tree() {
    run(|drawn, plan, source, seed| {
        let events: Vec<Value> = (0..1 + source.below(5)).map(|_| event(source)).collect();
        let judge = Hashing { drawn, seed };
        let decide = |set: usize, keys: &[String]| judge.verdict(set, keys);
        let framed = Drawn {
            outside: keep_fields(&drawn.outside, &[all()]),
            sets: drawn.sets.iter().map(|set| keep_set(set, drawn)).collect(),
            spec: drawn.spec.clone(),
        };
        let mut oracle = Oracle::new(&framed, &decide);
        let remains = oracle.edit(&Value::Array(events.clone())).unwrap();
        let expected: Vec<&Value> =
            remains.as_array().unwrap().iter().filter(|event| event.get("data").is_some()).collect();
        let options = Options { hash_key: oracle.hash_key, ..Options::default() };
        let mut cuts = Cuts::new(seed);

        let body: String = events.iter().map(write).collect();
        let outcome = feed(plan, &options, cuts.cut(body.as_bytes()), &mut Hashing { drawn, seed });
        let shown = format!("{:#?}\n{body}", drawn.spec);
        prop_assert!(outcome.result.is_ok(), "{:?}: {}", outcome.result, shown);
        let text: String = expected.iter().map(|event| write(event)).collect();
        prop_assert_eq!(String::from_utf8_lossy(&outcome.output), text, "{}", shown);
        let report = &outcome.report;
        let counts = (report.removed.total(), report.masked.total(), report.unlisted.total());
        let of_oracle = (oracle.counts.removed, oracle.counts.masked, oracle.counts.unlisted);
        prop_assert_eq!(counts, of_oracle, "{}", shown);
        let sets: Vec<_> = report.sets.iter().map(|count| (count.kept, count.dropped)).collect();
        let of_oracle: Vec<_> =
            oracle.counts.kept.iter().copied().zip(oracle.counts.dropped.iter().copied()).collect();
        prop_assert_eq!(sets, of_oracle, "{}", shown);

        if has_hash(drawn) {
            return Ok(());
        }
        let body = write_loosely(&events, source);
        let shown = format!("{:#?}\n{body}", drawn.spec);
        let one = feed(plan, &options, cuts.cut(body.as_bytes()), &mut Hashing { drawn, seed });
        let other = feed(plan, &options, [body.as_bytes()], &mut Hashing { drawn, seed });
        prop_assert!(one.result.is_ok(), "{:?}: {}", one.result, shown);
        prop_assert_eq!(&one.output, &other.output, "{}", shown);
        let sent: Vec<Sent> = expected.iter().map(|event| sent(event)).collect();
        let parsed = parse(std::str::from_utf8(&one.output).unwrap());
        prop_assert_eq!(parsed, sent, "{}\n{}", shown, String::from_utf8_lossy(&one.output));
        Ok(())
    });
}

#[test]
fn broken_streams_break_the_same_way_whatever_the_chunks() {
    run(|drawn, plan, source, seed| {
        let events: Vec<Value> = (0..1 + source.below(5)).map(|_| event(source)).collect();
        let mut body = write_loosely(&events, source).into_bytes();
        for _ in 0..source.below(4) {
            let at = (source.below(256) * 256 + source.below(256)) % body.len();
            body[at] = b"\"{}[],:\n\r \xff1d"[source.below(13)];
        }
        let mut limits = Limits::default();
        let mut small = |limit: &mut usize, from: usize| {
            if source.below(6) == 0 {
                *limit = from + source.below(60);
            }
        };
        small(&mut limits.record, 20);
        small(&mut limits.members, 3);
        small(&mut limits.string, 3);
        small(&mut limits.name, 2);
        small(&mut limits.batch_records, 1);
        small(&mut limits.batch_bytes, 1);
        let options = Options { limits, ..Options::default() };
        let whole = feed(plan, &options, [&body[..]], &mut Hashing { drawn, seed });
        let mut cuts = Cuts::new(seed);
        for chunks in [body.chunks(1).collect(), cuts.cut(&body), cuts.cut(&body)] {
            let other = feed(plan, &options, chunks, &mut Hashing { drawn, seed });
            let shown = format!(
                "{:?} and {:?} for {:?}\n{:?}\n{:#?}",
                whole.result,
                other.result,
                String::from_utf8_lossy(&body),
                options,
                drawn.spec
            );
            prop_assert_eq!(error(&whole), error(&other), "{}", shown);
            prop_assert_eq!(
                String::from_utf8_lossy(&whole.output),
                String::from_utf8_lossy(&other.output),
                "{}",
                shown
            );
            if whole.result.is_ok() {
                prop_assert_eq!(&whole.report, &other.report, "{}", shown);
            }
        }
        Ok(())
    });
}

fn error(outcome: &Outcome) -> Option<(String, u64)> {
    outcome.result.as_ref().err().map(|error| (word(&error.kind), error.offset))
}

fn event(source: &mut Source<'_>) -> Value {
    let mut members = Map::new();
    for field in FIELDS {
        if source.below(2) == 0 {
            let value = if field == "retry" { ["1", "2000"] } else { ["a b:c", ""] };
            members.insert(field.to_owned(), Value::String(value[source.below(2)].to_owned()));
        }
    }
    members.insert("data".to_owned(), document(source));
    Value::Object(members)
}

/// An event as simply as it can be written.
fn write(event: &Value) -> String {
    let members = event.as_object().unwrap().iter();
    let lines = members.map(|(name, value)| match value {
        Value::String(text) if name != "data" => format!("{name}: {text}\n"),
        value => format!("{name}: {value}\n"),
    });
    lines.chain(["\n".to_owned()]).collect()
}

/// Events with white space, comments, fields that nobody knows, lines in any order and with any end, and data of
/// several lines.
fn write_loosely(events: &[Value], source: &mut Source<'_>) -> String {
    let mut body = ["", "\u{feff}", "retry: 5\n\n", ": ping\r\n"][source.below(4)].to_owned();
    for event in events {
        let mut lines = Vec::new();
        for (name, value) in event.as_object().unwrap() {
            let colon = [": ", ":"][source.below(2)];
            if name == "data" {
                let mut text = String::new();
                write_spaced(value, source, &mut text);
                // A space at the beginning of a line may be taken for the one behind the colon.
                lines.extend(text.split('\n').map(|line| format!("data: {line}")));
            } else {
                lines.push(format!("{name}{colon}{}", value.as_str().unwrap()));
            }
            if source.below(4) == 0 {
                lines.push([":", ": secret", "x: y", "data2: 1", "Data"][source.below(5)].to_owned());
            }
        }
        lines.extend((0..1 + source.below(8) / 6).map(|_| String::new()));
        for line in lines {
            let end = ["\n", "\r\n", "\r"][source.below(3)];
            // A line feed would belong to the carriage return before it.
            let end = if line.is_empty() && body.ends_with('\r') && end == "\n" { "\r" } else { end };
            body.extend([&line, end]);
        }
    }
    body.push_str(["", "", ": x", "data: {}", "id: 5\ndata: 1\n"][source.below(5)]);
    body
}

fn sent(event: &Value) -> Sent {
    let text = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
    Sent { event: text("event").filter(|name| !name.is_empty()), id: text("id"), data: event["data"].clone() }
}

fn all() -> Step {
    Step { descends: false, selects: Selects::All }
}

fn name(name: &str) -> Step {
    Step { descends: false, selects: Selects::Name(name.to_owned()) }
}

type Edits = Vec<(Vec<Step>, Action)>;

/// A plan for documents, made one for streams of events that hold them: the events' data are looked at outside
/// records, or the events are the outermost records.
fn stream_plan(source: &mut Source<'_>) -> Drawn {
    let events = source.below(2) == 0;
    let mut fields: Edits = Vec::new();
    for field in FIELDS {
        let action = match source.below(8) {
            0 => Action::Remove,
            1 => Action::Mask(Mask::Fixed("x".to_owned())),
            2 => Action::Mask(Mask::KeepLast(1)),
            3 => Action::Keep,
            _ => continue,
        };
        fields.push((vec![name(field)], action));
    }
    fields.push((vec![name("data")], [Action::Keep, Action::KeepAll][source.below(2)].clone()));
    let drawn = plan(source);
    let below = |prefix: &[Step], edits: Edits| -> Edits {
        edits.into_iter().map(|(path, action)| ([prefix, &path].concat(), action)).collect()
    };
    let mut outside = below(&[name("data")], drawn.outside);
    outside.extend(fields.iter().cloned());
    outside.retain(|(_, action)| events || !matches!(action, Action::Recount(_)));
    let shift = usize::from(events);
    let shifted = |edits: Edits| -> Edits {
        let shifted = |action| match action {
            Action::Recount(set) => Action::Recount(set + u32::try_from(shift).unwrap()),
            other => other,
        };
        edits.into_iter().map(|(path, action)| (path, shifted(action))).collect()
    };
    let mut sets = Vec::new();
    for set in drawn.sets {
        let prefix = match (set.within, events) {
            (Some(_), _) => vec![],
            (None, true) => vec![name("data")],
            (None, false) => vec![all(), name("data")],
        };
        sets.push(DrawnSet {
            within: set.within.map(|outer| outer + shift).or(events.then_some(0)),
            path: [&prefix[..], &set.path].concat(),
            profiles: set.profiles.into_iter().map(shifted).collect(),
            sole: false,
            ..set
        });
    }
    if events {
        let keys = vec![(vec![name("data"), name("a")], 0), (vec![name("id")], 0)];
        let set = DrawnSet {
            within: None,
            path: vec![all()],
            keys,
            profiles: vec![shifted(outside), fields],
            sole: false,
        };
        sets.insert(0, set);
        outside = Vec::new();
    } else {
        outside = below(&[all()], outside);
    }
    let mut drawn = Drawn { spec: Default::default(), outside, sets };
    drawn.spec = support::generate::spec(&drawn);
    drawn.spec.format = Format::Sse;
    drawn
}

/// The fields that stay with an event, said as edits.
fn keep_fields(edits: &Edits, event: &[Step]) -> Edits {
    let keep = FIELDS.iter().map(|field| ([event, &[name(field)]].concat(), Action::Keep));
    edits.iter().cloned().chain(keep).collect()
}

fn keep_set(set: &DrawnSet, drawn: &Drawn) -> DrawnSet {
    let is_event = set.path.len() == 1 && set.within.is_none() && drawn.outside.is_empty();
    let profiles = set.profiles.iter();
    DrawnSet {
        within: set.within,
        path: set.path.clone(),
        keys: set.keys.clone(),
        profiles: profiles
            .map(|edits| if is_event { keep_fields(edits, &[]) } else { edits.clone() })
            .collect(),
        sole: set.sole,
    }
}

fn has_hash(drawn: &Drawn) -> bool {
    let hashes = |action: &Action| match action {
        Action::Mask(Mask::Hash) => true,
        Action::Only(names) => names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        Action::Entries(entries) => entries.names.mask.iter().any(|masked| masked.mask == Mask::Hash),
        _ => false,
    };
    let profiles = drawn.sets.iter().flat_map(|set| set.profiles.iter());
    drawn.outside.iter().chain(profiles.flatten()).any(|(_, action)| hashes(action))
}
