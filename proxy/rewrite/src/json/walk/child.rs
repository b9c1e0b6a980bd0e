//! What is done with the children of a container outside records, once their fate is known.

use std::sync::Arc;

use crate::error::{EditError, Limit};
use crate::json::held::Held;
use crate::json::lexer::Event;
use crate::json::walk::{Beginning, Chunk, Frame, FrameKind, Mode, Purpose, ValueKind, Walk};
use crate::json::write::write_mask;
use crate::judge::Judge;
use crate::mask;
use crate::outlet::{Before, Emitted};
use crate::report::DifferenceKind;
use crate::spec::Mask;

impl Walk {
    pub(super) fn open(&mut self, chunk: Chunk<'_>, value: Beginning) -> Result<(), EditError> {
        self.lead(chunk, value.start)?;
        self.keep(chunk, value.start, value.start + 1)?;
        let object = value.kind == ValueKind::Object;
        if object {
            self.names.open();
        }
        self.frames.push(Frame {
            kind: if object { FrameKind::Object } else { FrameKind::Array },
            emitted: Emitted::Nothing,
            opening: Vec::new(),
            place: self.place.mark(),
            node: self.node,
            index: 0,
        });
        self.region.begin(value.start + 1, true);
        Ok(())
    }

    pub(super) fn close(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.flush(judge)?;
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.kind == FrameKind::Object {
            self.names.close();
        }
        let (source, start, end) = self.region.take(chunk.bytes, at - 1);
        let trailed = self.outlet.trail(&frame.emitted, &source, (start, end), &mut self.report);
        trailed.map_err(|kind| EditError { offset: chunk.offset + at as u64, kind })?;
        self.keep(chunk, at - 1, at)?;
        self.node = frame.node;
        self.end_value(chunk, at, judge)
    }

    pub(super) fn mask(
        &mut self,
        chunk: Chunk<'_>,
        value: Beginning,
        mask: &Mask,
        number: u32,
    ) -> Result<(), EditError> {
        self.report.masked.add(self.place.pattern());
        self.note(DifferenceKind::Masked);
        self.lead(chunk, value.start)?;
        if mask::needs_value(mask, !matches!(value.kind, ValueKind::Scalar(_))) {
            self.region.begin(value.start, true);
            let limit = (self.options.limits.held, Limit::Held);
            self.begin_capture(chunk, value, Purpose::Mask(number), limit);
            return Ok(());
        }
        let mut text = String::new();
        write_mask(mask, None, &self.options.hash_key, &mut text);
        self.mode = Mode::Skip { depth: value.depth };
        self.make(chunk, value.start, text.as_bytes())
    }

    /// A total: known if no further record of its set can come.
    pub(super) fn recount(&mut self, chunk: Chunk<'_>, value: Beginning, set: u32) -> Result<(), EditError> {
        self.note(DifferenceKind::Recounted);
        self.mode = Mode::Skip { depth: value.depth };
        if self.finished[set as usize] {
            self.lead(chunk, value.start)?;
            let count = self.report.sets[set as usize].kept;
            return self.make(chunk, value.start, count.to_string().as_bytes());
        }
        self.save_opening(chunk);
        let (source, start, end) = self.region.take(chunk.bytes, value.start);
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let before = Before {
            source: &source,
            start,
            child: start + self.region.child,
            value: end,
            opening: (!self.region.first).then_some(&*frame.opening),
        };
        let place = (set, &self.place);
        self.outlet
            .total(&mut frame.emitted, &before, place, &mut self.report)
            .map_err(|kind| EditError { offset: chunk.offset + value.start as u64, kind })
    }

    /// A value that goes. A body must be something, so that a root that goes leaves `null`.
    pub(super) fn remove(&mut self, chunk: Chunk<'_>, value: Beginning) -> Result<(), EditError> {
        self.mode = Mode::Skip { depth: value.depth };
        if self.frame().kind == FrameKind::Document {
            self.lead(chunk, value.start)?;
            return self.make(chunk, value.start, b"null");
        }
        self.save_opening(chunk);
        Ok(())
    }

    /// Remembers the white space behind the opening bracket for the first child that is kept.
    pub(super) fn save_opening(&mut self, chunk: Chunk<'_>) {
        if self.region.first {
            let opening = self.region.prefix(chunk.bytes, self.region.child);
            self.frame().opening = opening;
        }
    }

    pub(super) fn begin_capture(
        &mut self,
        chunk: Chunk<'_>,
        value: Beginning,
        purpose: Purpose,
        limit: (usize, Limit),
    ) {
        let before = std::mem::take(&mut self.region.stash);
        self.capture.begin(before, (self.region.mark, value.start), chunk.offset, limit);
        let event = match value.kind {
            ValueKind::Object => Event::Open { object: true },
            ValueKind::Array => Event::Open { object: false },
            ValueKind::Scalar(kind) => Event::ScalarStart(kind),
        };
        // One byte is never beyond a limit that lets any value through; a limit of nothing is found at its end.
        let _ = self.capture.event(event, value.start + 1);
        self.mode = Mode::Capture { depth: value.depth, purpose };
    }

    pub(super) fn end_capture(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        purpose: Purpose,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let captured = self.capture.end(chunk.bytes, at);
        let tokens = self.held_tokens.len();
        self.held_tokens.extend_from_slice(&self.capture.tape.tokens);
        let frame = self.frame();
        let index = frame.index.saturating_sub(1);
        let name_end = if frame.kind == FrameKind::Object { self.region.name_end } else { 0 };
        let held = Held {
            set: match purpose {
                Purpose::Record(set) => set,
                Purpose::Mask(_) => 0,
            },
            bytes: captured.bytes,
            base: captured.base,
            child: self.region.child,
            value: self.capture.value,
            end: captured.end,
            first: self.region.first,
            tokens: tokens..self.held_tokens.len(),
            index,
            name_end,
            offset: self.capture.offset,
        };
        if let Purpose::Mask(number) = purpose {
            let made = self.mask_held(&held, number, judge);
            self.held_tokens.truncate(tokens);
            return made;
        }
        self.held_bytes += held.end - held.value;
        self.held.push(held);
        let limits = &self.options.limits;
        if self.held.len() >= limits.batch_records || self.held_bytes >= limits.batch_bytes {
            self.flush(judge)?;
        }
        Ok(())
    }

    /// A child has ended at `at`.
    pub(super) fn end_value(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let plan = Arc::clone(&self.plan);
        let finishes = &plan.outside.node(self.node).finishes;
        let document = self.frame().kind == FrameKind::Document;
        if document || !finishes.is_empty() {
            self.flush(judge)?;
            for (set, compiled) in plan.sets.iter().enumerate() {
                if (document || finishes.contains(&compiled.top)) && !self.finished[set] {
                    self.finished[set] = true;
                    let count = self.report.sets[set].kept;
                    let set = crate::number(set);
                    let resolved = self.outlet.resolve(set, count, &mut self.report);
                    resolved.map_err(|kind| EditError { offset: chunk.offset + at as u64, kind })?;
                }
            }
        }
        let place = self.frame().place;
        self.place.back(place);
        self.region.begin(at, false);
        self.mode = if document { Mode::Behind { from: at } } else { Mode::Walk };
        Ok(())
    }

    /// Writes the region before a child that is kept.
    pub(super) fn lead(&mut self, chunk: Chunk<'_>, value: usize) -> Result<(), EditError> {
        let (source, start, end) = self.region.take(chunk.bytes, value);
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let before = Before {
            source: &source,
            start,
            child: start + self.region.child,
            value: end,
            opening: (!self.region.first).then_some(&*frame.opening),
        };
        self.outlet
            .lead(&mut frame.emitted, &before, &mut self.report)
            .map_err(|kind| EditError { offset: chunk.offset + value as u64, kind })
    }

    pub(super) fn keep(&mut self, chunk: Chunk<'_>, start: usize, end: usize) -> Result<(), EditError> {
        self.outlet
            .keep(chunk.bytes, start, end, &mut self.report)
            .map_err(|kind| EditError { offset: chunk.offset + end as u64, kind })
    }

    pub(super) fn make(&mut self, chunk: Chunk<'_>, at: usize, text: &[u8]) -> Result<(), EditError> {
        self.outlet
            .make(text, &mut self.report)
            .map_err(|kind| EditError { offset: chunk.offset + at as u64, kind })
    }

    pub(super) fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.concrete() {
            self.report.difference(path, kind);
        }
    }

    /// Brings the place of records to that of their container.
    pub(crate) fn enter_records(&mut self) {
        let Some(frame) = self.frames.last() else { return };
        self.record_place.copy(&self.place, frame.place);
    }
}
