//! `sonic-rs` without a document: only what must be looked at is, and what is kept is copied as it stands.

use std::borrow::Cow;

use sonic_rs::{JsonValueTrait, LazyValue};

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// `sonic_rs::LazyValue`, which was checked to be JSON when it was made.
#[derive(Debug)]
pub struct Lazy;

impl Rival for Lazy {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        let mut kept = 0;
        out.push(b'{');
        for (place, member) in sonic_rs::to_object_iter(body).enumerate() {
            let (name, value) = member.expect("JSON");
            write_name(&name, place, out);
            if name == job.records {
                out.push(b'[');
                for record in value.into_array_iter().expect("records") {
                    let before = out.len();
                    if kept > 0 {
                        out.push(b',');
                    }
                    if edit(job, &record.expect("JSON"), out) {
                        kept += 1;
                    } else {
                        out.truncate(before);
                    }
                }
                out.push(b']');
            } else if let Some([_, total]) = job.total.filter(|[object, _]| name == *object) {
                out.push(b'{');
                for (place, member) in value.into_object_iter().expect("an object").enumerate() {
                    let (name, value) = member.expect("JSON");
                    write_name(&name, place, out);
                    if name == total {
                        out.extend_from_slice(kept.to_string().as_bytes());
                    } else {
                        out.extend_from_slice(value.as_raw_str().as_bytes());
                    }
                }
                out.push(b'}');
            } else {
                out.extend_from_slice(value.as_raw_str().as_bytes());
            }
        }
        out.push(b'}');
    }

    fn record(&mut self, job: &Job, record: &[u8], out: &mut Vec<u8>) -> bool {
        edit(job, &sonic_rs::from_slice::<LazyValue<'_>>(record).expect("JSON"), out)
    }
}

fn edit(job: &Job, record: &LazyValue<'_>, out: &mut Vec<u8>) -> bool {
    if record.pointer(job.key).as_str() != Some(job.wanted) {
        return false;
    }
    // What stands before and behind the object is copied as it is.
    let whole = record.as_raw_str().as_bytes();
    let (start, object) = if job.object.is_empty() {
        (0, record.clone())
    } else {
        let object = record.pointer(job.object).expect("the object to edit");
        let start = object.as_raw_str().as_ptr().addr() - whole.as_ptr().addr();
        (start, object)
    };
    let end = start + object.as_raw_str().len();
    out.extend_from_slice(&whole[..start]);
    out.push(b'{');
    let mut place = 0;
    for member in object.into_object_iter().expect("an object") {
        let (name, value) = member.expect("JSON");
        let value = match job.fate(&name) {
            Fate::Keep => value.as_raw_cow(),
            Fate::Mask => Cow::Owned(format!("\"{MASK}\"")),
            Fate::Remove => continue,
        };
        write_name(&name, place, out);
        out.extend_from_slice(value.as_bytes());
        place += 1;
    }
    out.push(b'}');
    out.extend_from_slice(&whole[end..]);
    true
}

fn write_name(name: &str, place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
    sonic_rs::to_writer(&mut *out, name).expect("printed");
    out.push(b':');
}
