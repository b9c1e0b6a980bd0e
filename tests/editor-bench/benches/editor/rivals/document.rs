//! `sonic-rs` with its document: parse to a `Value`, filter, print.

use sonic_rs::{JsonValueMutTrait, JsonValueTrait, Value};

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// `sonic_rs::Value`.
#[derive(Debug)]
pub struct Document;

impl Rival for Document {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        let mut document: Value = sonic_rs::from_slice(body).expect("JSON");
        let records = document.get_mut(job.records).and_then(Value::as_array_mut).expect("records");
        records.retain_mut(|record| edit(job, record));
        let kept = records.len();
        if let Some([object, member]) = job.total {
            document[object][member] = kept.into();
        }
        sonic_rs::to_writer(out, &document).expect("printed");
    }

    fn record(&mut self, job: &Job, record: &[u8], out: &mut Vec<u8>) -> bool {
        let mut record: Value = sonic_rs::from_slice(record).expect("JSON");
        let kept = edit(job, &mut record);
        if kept {
            sonic_rs::to_writer(out, &record).expect("printed");
        }
        kept
    }
}

fn edit(job: &Job, record: &mut Value) -> bool {
    let key = job.key.iter().try_fold(&*record, |value, name| value.get(name));
    if key.and_then(JsonValueTrait::as_str) != Some(job.wanted) {
        return false;
    }
    let object = job.object.iter().try_fold(record, |value, name| value.get_mut(name));
    if let Some(members) = object.and_then(Value::as_object_mut) {
        members.retain(|name, _| job.fate(name) != Fate::Remove);
        if let Some(value) = members.get_mut(&job.mask) {
            *value = MASK.into();
        }
    }
    true
}
