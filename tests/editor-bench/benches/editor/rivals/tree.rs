//! `serde_json`: parse to a `Value`, filter, print. The usual way.

use serde_json::Value;

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// `serde_json::Value`.
#[derive(Debug)]
pub struct Tree;

impl Rival for Tree {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        let mut document: Value = serde_json::from_slice(body).expect("JSON");
        let records = document.get_mut(job.records).and_then(Value::as_array_mut).expect("records");
        records.retain_mut(|record| edit(job, record));
        let kept = records.len();
        if let Some([object, member]) = job.total {
            document[object][member] = kept.into();
        }
        serde_json::to_writer(out, &document).expect("printed");
    }

    fn record(&mut self, job: &Job, record: &[u8], out: &mut Vec<u8>) -> bool {
        let mut record: Value = serde_json::from_slice(record).expect("JSON");
        let kept = edit(job, &mut record);
        if kept {
            serde_json::to_writer(out, &record).expect("printed");
        }
        kept
    }
}

fn edit(job: &Job, record: &mut Value) -> bool {
    let key = job.key.iter().try_fold(&*record, |value, name| value.get(name));
    if key.and_then(Value::as_str) != Some(job.wanted) {
        return false;
    }
    let object = job.object.iter().try_fold(record, |value, name| value.get_mut(name));
    if let Some(members) = object.and_then(Value::as_object_mut) {
        members.retain(|name, _| job.fate(name) != Fate::Remove);
        if let Some(value) = members.get_mut(job.mask) {
            *value = MASK.into();
        }
    }
    true
}
