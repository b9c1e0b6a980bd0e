//! Lets the records that are held go on: judged, edited, and out.

use bytes::Bytes;

use std::cell::RefCell;

use crate::batch::Batch;
use crate::error::{EditError, EditErrorKind};
use crate::json::escape::unescape;
use crate::json::held::{Buffer, Held, Window};
use crate::json::keys::KeyMemo;
use crate::json::packed::{PackedTree, Packs};
use crate::json::record::{RecordEdit, Remains, Segment};
use crate::json::trail::Trails;
use crate::json::view::{View, inner, text};
use crate::json::walk::{Frame, FrameKind, Walk};
use crate::json::write::{write_mask, write_own};
use crate::judge::{Judge, OwnedScalar, Value};
use crate::judging::{Docket, Judging, Pending, Standing};
use crate::names::SeenNames;
use crate::outlet::{Before, allowance};
use crate::place::Place;
use crate::plan::Plan;
use crate::report::{DifferenceKind, SetCount};
use crate::scan::push_found;

/// What a walk has learned and made, of use to the next body of the same plan.
#[derive(Debug)]
pub(crate) struct Learned {
    pub(crate) trails: Trails,
    pub(crate) judging: Judging<KeyMemo>,
    pub(crate) remains: Remains,
    pub(crate) room: Room,
}

/// What a walk works in, empty between two bodies.
#[derive(Debug, Default)]
pub(crate) struct Room {
    pub(crate) held: Vec<Held>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) names: SeenNames,
    pub(crate) record_names: SeenNames,
    pub(crate) counted_before: Vec<SetCount>,
    pub(crate) finished: Vec<bool>,
}

/// Records held, and frames, for which a walk keeps room from one body to the next.
const HELD: usize = 256;

impl Room {
    fn empty(&mut self) {
        self.held.clear();
        self.held.shrink_to(HELD);
        self.frames.clear();
        self.frames.shrink_to(HELD);
        self.counted_before.clear();
        self.finished.clear();
        self.names.trim();
        self.record_names.trim();
    }
}

impl Learned {
    pub(crate) fn new(plan: &Plan) -> Learned {
        let trails = Trails::new(&plan.outside);
        Learned { trails, judging: Judging::new(plan.sets.len()), ..Learned::empty() }
    }

    /// Whether it is small enough to be kept, now that buffers that became large are given up.
    pub(crate) fn settle(&mut self) -> bool {
        self.judging.trim();
        self.remains.trim();
        self.room.empty();
        self.trails.is_small()
    }

    /// What stands in the place of what was given away.
    pub(crate) fn empty() -> Learned {
        Learned {
            trails: Trails::default(),
            judging: Judging::new(0),
            remains: Remains::default(),
            room: Room::default(),
        }
    }
}

/// Records that are judged together.
#[derive(Clone, Copy)]
struct HeldBatch<'a> {
    plan: &'a Plan,
    held: &'a [Held],
    pending: &'a [Pending<View<'a>>],
    /// What strings on the way to their keys hold, if there are such strings.
    packs: Option<&'a RefCell<Packs>>,
}

impl HeldBatch<'_> {
    /// One of its records.
    fn one(self, place: usize) -> Self {
        HeldBatch { held: &self.held[place..=place], pending: &self.pending[place..=place], ..self }
    }
}

impl Walk {
    /// Judges what is held and writes what is left of it.
    pub(crate) fn flush(
        &mut self,
        plan: &Plan,
        window: Window<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let mut buffers = std::mem::take(&mut self.buffers);
        self.held_bytes = 0;
        let pending: Vec<_> = held
            .iter()
            .map(|held| {
                let (_, tree, offset) = buffer_of(held, window, &buffers);
                Pending { set: held.set, tree, root: held.root, offset }
            })
            .collect();
        let packs = plan.has_packed_keys().then(|| Packs::new(&self.options.limits));
        let batch = HeldBatch { plan, held: &held, pending: &pending, packs: packs.as_ref() };
        let source_of = |held: &Held| buffer_of(held, window, &buffers).0;
        self.let_all_go(batch, source_of, judge)?;
        drop(pending);
        held.clear();
        self.held = held;
        buffers.clear();
        self.buffers = buffers;
        Ok(())
    }

    /// Lets the records of a batch go on. If they cannot be judged together they are taken one by one, so that the
    /// first error of the body is told, and what stands before it comes out, however they were batched.
    fn let_all_go<'b>(
        &mut self,
        batch: HeldBatch<'b>,
        source_of: impl Fn(&Held) -> &'b Bytes,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        self.counted_before.clone_from(&self.report.sets);
        let judged = self.judge_batch(batch, judge);
        let Err(error) = judged else {
            return self.write_batch(batch, source_of, judge);
        };
        self.report.sets.clone_from(&self.counted_before);
        self.record_names.clear();
        // A judge that has no answer is not asked again.
        if batch.held.len() > 1 && !matches!(error.kind, EditErrorKind::Judge(_)) {
            for place in 0..batch.held.len() {
                let one = batch.one(place);
                self.judge_batch(one, judge)?;
                self.write_batch(one, &source_of, judge)?;
                if self.ignoring {
                    return Ok(());
                }
            }
        }
        Err(error)
    }

    fn judge_batch(&mut self, batch: HeldBatch<'_>, judge: &mut dyn Judge) -> Result<(), EditError> {
        let HeldBatch { plan, pending, packs, .. } = batch;
        let batch_records = self.options.limits.batch_records;
        let judging = &mut self.learned.judging;
        let Some(packs) = packs else {
            let docket = Docket { plan, pending, batch_records };
            return judging.judge(&docket, &mut self.record_names, judge, &mut self.report);
        };
        let pending: Vec<_> = pending
            .iter()
            .map(|&Pending { set, tree: view, root, offset }| {
                let tree = PackedTree { view, packs };
                Pending { set, tree, root, offset }
            })
            .collect();
        let docket = Docket { plan, pending: &pending, batch_records };
        judging.judge(&docket, &mut self.record_names, judge, &mut self.report)
    }

    /// Writes what is left of records that have been judged.
    fn write_batch<'b>(
        &mut self,
        batch: HeldBatch<'_>,
        source_of: impl Fn(&Held) -> &'b Bytes,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let HeldBatch { plan, held, pending, .. } = batch;
        let first = |kind| EditError { offset: pending[0].offset + held[0].start as u64, kind };
        if self.is_missing(plan) {
            // What was held for it counts against the limit, whether or not it was written out by now.
            self.outlet.end_run(&mut self.report).map_err(first)?;
            self.go_missing();
            return Ok(());
        }
        if !self.lacks_sole(plan) {
            self.outlet.open_gate(&mut self.report).map_err(first)?;
        }
        for (place, (held, pending)) in held.iter().zip(pending).enumerate() {
            let failed = |(kind, position): (EditErrorKind, u32)| EditError {
                offset: pending.offset + u64::from(position),
                kind,
            };
            let stays = self.let_go(batch, place, judge).map_err(failed)?;
            let view = pending.tree;
            if stays {
                let read = pending.offset + view.end(held.root) as u64;
                let spent = self.outlet.spend(self.learned.remains.made.len(), read);
                spent.map_err(|kind| failed((kind, held.root_start(view))))?;
            }
            self.write(held, (source_of(held), view), stays)
                .map_err(|kind| failed((kind, crate::number(held.start))))?;
        }
        Ok(())
    }

    /// The sole record was dropped or did not come: nothing may come out.
    pub(crate) fn go_missing(&mut self) {
        self.report.missing = true;
        self.ignoring = true;
        self.outlet.close();
    }

    /// Whether a sole record is not there, now that everything has been read.
    pub(crate) fn lacks_sole(&self, plan: &Plan) -> bool {
        sole_sets(plan).any(|set| self.report.sets[set].kept == 0)
    }

    fn is_missing(&self, plan: &Plan) -> bool {
        sole_sets(plan).any(|set| self.report.sets[set].dropped > 0)
    }

    /// Edits a held record. False: nothing is left of it.
    fn let_go(
        &mut self,
        HeldBatch { plan, held, pending, packs }: HeldBatch<'_>,
        place: usize,
        judge: &mut dyn Judge,
    ) -> Result<bool, (EditErrorKind, u32)> {
        let (held, view) = (&held[place], pending[place].tree);
        self.enter_record(held, view);
        let depth = self.frames.len() - 1;
        let learned = &mut *self.learned;
        let judged = learned.judging.judged(plan);
        let display = |record| match packs {
            Some(packs) => judged.display_keys(record, PackedTree { view, packs }),
            None => judged.display_keys(record, view),
        };
        if judged.records[place].standing == Standing::Dropped {
            if let Some(path) = self.record_place.as_ref().and_then(Place::concrete) {
                let values = display(place);
                self.report.difference(path, DifferenceKind::Dropped { set: held.set, values });
            }
            return Ok(false);
        }
        learned.remains.clear();
        let mut edit = RecordEdit {
            view,
            judged: &judged,
            hash_key: &self.options.hash_key,
            trails: &mut learned.trails,
            remains: &mut learned.remains,
            report: &mut self.report,
            seen: &mut self.record_names,
            place: self.record_place.as_mut(),
            names: 0,
            limit: self.options.limits.members,
            room: allowance(self.options.limits.expansion as u64, view.raw(held.root).len() as u64),
            depth,
            unpacker: &mut self.unpacker,
            judge,
        };
        let stays = edit.edit(place, held.trail, &display)?;
        if stays {
            let asked = ask_for_masks(&mut learned.remains, view, judge);
            asked.map_err(|kind| (kind, crate::number(held.start)))?;
        }
        Ok(stays)
    }

    /// Brings the place of records to that of a held one, if differences are traced.
    fn enter_record(&mut self, held: &Held, view: View<'_>) {
        let (Some(place), Some(around), Some(frame)) =
            (&mut self.record_place, &self.place, self.frames.last())
        else {
            return;
        };
        place.copy(around, frame.place);
        match frame.kind {
            FrameKind::Object => {
                let mut name = String::new();
                unescape(text(inner(&view.bytes[held.child..held.name_end])), &mut name);
                place.push_name(&name);
            }
            FrameKind::Array | FrameKind::Lines => place.push_index(held.index),
            FrameKind::Document => {}
        }
    }

    pub(crate) fn write(
        &mut self,
        held: &Held,
        (source, view): (&Bytes, View<'_>),
        stays: bool,
    ) -> Result<(), EditErrorKind> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let report = &mut self.report;
        let root = frame.kind == FrameKind::Document;
        let line = frame.kind == FrameKind::Lines;
        if line {
            self.line.stays = stays;
        }
        if !stays && !root {
            if held.first {
                frame.opening = source[held.start..held.child].to_vec();
            }
            return Ok(());
        }
        let before = Before {
            source,
            start: held.start,
            child: held.child,
            value: view.position(held.root),
            opening: (!held.first).then_some(&*frame.opening),
        };
        self.outlet.lead(&mut frame.emitted, &before, report)?;
        if !stays {
            // A body must be something.
            return self.outlet.make(b"null", report);
        }
        for segment in &self.learned.remains.segments {
            match *segment {
                Segment::Kept(start, end) => {
                    self.outlet.keep(source, start as usize, end as usize, report)?;
                }
                Segment::Made(start, end) => {
                    self.outlet.make(&self.learned.remains.made.as_bytes()[start..end], report)?;
                }
                // All have been asked for.
                Segment::Own(_) => {}
            }
        }
        if line {
            return self.outlet.keep(source, view.end(held.root), held.behind, report);
        }
        Ok(())
    }

    /// Writes the mask of a value outside records; `offset` is that of its buffer, `source`.
    pub(crate) fn write_mask(
        &mut self,
        (plan, mask): (&Plan, u32),
        (view, at): (View<'_>, u32),
        (source, offset): (&Bytes, u64),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let failed = |kind| EditError { offset: offset + view.position(at) as u64, kind };
        let mut remains = Remains::default();
        let masker = plan.outside.mask(mask);
        if let Some(own) = masker.own() {
            remains.own.push((own, at));
            remains.segments.push(Segment::Own(0));
            ask_for_masks(&mut remains, view, judge).map_err(failed)?;
        } else if !write_mask(masker, Some((view, at)), &self.options.hash_key, &mut remains.made) {
            return self
                .outlet
                .keep(source, view.position(at), view.end(at), &mut self.report)
                .map_err(failed);
        }
        self.count_mask(masker);
        let read = offset + view.end(at) as u64;
        self.outlet
            .spend(remains.made.len(), read)
            .and_then(|()| self.outlet.make(remains.made.as_bytes(), &mut self.report))
            .map_err(failed)
    }
}

/// The buffer that a record lies in, and how many bytes of the body stand before it.
fn buffer_of<'b>(held: &Held, window: Window<'b>, buffers: &'b [Buffer]) -> (&'b Bytes, View<'b>, u64) {
    match held.buffer {
        0 => (window.bytes, window.view(), window.offset),
        place => {
            let buffer = &buffers[place - 1];
            (&buffer.bytes, buffer.view(), buffer.offset)
        }
    }
}

fn sole_sets(plan: &Plan) -> impl Iterator<Item = usize> {
    plan.sets.iter().enumerate().filter(|(_, set)| set.sole).map(|(index, _)| index)
}

/// Asks for the values that take the place of those which the policy masks itself, one call for each of its masks.
pub(crate) fn ask_for_masks(
    remains: &mut Remains,
    view: View<'_>,
    judge: &mut dyn Judge,
) -> Result<(), EditErrorKind> {
    if remains.own.is_empty() {
        return Ok(());
    }
    let mut made = vec![(0, 0); remains.own.len()];
    let mut masks: Vec<u32> = remains.own.iter().map(|(mask, _)| *mask).collect();
    masks.sort_unstable();
    masks.dedup();
    let mut scratch = String::new();
    for mask in masks {
        let asked: Vec<usize> =
            (0..remains.own.len()).filter(|&place| remains.own[place].0 == mask).collect();
        let mut batch = Batch::new(1);
        for &place in &asked {
            push_found(&mut batch, view, remains.own[place].1, &mut scratch);
            batch.end_record();
        }
        let values: Vec<Value<'_>> = (0..batch.len()).map(|place| batch.value(place, 0)).collect();
        let mut scalars: Vec<OwnedScalar> = Vec::with_capacity(values.len());
        judge.mask(mask, &values, &mut scalars).map_err(EditErrorKind::Judge)?;
        if scalars.len() != values.len() {
            return Err(EditErrorKind::Verdict("not as many masked values as values"));
        }
        for (&place, scalar) in asked.iter().zip(&scalars) {
            let start = remains.made.len();
            write_own(scalar, &mut remains.made)?;
            made[place] = (start, remains.made.len());
        }
    }
    for segment in &mut remains.segments {
        if let Segment::Own(place) = *segment {
            *segment = Segment::Made(made[place].0, made[place].1);
        }
    }
    Ok(())
}
