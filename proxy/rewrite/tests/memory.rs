//! What an editor holds is bounded by the largest record and some buffers, never by the body, and what it allocates by
//! the chunks and the kept records.
//!
//! `CORDON_MEMORY_MIB` sets the length of the streams, 1024 in CI.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "modules of a test")]

mod counting;
mod streams;

use std::sync::Arc;

use bytes::Bytes;
use cordon_rewrite::{Editor, Limits, Options, Pieces, Plan};
use counting::Count;
use streams::{Stream, Third};

/// What a connection hands over at a time.
const CHUNK: usize = 17 << 10;
/// What may be held beside the largest record.
const BUFFERS: usize = 256 << 10;
/// Allocations for a chunk, which has more than a hundred records: the chunk itself, what shares it, and buffers for the
/// records that are cut by its ends.
const PER_CHUNK: usize = 20;
/// Allocations for a record that is kept, with a mask.
const PER_KEPT: usize = 1;
/// Length of the streams in everyday runs.
const EVERYDAY: usize = 48;

fn length() -> usize {
    let mebibytes = std::env::var("CORDON_MEMORY_MIB").map_or(EVERYDAY, |text| text.parse().unwrap());
    mebibytes << 20
}

/// What was seen of a stream while it passed.
struct Passage {
    /// The most that was held beside what was held before, chunks included.
    peak: usize,
    /// Allocations from the second round through the pool on.
    allocations: usize,
    /// Chunks and records of these rounds.
    chunks: usize,
    records: usize,
    written: usize,
}

/// Feeds a stream of about so many bytes, the same records again and again.
fn pass(stream: &Stream, body: usize) -> Passage {
    let plan = Arc::new(Plan::compile(stream.plan.clone()).unwrap());
    let pool = stream.records.concat();
    let pool = pool.repeat((2 * CHUNK).div_ceil(pool.len()));
    let records = pool.len() / stream.records.concat().len() * stream.records.len();
    let mut editor = Editor::new(plan, Options::default());
    let mut out = Pieces::new();
    let mut passage = Passage { peak: 0, allocations: 0, chunks: 0, records: 0, written: 0 };
    let mut feed = |bytes: &[u8], passage: &mut Passage, out: &mut Pieces| {
        for chunk in bytes.chunks(CHUNK) {
            // A chunk of its own, as it comes from a connection.
            editor.feed(Bytes::copy_from_slice(chunk), &mut Third, out).unwrap();
            while let Some(piece) = out.pop() {
                passage.written += piece.len();
            }
        }
    };
    let start = Count::from_here();
    feed(stream.head.as_bytes(), &mut passage, &mut out);
    feed(pool.as_bytes(), &mut passage, &mut out);
    let warm = Count::now();
    let mut fed = pool.len();
    while fed < body {
        feed(pool.as_bytes(), &mut passage, &mut out);
        passage.chunks += pool.len().div_ceil(CHUNK);
        passage.records += records;
        fed += pool.len();
    }
    passage.allocations = warm.allocations_since();
    feed(stream.tail.as_bytes(), &mut passage, &mut out);
    editor.finish(&mut Third, &mut out).unwrap();
    passage.peak = start.peak_since();
    passage
}

#[test]
fn a_long_stream_holds_its_largest_record_and_some_buffers() {
    for stream in streams::all() {
        let passage = pass(&stream, length());
        let largest = stream.records.iter().map(String::len).max().unwrap();
        assert!(passage.written > length() / 10, "{}: {} bytes came out", stream.name, passage.written);
        assert!(
            passage.peak <= largest + BUFFERS,
            "{}: {} bytes were held, the largest record has {largest}",
            stream.name,
            passage.peak
        );
    }
}

#[test]
fn dropped_records_allocate_nothing() {
    for stream in streams::all() {
        let dropped = stream.with_all_dropped();
        let passage = pass(&dropped, length() / 8);
        assert!(
            passage.allocations <= PER_CHUNK * passage.chunks,
            "{}: {} allocations for {} chunks with {} dropped records",
            stream.name,
            passage.allocations,
            passage.chunks,
            passage.records
        );
    }
}

#[test]
fn kept_records_allocate_next_to_nothing() {
    for stream in streams::all() {
        let passage = pass(&stream, length() / 8);
        assert!(
            passage.allocations <= PER_CHUNK * passage.chunks + PER_KEPT * passage.records.div_ceil(3),
            "{}: {} allocations for {} chunks with {} records, of which a third is kept",
            stream.name,
            passage.allocations,
            passage.chunks,
            passage.records
        );
    }
}

#[test]
fn a_total_in_front_is_held_for_up_to_the_limit() {
    let limits = Limits::default();
    let passage = pass(&streams::total_in_front(), 8 << 20);
    assert!(passage.written > 1 << 20, "{} bytes came out", passage.written);
    assert!(passage.peak <= 2 * limits.held + BUFFERS, "{} bytes were held", passage.peak);
}
