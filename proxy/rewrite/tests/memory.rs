//! What an editor holds is bounded by the largest record and the batch, never by the body.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unsafe_code, reason = "an allocator cannot be counted without implementing one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cordon_rewrite::{
    Action, Batch, BodyPlan, Edit, Editor, Judge, JudgeError, Key, Limits, Mask, Options, OwnedScalar,
    Pieces, Plan, RecordSet, Scalar, Value, Verdict,
};

/// Counts what is allocated at the moment and at the most.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator; beside it only counters change.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Keeps every third record.
struct Third;

impl Judge for Third {
    fn judge(&mut self, _: u32, batch: &Batch, verdicts: &mut Vec<Verdict>) -> Result<(), JudgeError> {
        for record in 0..batch.len() {
            let keep =
                matches!(batch.value(record, 0), Value::One(Scalar::Number(text)) if text.ends_with('1'));
            verdicts.push(if keep { Verdict::Keep(0) } else { Verdict::Drop });
        }
        Ok(())
    }

    fn mask(&mut self, _: u32, _: &[Value<'_>], _: &mut Vec<OwnedScalar>) -> Result<(), JudgeError> {
        Err("not asked for".into())
    }
}

fn plan() -> Arc<Plan> {
    let edit = |path: &str, action| Edit { path: path.to_owned(), action };
    let profile = vec![
        edit("$", Action::KeepAll),
        edit("$.phone", Action::Mask(Mask::KeepLast(2))),
        edit("$.note", Action::Remove),
    ];
    let set = RecordSet {
        path: "$.data[*]".to_owned(),
        keys: vec![Key { path: "$.project".to_owned(), up: 0 }],
        profiles: vec![profile],
        ..RecordSet::default()
    };
    let outside = vec![edit("$.total", Action::Recount(0))];
    Arc::new(Plan::compile(BodyPlan { outside, sets: vec![set], ..BodyPlan::default() }).unwrap())
}

/// Feeds a body of so many bytes of records and gives the peak of what was held beyond the chunks, and the length of
/// the output.
fn stream(body: usize, total_first: bool) -> (usize, usize) {
    const CHUNK: usize = 17 << 10;
    let record = r#"{"id":12345,"project":1,"phone":"+49 30 1234567","note":"rang back","tags":["a","b"]},"#;
    let other = record.replace("\"project\":1", "\"project\":2");
    let records = [record, &other, &other].concat();
    let mut text = records.repeat(CHUNK * 2 / records.len());
    text.truncate(text.len() / records.len() * records.len());
    let source = Bytes::from(text.into_bytes());
    let mut editor = Editor::new(plan(), Options::default());
    let mut out = Pieces::new();
    let mut written = 0;
    let head = if total_first { &b"{\"total\":1,\"data\":["[..] } else { b"{\"data\":[" };
    editor.feed(Bytes::copy_from_slice(head), &mut Third, &mut out).unwrap();
    let mut drain = |out: &mut Pieces| {
        while let Some(piece) = out.pop() {
            written += piece.len();
        }
    };
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let mut fed = 0;
    while fed < body {
        let mut at = 0;
        while at < source.len() {
            let end = (at + CHUNK).min(source.len());
            // A chunk of its own, as it comes from a connection.
            editor.feed(Bytes::copy_from_slice(&source[at..end]), &mut Third, &mut out).unwrap();
            drain(&mut out);
            at = end;
        }
        fed += source.len();
    }
    let peak = PEAK.load(Ordering::Relaxed) - before;
    let tail = if total_first { &b"{}]}"[..] } else { b"{}],\"total\":7}" };
    editor.feed(Bytes::from_static(tail), &mut Third, &mut out).unwrap();
    editor.finish(&mut Third, &mut out).unwrap();
    drain(&mut out);
    (peak, written)
}

#[test]
fn a_long_stream_of_small_records_holds_next_to_nothing() {
    let limits = Limits::default();
    let (peak, written) = stream(64 << 20, false);
    assert!(written > 10 << 20, "{written} bytes came out");
    assert!(peak < limits.batch_bytes + (192 << 10), "{peak} bytes were held");
    // With a total in front everything is held up to the limit, then the total goes and everything flows.
    let (peak, written) = stream(8 << 20, true);
    assert!(written > 1 << 20, "{written} bytes came out");
    assert!(peak < 4 * limits.held + limits.batch_bytes + (192 << 10), "{peak} bytes were held");
}
