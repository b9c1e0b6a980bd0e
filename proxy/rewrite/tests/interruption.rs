//! Bodies that break off or break: nothing comes out that was not settled, and the chunks make no difference.
//!
//! `CORDON_REWRITE_CASES` sets the number of cases.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{Editor, Limits, Options, Pieces, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use support::case::word;
use support::feeding::{Cuts, Outcome, cases, feed};
use support::generate::{Drawn, Source, document, plan, write_spaced};
use support::hashing::Hashing;

const CASES: u32 = 1000;

/// Runs a check on random plans that compile, bodies and limits.
fn run(check: impl Fn(&Trial<'_>, &mut Source<'_>) -> Result<(), TestCaseError>) {
    let mut runner =
        TestRunner::new(Config { cases: cases(CASES), failure_persistence: None, ..Config::default() });
    let bytes = proptest::collection::vec(any::<u8>(), 0..300);
    let strategy = (bytes.clone(), bytes, any::<u64>());
    runner
        .run(&strategy, |(of_plan, of_body, seed)| {
            let drawn = plan(&mut Source::new(&of_plan));
            let Ok(plan) = Plan::compile(drawn.spec.clone()) else {
                return Ok(());
            };
            let mut source = Source::new(&of_body);
            let mut body = String::new();
            write_spaced(&document(&mut source), &mut source, &mut body);
            let limits = limits(&mut source);
            let options = Options { limits, ..Options::default() };
            check(
                &Trial { plan: Arc::new(plan), drawn: &drawn, seed, body: body.into(), options },
                &mut source,
            )
        })
        .unwrap();
}

struct Trial<'a> {
    plan: Arc<Plan>,
    drawn: &'a Drawn,
    seed: u64,
    body: Vec<u8>,
    options: Options,
}

impl Trial<'_> {
    fn judge(&self) -> Hashing<'_> {
        Hashing { drawn: self.drawn, seed: self.seed }
    }

    fn feed(&self, chunks: Vec<&[u8]>) -> Outcome {
        feed(&self.plan, &self.options, chunks, &mut self.judge())
    }
}

/// Everyday limits, or small ones.
fn limits(source: &mut Source<'_>) -> Limits {
    let mut limits = Limits::default();
    if source.below(2) == 0 {
        return limits;
    }
    let mut small = |limit: &mut usize, from: usize| {
        if source.below(3) == 0 {
            *limit = from + source.below(30);
        }
    };
    small(&mut limits.held, 2);
    small(&mut limits.record, 1);
    small(&mut limits.members, 1);
    small(&mut limits.string, 1);
    small(&mut limits.batch_records, 1);
    small(&mut limits.batch_bytes, 1);
    limits.depth = 2 + source.below(8);
    limits
}

#[test]
fn what_comes_out_before_a_break_is_the_beginning_of_the_whole() {
    run(|trial, source| {
        let whole = trial.feed(vec![&trial.body]);
        if whole.result.is_err() {
            return Ok(());
        }
        for _ in 0..8 {
            let cut = (source.below(256) * 256 + source.below(256)) % (trial.body.len() + 1);
            let mut editor = Editor::new(Arc::clone(&trial.plan), trial.options.clone());
            let mut out = Pieces::new();
            let before = Bytes::copy_from_slice(&trial.body[..cut]);
            editor.feed(before, &mut trial.judge(), &mut out).unwrap();
            // A number may be complete where a byte follows that cannot be, so there the body just ends.
            let in_number = cut > 0 && b"0123456789+-.eE".contains(&trial.body[cut - 1]);
            let broken = match in_number {
                true => editor.finish(&mut trial.judge(), &mut out),
                false => editor.feed(Bytes::from_static(b"\x01"), &mut trial.judge(), &mut out),
            };
            if broken.is_ok() {
                continue;
            }
            let out = out.take();
            prop_assert!(
                whole.output.starts_with(&out),
                "after {cut} bytes of {:?} came {out:?}, not the beginning of {:?}\n{:#?}",
                String::from_utf8_lossy(&trial.body),
                String::from_utf8_lossy(&whole.output),
                trial.drawn.spec
            );
        }
        Ok(())
    });
}

#[test]
fn a_broken_body_breaks_the_same_way_whatever_the_chunks() {
    run(|trial, source| {
        let mut body = trial.body.clone();
        for _ in 0..source.below(3) {
            let at = (source.below(256) * 256 + source.below(256)) % body.len();
            body[at] = b"\"{}[],:x1\x01\xffa"[source.below(12)];
        }
        let whole = trial.feed(vec![&body]);
        let mut cuts = Cuts::new(trial.seed);
        for chunks in [body.chunks(1).collect(), cuts.cut(&body), cuts.cut(&body)] {
            let other = trial.feed(chunks);
            let shown = format!(
                "{:?} and {:?} for {}\n{:?}\n{:#?}",
                whole.result,
                other.result,
                String::from_utf8_lossy(&body),
                trial.options,
                trial.drawn.spec
            );
            prop_assert_eq!(error(&whole), error(&other), "{}", shown);
            prop_assert_eq!(whole.report.missing, other.report.missing, "{}", shown);
            let settled = error(&whole).is_none_or(|(_, offset)| offset > 0);
            if settled {
                prop_assert_eq!(&whole.output, &other.output, "{}", shown);
            }
            if whole.result.is_ok() {
                prop_assert_eq!(&whole.report, &other.report, "{}", shown);
            }
        }
        Ok(())
    });
}

/// The error's kind, and its place where that does not hang on how much was held back when it was seen.
fn error(outcome: &Outcome) -> Option<(String, u64)> {
    let error = outcome.result.as_ref().err()?;
    let word = word(&error.kind);
    let held_back = word == "limit-held";
    Some((word, if held_back { 0 } else { error.offset }))
}
