//! The `csv` crate: records of bytes that are used again, cells written anew.

use csv::{ByteRecord, ReaderBuilder, Terminator, WriterBuilder};

use crate::job::{Fate, Job, MASK};
use crate::rivals::Rival;

/// A row that is used again.
#[derive(Debug, Default)]
pub struct Cells {
    row: ByteRecord,
}

impl Rival for Cells {
    fn document(&mut self, job: &Job, body: &[u8], out: &mut Vec<u8>) {
        let mut reader = ReaderBuilder::new().from_reader(body);
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        let header = reader.headers().expect("a header").clone();
        let key = header.iter().position(|name| name == job.key[0]).expect("the key's column");
        let fates: Vec<Fate> = header.iter().map(|name| job.fate(name)).collect();
        let kept = header.iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Remove);
        writer.write_record(kept.map(|(name, _)| name)).expect("written");
        while reader.read_byte_record(&mut self.row).expect("CSV") {
            if self.row[key] != *job.wanted.as_bytes() {
                continue;
            }
            for (cell, fate) in self.row.iter().zip(&fates) {
                match fate {
                    Fate::Keep => writer.write_field(cell).expect("written"),
                    Fate::Mask => writer.write_field(MASK).expect("written"),
                    Fate::Remove => {}
                }
            }
            writer.write_record(None::<&[u8]>).expect("written");
        }
        writer.flush().expect("written");
    }

    fn record(&mut self, _: &Job, _: &[u8], _: &mut Vec<u8>) -> bool {
        unreachable!("a body of rows is one document")
    }
}
