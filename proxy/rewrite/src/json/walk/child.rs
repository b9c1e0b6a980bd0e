//! What is done with the children of a container outside records, once their fate is known.

use crate::error::EditError;
use crate::json::held::Window;
use crate::json::trail::{Counted, Trails};
use crate::json::walk::{Beginning, Frame, FrameKind, Mode, Purpose, Walk};
use crate::json::write::write_mask;
use crate::judge::Judge;
use crate::mask::{self, Masker};
use crate::number;
use crate::outlet::{Before, Emitted};
use crate::place::{Mark, Spot};
use crate::plan::Plan;
use crate::plan::automaton::Fate;
use crate::report::DifferenceKind;
use crate::tree::Kind;

impl Walk {
    /// Goes into a container.
    pub(super) fn open(&mut self, window: Window<'_>, value: Beginning) -> Result<(), EditError> {
        self.lead(window, value.start)?;
        self.keep(window, value.start, value.start + 1)?;
        let object = value.kind == Kind::Object;
        if object {
            self.names.open();
        }
        self.frames.push(Frame {
            kind: if object { FrameKind::Object } else { FrameKind::Array },
            emitted: Emitted::Nothing,
            opening: Vec::new(),
            trail: self.trail,
            place: self.mark(),
            passed: self.learned.trails.mark(),
            index: 0,
        });
        self.region.begin(value.start + 1, true);
        Ok(())
    }

    /// Leaves a container whose closing bracket ends at `at`.
    pub(super) fn close(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.flush(plan, window, judge)?;
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.kind == FrameKind::Object {
            self.names.close();
        }
        self.learned.trails.back(frame.passed);
        let (source, start, end) = self.region.take(window.bytes, at - 1);
        self.outlet
            .trail(&frame.emitted, &source, (start, end), &mut self.report)
            .map_err(Walk::failed(window, at))?;
        self.keep(window, at - 1, at)?;
        self.trail = frame.trail;
        self.end_value(plan, window, at, judge)
    }

    /// A value that passes whole.
    pub(super) fn pass(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        value: Beginning,
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        if let Some((end, next)) = value.end {
            self.keep(window, value.start, end)?;
            self.end_value(plan, window, end, judge)?;
            return Ok(Some(next));
        }
        self.region.begin(value.start, true);
        self.mode = Mode::Copy(self.extent(value.kind));
        self.run_out(window)?;
        Ok(None)
    }

    /// A value of which nothing is left, or whose place has been taken.
    pub(super) fn skip(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        value: Beginning,
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        if let Some((end, next)) = value.end {
            self.end_value(plan, window, end, judge)?;
            return Ok(Some(next));
        }
        self.mode = Mode::Skip(self.extent(value.kind));
        self.run_out(window)?;
        Ok(None)
    }

    pub(super) fn mask(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        (value, mask): (Beginning, u32),
        judge: &mut dyn Judge,
    ) -> Result<Option<usize>, EditError> {
        self.lead(window, value.start)?;
        let masker = plan.outside.mask(mask);
        if mask::needs_value(masker, matches!(value.kind, Kind::Object | Kind::Array)) {
            self.region.begin(value.start, true);
            return self.hold(plan, window, (value, Purpose::Mask(mask)), judge);
        }
        self.count_mask(masker);
        let mut text = String::new();
        write_mask(masker, None, &self.options.hash_key, &mut text);
        self.make(window, value.start, text.as_bytes())?;
        self.skip(plan, window, value, judge)
    }

    /// Counts the value at hand as masked.
    pub(crate) fn count_mask(&mut self, masker: &Masker) {
        self.learned.trails.count(self.trail, Counted::Masked, &mut self.report);
        if self.place.is_some() {
            self.note(DifferenceKind::Masked { by: masker.spec().clone() });
        }
    }

    /// A total: known if no further record of its set can come.
    pub(super) fn recount(
        &mut self,
        window: Window<'_>,
        value: Beginning,
        set: u32,
    ) -> Result<(), EditError> {
        if self.is_line() {
            // A line that may come to be removed cannot wait.
            return self.remove(window, value, Fate::Remove);
        }
        self.note(DifferenceKind::Recounted);
        if self.finished[set as usize] {
            self.lead(window, value.start)?;
            let count = self.report.sets[set as usize].kept;
            return self.make(window, value.start, itoa::Buffer::new().format(count).as_bytes());
        }
        self.save_opening(window);
        let (source, start, end) = self.region.take(window.bytes, value.start);
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
        let concrete = self.place.as_ref().and_then(|place| place.concrete());
        let spot = Spot { pattern: self.learned.trails.pattern(self.trail), concrete };
        self.outlet
            .total(&mut frame.emitted, &before, (set, spot), &mut self.report)
            .map_err(Walk::failed(window, value.start))
    }

    /// A value that goes. A body must be something, so that a root that goes leaves `null`.
    pub(super) fn remove(
        &mut self,
        window: Window<'_>,
        value: Beginning,
        fate: Fate,
    ) -> Result<(), EditError> {
        let (counted, kind) = match fate {
            Fate::Remove => (Counted::Removed, DifferenceKind::Removed),
            _ => (Counted::Unlisted, DifferenceKind::Unlisted),
        };
        self.learned.trails.count(self.trail, counted, &mut self.report);
        self.note(kind);
        if self.frame().kind == FrameKind::Document {
            self.lead(window, value.start)?;
            return self.make(window, value.start, b"null");
        }
        self.save_opening(window);
        Ok(())
    }

    /// A child has ended at `at`.
    pub(super) fn end_value(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        at: usize,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.region.begin(at, false);
        self.mode = Mode::Child;
        let document = self.frame().kind == FrameKind::Document;
        let limits = &self.options.limits;
        let enough = self.held.len() >= limits.batch_records || self.held_bytes >= limits.batch_bytes;
        let finishes = document || self.learned.trails.get(self.trail).finishes;
        if enough || finishes || Trails::passes(self.trail) {
            self.flush(plan, window, judge)?;
        }
        if finishes {
            self.finish_sets(plan, document).map_err(Walk::failed(window, at))?;
        }
        let (mark, passed) = (self.frame().place, self.frame().passed);
        self.learned.trails.back(passed);
        if let Some(place) = &mut self.place {
            place.back(mark);
        }
        if document {
            self.mode = Mode::Behind;
        }
        if self.is_line() {
            return self.end_line(window, at);
        }
        Ok(())
    }

    /// Resolves the totals of the sets of which no further record can come: all of them at the end.
    pub(super) fn finish_sets(&mut self, plan: &Plan, all: bool) -> Result<(), crate::error::EditErrorKind> {
        let finishes = &plan.outside.node(self.learned.trails.get(self.trail).node).finishes;
        for (set, compiled) in plan.sets.iter().enumerate() {
            if (all || finishes.contains(&compiled.top)) && !self.finished[set] {
                self.finished[set] = true;
                let count = self.report.sets[set].kept;
                self.outlet.resolve(number(set), count, &mut self.report)?;
            }
        }
        Ok(())
    }

    /// Remembers the white space behind the opening bracket for the first child that is kept.
    fn save_opening(&mut self, window: Window<'_>) {
        if self.region.first {
            let opening = self.region.prefix(window.bytes, self.region.child);
            self.frame().opening = opening;
        }
    }

    /// Writes the region before a child that is kept.
    pub(super) fn lead(&mut self, window: Window<'_>, value: usize) -> Result<(), EditError> {
        let (source, start, end) = self.region.take(window.bytes, value);
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        self.line.stays = true;
        let before = Before {
            source: &source,
            start,
            child: start + self.region.child,
            value: end,
            opening: (!self.region.first).then_some(&*frame.opening),
        };
        self.outlet.lead(&mut frame.emitted, &before, &mut self.report).map_err(Walk::failed(window, value))
    }

    pub(super) fn keep(&mut self, window: Window<'_>, start: usize, end: usize) -> Result<(), EditError> {
        self.outlet.keep(window.bytes, start, end, &mut self.report).map_err(Walk::failed(window, end))
    }

    pub(super) fn make(&mut self, window: Window<'_>, at: usize, text: &[u8]) -> Result<(), EditError> {
        self.outlet
            .spend(text.len(), window.offset + at as u64)
            .and_then(|()| self.outlet.make(text, &mut self.report))
            .map_err(Walk::failed(window, at))
    }

    fn mark(&self) -> Mark {
        self.place.as_ref().map(|place| place.mark()).unwrap_or_default()
    }
}
