//! Lets the records that are held go on: judged, edited, and out.

use std::sync::Arc;

use crate::batch::Batch;
use crate::error::{EditError, EditErrorKind};
use crate::json::held::Held;
use crate::json::record::{RecordEdit, Remains, Segment};
use crate::json::tape::{View, unescape};
use crate::json::walk::{FrameKind, Walk};
use crate::json::write::{write_mask, write_own};
use crate::judge::{Judge, OwnedScalar, Value};
use crate::judging::{Docket, Pending, Standing};
use crate::outlet::Before;
use crate::report::DifferenceKind;
use crate::scan::push_found;
use crate::spec::Mask;

impl Walk {
    /// Judges what is held and writes what is left of it.
    pub(crate) fn flush(&mut self, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let mut tokens = std::mem::take(&mut self.held_tokens);
        self.held_bytes = 0;
        let views = held.iter().map(|held| held.view(&tokens)).collect::<Result<Vec<_>, _>>()?;
        let plan = Arc::clone(&self.plan);
        let batch_records = self.options.limits.batch_records;
        let pending: Vec<_> = held
            .iter()
            .zip(&views)
            .map(|(held, &tree)| Pending { set: held.set, tree, root: 0, offset: held.offset })
            .collect();
        let docket = Docket { plan: &plan, pending: &pending, batch_records };
        self.judging.judge(&docket, &mut self.record_names, judge, &mut self.report)?;
        if self.is_missing() {
            // What was held for it counts against the limit, whether or not it was written out by now.
            let ended = self.outlet.end_run(&mut self.report);
            ended.map_err(|kind| EditError { offset: held[0].offset, kind })?;
            self.go_missing();
            return Ok(());
        }
        if !self.lacks_sole() {
            let opened = self.outlet.open_gate(&mut self.report);
            opened.map_err(|kind| EditError { offset: held[0].offset, kind })?;
        }
        for (place, held) in held.iter().enumerate() {
            self.let_go(&docket, (held, place), judge)?;
        }
        drop(pending);
        drop(views);
        held.clear();
        self.held = held;
        tokens.clear();
        self.held_tokens = tokens;
        Ok(())
    }

    /// The sole record was dropped or did not come: nothing may come out.
    pub(crate) fn go_missing(&mut self) {
        self.report.missing = true;
        self.ignoring = true;
        self.outlet.close();
    }

    /// Whether a sole record is not there, now that everything has been read.
    pub(crate) fn lacks_sole(&self) -> bool {
        self.sole_sets().any(|set| self.report.sets[set].kept == 0)
    }

    fn is_missing(&self) -> bool {
        self.sole_sets().any(|set| self.report.sets[set].dropped > 0)
    }

    fn sole_sets(&self) -> impl Iterator<Item = usize> {
        self.plan.sets.iter().enumerate().filter(|(_, set)| set.sole).map(|(index, _)| index)
    }

    /// Writes what is left of a held record, if anything is.
    fn let_go(
        &mut self,
        docket: &Docket<'_, View<'_>>,
        (held, place): (&Held, usize),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let view = docket.pending[place].tree;
        let failed = |(kind, position): (EditErrorKind, u32)| EditError {
            offset: held.offset + u64::from(position),
            kind,
        };
        self.enter_records();
        match self.innermost() {
            FrameKind::Object => {
                let mut name = String::new();
                unescape(held.name(view), &mut name);
                self.record_place.push_name(&name);
            }
            FrameKind::Array => self.record_place.push_index(held.index),
            FrameKind::Document => {}
        }
        let judged = self.judging.judged(docket.plan);
        let mut stays = judged.records[place].standing != Standing::Dropped;
        if stays {
            self.remains.clear();
            let mut edit = RecordEdit {
                view,
                judged: &judged,
                hash_key: &self.options.hash_key,
                remains: &mut self.remains,
                report: &mut self.report,
                place: &mut self.record_place,
                seen: &mut self.record_names,
            };
            stays = edit.edit(place).map_err(failed)?;
        } else if let Some(path) = self.record_place.concrete() {
            let values = judged.display_keys(place, view);
            self.report.difference(path, DifferenceKind::Dropped { set: held.set, values });
        }
        if stays {
            ask_for_masks(&mut self.remains, view, judge).map_err(|kind| failed((kind, 0)))?;
        }
        self.write(held, stays).map_err(|kind| failed((kind, 0)))
    }

    fn innermost(&self) -> FrameKind {
        self.frames.last().map_or(FrameKind::Document, |frame| frame.kind)
    }

    fn write(&mut self, held: &Held, stays: bool) -> Result<(), EditErrorKind> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        let report = &mut self.report;
        let root = frame.kind == FrameKind::Document;
        if !stays && !root {
            if held.first {
                frame.opening = held.bytes[held.base..held.base + held.child].to_vec();
            }
            return Ok(());
        }
        let before = Before {
            source: &held.bytes,
            start: held.base,
            child: held.base + held.child,
            value: held.base + held.value,
            opening: (!held.first).then_some(&*frame.opening),
        };
        self.outlet.lead(&mut frame.emitted, &before, report)?;
        if !stays {
            // A body must be something.
            return self.outlet.make(b"null", report);
        }
        for segment in &self.remains.segments {
            match *segment {
                Segment::Kept(start, end) => {
                    let (start, end) = (held.base + start as usize, held.base + end as usize);
                    self.outlet.keep(&held.bytes, start, end, report)?;
                }
                Segment::Made(start, end) => {
                    self.outlet.make(&self.remains.made.as_bytes()[start..end], report)?;
                }
                // All have been asked for.
                Segment::Own(_) => {}
            }
        }
        Ok(())
    }

    /// Writes the mask of a value outside records.
    pub(crate) fn mask_held(
        &mut self,
        held: &Held,
        number: u32,
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let failed = |kind| EditError { offset: held.offset + held.value as u64, kind };
        let view = held.view(&self.held_tokens)?;
        let mut remains = Remains::default();
        match self.plan.outside.mask(number) {
            Mask::Own(own) => {
                remains.own.push((*own, 0));
                remains.segments.push(Segment::Own(0));
                ask_for_masks(&mut remains, view, judge).map_err(failed)?;
            }
            mask => write_mask(mask, Some((view, 0)), &self.options.hash_key, &mut remains.made),
        }
        self.outlet.make(remains.made.as_bytes(), &mut self.report).map_err(failed)
    }
}

/// Asks for the values that take the place of those which the policy masks itself, one call for each of its masks.
fn ask_for_masks(remains: &mut Remains, view: View<'_>, judge: &mut dyn Judge) -> Result<(), EditErrorKind> {
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
