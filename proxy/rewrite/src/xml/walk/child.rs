//! Elements outside records, from their start tag to their end.

use crate::error::{EditError, EditErrorKind, Limit};
use crate::judge::Judge;
use crate::mask;
use crate::outlet::Emitted;
use crate::plan::automaton::{Fate, ROOT};
use crate::report::DifferenceKind;
use crate::xml::held::Held;
use crate::xml::lexer::Lexer;
use crate::xml::walk::{Chunk, Mode, Purpose, Walk};

impl Walk {
    /// An element begins in one that is walked.
    pub(super) fn start(
        &mut self,
        chunk: Chunk<'_>,
        (start, name_end, end): (usize, usize, usize),
        empty: bool,
        lexer: &Lexer,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.note_gap();
        let name = &chunk.text[start + 1..name_end];
        let begin = self.region.length(start);
        self.tape.clear();
        self.tape.start((begin, begin + (name_end - start), begin + (end - start)), empty, &lexer.attributes);
        let depth = if empty { lexer.depth() } else { lexer.depth() - 1 };
        let document = self.plan.outside.node(ROOT).object;
        if self.is_document() && document != Fate::Walk {
            // The plan speaks of the document as a whole.
            self.node = ROOT;
            self.go(chunk, end, document, depth)?;
        } else {
            self.enter(name);
            self.decide(chunk, (start, end), depth, judge)?;
        }
        if empty { self.end_empty(chunk, end, judge) } else { Ok(()) }
    }

    /// Goes to an element by its name.
    fn enter(&mut self, name: &str) {
        let innermost = self.frames.len() - 1;
        self.node = self.plan.outside.member(self.frames[innermost].node, name);
        self.place.push_markup(name);
        if self.options.trace {
            let counts = &mut self.frames[innermost].counts;
            let count = counts.entry(name.into()).or_default();
            self.index = *count;
            *count += 1;
            if self.index > 0 {
                self.place.push_repeated(self.index);
            }
        }
    }

    /// Decides at a start tag what becomes of an element, if that can be told.
    fn decide(
        &mut self,
        chunk: Chunk<'_>,
        (start, end): (usize, usize),
        depth: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let node = self.plan.outside.node(self.node);
        let fate = node.object;
        let same = node.scalar == fate && node.number == fate;
        let members = self.tape.has_attributes();
        if !matches!(fate, Fate::Record(_)) {
            self.flush(judge)?;
        }
        match fate {
            Fate::Record(set) => {
                self.expect_one(chunk, start, set, judge)?;
                if self.ignoring {
                    return Ok(());
                }
                self.capture(chunk, start, (self.options.limits.record, Limit::Record));
                self.mode = Mode::Capture { depth, purpose: Purpose::Record(set) };
            }
            Fate::Keep if same || members => {
                let lead = self.region.take(chunk.bytes, start);
                let kept = self.outlet.keep(&lead.bytes, lead.start, lead.end, &mut self.report);
                kept.map_err(chunk.fails(start))?;
                self.frame().emitted = Emitted::Something;
                self.mode = Mode::Copy { depth, from: start };
            }
            Fate::Mask(number) if same || members => {
                let plan = std::sync::Arc::clone(&self.plan);
                let mask = plan.outside.mask(number);
                if mask::needs_value(mask, members) {
                    self.capture(chunk, start, (self.options.limits.held, Limit::Held));
                    self.mode = Mode::Capture { depth, purpose: Purpose::Edit };
                } else {
                    self.write_masked(chunk, end, mask)?;
                    self.mode = Mode::Mask { depth };
                }
            }
            Fate::Remove | Fate::Unlisted if same || members => self.go(chunk, end, fate, depth)?,
            _ => self.mode = Mode::Opening { depth },
        }
        Ok(())
    }

    /// Takes an element away. The root stays, with nothing in it.
    pub(super) fn go(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        fate: Fate,
        depth: usize,
    ) -> Result<(), EditError> {
        if fate == Fate::Remove {
            self.report.removed.add(self.place.pattern());
            self.note(DifferenceKind::Removed);
        } else {
            self.report.unlisted.add(self.place.pattern());
            self.note(DifferenceKind::Unlisted);
        }
        self.mode = Mode::Skip { depth };
        if self.is_document() {
            self.write_emptied(chunk, at)?;
        }
        Ok(())
    }

    /// A set of which there can be one record only has another: what came of the first may have gone out by now.
    fn expect_one(
        &mut self,
        chunk: Chunk<'_>,
        start: usize,
        set: u32,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if !self.plan.sets.iter().any(|other| other.sole && other.top == set) {
            return Ok(());
        }
        if !std::mem::replace(&mut self.met[set as usize], true) {
            return Ok(());
        }
        self.flush(judge)?;
        if self.ignoring {
            return Ok(());
        }
        let kind = EditErrorKind::Malformed("a second record where there can be only one");
        Err(chunk.fails(start)(kind))
    }

    fn capture(&mut self, chunk: Chunk<'_>, start: usize, limit: (usize, Limit)) {
        let child = self.region.length(start);
        self.capture.begin(&mut self.region, child, chunk.offset, limit);
    }

    pub(super) fn end_capture(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        purpose: Purpose,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let captured = self.capture.end(chunk.bytes, at);
        let offset = self.capture.offset;
        let set = match purpose {
            Purpose::Record(set) => set,
            Purpose::Edit => return self.edit(&captured, offset, judge),
        };
        let tokens = self.held_tokens.len();
        self.held_tokens.extend_from_slice(&self.tape.tokens);
        let held = Held {
            set,
            bytes: captured.bytes,
            base: captured.start,
            end: captured.end - captured.start,
            tokens: tokens..self.held_tokens.len(),
            index: self.index,
            offset,
        };
        self.held_bytes += held.end;
        self.held.push(held);
        let limits = &self.options.limits;
        if self.held.len() >= limits.batch_records || self.held_bytes >= limits.batch_bytes {
            self.flush(judge)?;
        }
        Ok(())
    }

    /// The innermost element that is walked ends by a tag between two positions.
    pub(super) fn close(
        &mut self,
        chunk: Chunk<'_>,
        (start, end): (usize, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.flush(judge)?;
        self.note_gap();
        let blank = self.region.take(chunk.bytes, start);
        if self.is_document() {
            return Ok(());
        }
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let range = (blank.start, blank.end);
        let trailed = self.outlet.trail(&frame.emitted, &blank.bytes, range, &mut self.report);
        trailed.map_err(chunk.fails(end))?;
        self.keep(chunk, start, end)?;
        self.end_child(chunk, end, judge)
    }

    /// An element whose start tag was its end tag has ended with it.
    fn end_empty(&mut self, chunk: Chunk<'_>, end: usize, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.ignoring {
            return Ok(());
        }
        match self.mode {
            Mode::Walk => return Ok(()),
            Mode::Opening { .. } => return self.end_leaf(chunk, end, judge),
            Mode::Copy { from, .. } => self.keep(chunk, from, end)?,
            Mode::Skip { .. } => {}
            Mode::Mask { .. } => {
                let close = ["</", self.tape_name(chunk, end), ">"].concat();
                let made = self.outlet.make(close.as_bytes(), &mut self.report);
                made.map_err(chunk.fails(end))?;
            }
            Mode::Capture { purpose, .. } => {
                self.capture.check(end)?;
                self.end_capture(chunk, end, purpose, judge)?;
            }
        }
        self.end_child(chunk, end, judge)
    }

    /// An element has ended at `at`.
    pub(super) fn end_child(
        &mut self,
        chunk: Chunk<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if self.is_document() {
            self.flush(judge)?;
            if !self.ignoring {
                self.resolve(chunk, at)?;
            }
        }
        let place = self.frame().place;
        self.place.back(place);
        self.region.begin(at);
        self.mode = Mode::Walk;
        Ok(())
    }

    /// The root has ended: no further record can come. Before that one always can, since elements may repeat.
    fn resolve(&mut self, chunk: Chunk<'_>, at: usize) -> Result<(), EditError> {
        for set in 0..self.plan.sets.len() {
            let count = self.report.sets[set].kept;
            let resolved = self.outlet.resolve(crate::number(set), count, &mut self.report);
            resolved.map_err(chunk.fails(at))?;
        }
        Ok(())
    }
}
