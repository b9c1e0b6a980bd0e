//! Those that Cordon is measured against: each does the same job as somebody would who knows the library well.
//!
//! All of them have the whole body in one buffer before they begin, which a proxy would have had to collect; that is not
//! counted against them. Each writes into a buffer of its own that it fills anew for each body.

pub mod cells;
pub mod document;
pub mod elements;
pub mod lazy;
pub mod mutable;
pub mod tree;

use crate::job::Job;

/// A library at work.
pub trait Rival {
    /// Edits a JSON document and appends what is left.
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>);

    /// Edits a record and appends what is left, or tells that nothing is.
    fn record(&mut self, job: &Job, record: &[u8], out: &mut Vec<u8>) -> bool;
}

/// Edits newline-delimited records.
pub fn lines(rival: &mut dyn Rival, job: &Job, body: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', body) {
        if rival.record(job, &body[start..end], out) {
            out.push(b'\n');
        }
        start = end + 1;
    }
}

/// Edits events whose data is one line.
pub fn events(rival: &mut dyn Rival, job: &Job, body: &[u8], out: &mut Vec<u8>) {
    const DATA: &[u8] = b"\ndata: ";
    let mut start = 0;
    for end in memchr::memmem::find_iter(body, b"\n\n") {
        let event = &body[start..end];
        let data = memchr::memmem::find(event, DATA).expect("data") + DATA.len();
        let before = out.len();
        out.extend_from_slice(&event[..data]);
        if rival.record(job, &event[data..], out) {
            out.extend_from_slice(b"\n\n");
        } else {
            out.truncate(before);
        }
        start = end + 2;
    }
}
