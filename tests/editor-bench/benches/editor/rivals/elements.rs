//! `quick-xml`: events read from the body, and what is kept of them copied as it stands.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// The element of a record.
const RECORD: &str = "call";

/// `quick_xml::Reader`.
#[derive(Debug)]
pub struct Elements;

impl Rival for Elements {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        let text = std::str::from_utf8(body).expect("UTF-8");
        let mut reader = Reader::from_str(text);
        // Up to here the body is written.
        let mut written = 0;
        let mut before = 0;
        let mut wanted = false;
        let mut in_object = false;
        loop {
            let start = position(&reader);
            match reader.read_event().expect("XML") {
                Event::Start(element) if element.name().as_ref() == RECORD => {
                    out.extend_from_slice(&body[written..start]);
                    written = start;
                    before = out.len();
                    wanted = false;
                }
                Event::Start(element) if element.name().as_ref() == job.key[0] => {
                    let value = reader.read_text(element.name()).expect("text");
                    wanted = value.as_ref() == job.wanted;
                }
                Event::Start(element) if in_object => {
                    let name = element.name();
                    let fate = job.fate(name.as_ref());
                    let inner = reader.read_to_end(name).expect("an end");
                    let (begins, ends) = (place(inner.start), place(inner.end));
                    match fate {
                        Fate::Keep => {}
                        Fate::Mask => {
                            out.extend_from_slice(&body[written..begins]);
                            out.extend_from_slice(MASK.as_bytes());
                            written = ends;
                        }
                        Fate::Remove => {
                            out.extend_from_slice(&body[written..start]);
                            written = position(&reader);
                        }
                    }
                }
                Event::Start(element) if element.name().as_ref() == job.object[1] => in_object = true,
                Event::End(element) if element.name().as_ref() == job.object[1] => in_object = false,
                Event::End(element) if element.name().as_ref() == RECORD => {
                    if wanted {
                        out.extend_from_slice(&body[written..position(&reader)]);
                    } else {
                        out.truncate(before);
                    }
                    written = position(&reader);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        out.extend_from_slice(&body[written..]);
    }

    fn record(&mut self, _: &Job, _: &[u8], _: &mut Vec<u8>) -> bool {
        unreachable!("a body of elements is one document")
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    place(reader.buffer_position())
}

fn place(position: u64) -> usize {
    usize::try_from(position).expect("a body in memory")
}
