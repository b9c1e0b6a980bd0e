//! `simd-json` with its borrowed document and buffers that are used again. It parses in place, so the body, which a proxy
//! shares with its connection, is copied first.

use simd_json::prelude::*;
use simd_json::{BorrowedValue, Buffers};

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// `simd_json::BorrowedValue`.
#[derive(Default)]
pub struct Mutable {
    body: Vec<u8>,
    buffers: Buffers,
}

impl Rival for Mutable {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        self.body.clear();
        self.body.extend_from_slice(body);
        let mut document = parse(&mut self.body, &mut self.buffers);
        let records =
            document.get_mut(job.records).and_then(|records| records.as_array_mut()).expect("records");
        records.retain_mut(|record| edit(job, record));
        let kept = records.len();
        if let Some([object, member]) = job.total {
            document[object][member] = kept.into();
        }
        document.write(out).expect("printed");
    }

    fn record(&mut self, job: &Job, record: &[u8], out: &mut Vec<u8>) -> bool {
        self.body.clear();
        self.body.extend_from_slice(record);
        let mut record = parse(&mut self.body, &mut self.buffers);
        let kept = edit(job, &mut record);
        if kept {
            record.write(out).expect("printed");
        }
        kept
    }
}

fn parse<'body>(body: &'body mut [u8], buffers: &mut Buffers) -> BorrowedValue<'body> {
    simd_json::borrowed::to_value_with_buffers(body, buffers).expect("JSON")
}

fn edit(job: &Job, record: &mut BorrowedValue<'_>) -> bool {
    let key = job.key.iter().try_fold(&*record, |value, name| value.get(*name));
    if key.and_then(|key| key.as_str()) != Some(job.wanted) {
        return false;
    }
    let object = job.object.iter().try_fold(record, |value, name| value.get_mut(*name));
    if let Some(members) = object.and_then(|object| object.as_object_mut()) {
        members.retain(|name, _| job.fate(name) != Fate::Remove);
        if let Some(value) = members.get_mut(job.mask) {
            *value = MASK.into();
        }
    }
    true
}
