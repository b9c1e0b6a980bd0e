//! What is left of an element that is held, in order.

use bytes::Bytes;

use crate::batch::Batch;
use crate::error::EditErrorKind;
use crate::judge::{Judge, OwnedScalar, Value};
use crate::outlet::{Before, Emitted, Outlet};
use crate::place::Place;
use crate::report::Report;
use crate::scan::push_found;
use crate::xml::tape::View;
use crate::xml::write::write_own;

#[derive(Debug, Default)]
pub(crate) struct Remains {
    pub(crate) segments: Vec<Segment>,
    /// Text that was made for it.
    pub(crate) made: String,
    /// Values that the policy masks itself: its mask's number and the value's token.
    pub(crate) own: Vec<(u32, u32)>,
    /// Totals outside records: the set that is counted, and the total's place.
    pub(crate) totals: Vec<(u32, Place)>,
}

/// A part of what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Bytes of the buffer.
    Kept(u32, u32),
    /// Bytes of [`Remains::made`].
    Made(usize, usize),
    /// An entry of [`Remains::own`].
    Own(usize),
    /// An entry of [`Remains::totals`], and the bytes of the buffer before and behind it, which go if it goes.
    Total(usize, (u32, u32), (u32, u32)),
}

impl Remains {
    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.made.clear();
        self.own.clear();
        self.totals.clear();
    }

    pub(crate) fn keep(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        if let Some(Segment::Kept(_, last)) = self.segments.last_mut()
            && *last == start
        {
            *last = end;
        } else {
            self.segments.push(Segment::Kept(start, end));
        }
    }

    pub(crate) fn make(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.made.len();
        write(&mut self.made);
        if self.made.len() > start {
            self.segments.push(Segment::Made(start, self.made.len()));
        }
    }

    /// Asks for the values that take the place of those which the policy masks itself, one call for each of its masks.
    pub(crate) fn ask_for_masks(
        &mut self,
        view: View<'_>,
        judge: &mut dyn Judge,
    ) -> Result<(), EditErrorKind> {
        if self.own.is_empty() {
            return Ok(());
        }
        let mut made = vec![(0, 0); self.own.len()];
        let mut masks: Vec<u32> = self.own.iter().map(|(mask, _)| *mask).collect();
        masks.sort_unstable();
        masks.dedup();
        let mut scratch = String::new();
        for mask in masks {
            let asked: Vec<usize> = (0..self.own.len()).filter(|&place| self.own[place].0 == mask).collect();
            let mut batch = Batch::new(1);
            for &place in &asked {
                push_found(&mut batch, view, self.own[place].1, &mut scratch);
                batch.end_record();
            }
            let values: Vec<Value<'_>> = (0..batch.len()).map(|place| batch.value(place, 0)).collect();
            let mut scalars: Vec<OwnedScalar> = Vec::with_capacity(values.len());
            judge.mask(mask, &values, &mut scalars).map_err(EditErrorKind::Judge)?;
            if scalars.len() != values.len() {
                return Err(EditErrorKind::Verdict("not as many masked values as values"));
            }
            for (&place, scalar) in asked.iter().zip(&scalars) {
                let start = self.made.len();
                write_own(scalar, view.token(self.own[place].1).part, &mut self.made)?;
                made[place] = (start, self.made.len());
            }
        }
        for segment in &mut self.segments {
            if let Segment::Own(place) = *segment {
                *segment = Segment::Made(made[place].0, made[place].1);
            }
        }
        Ok(())
    }

    /// Bytes that were made.
    pub(crate) fn made_bytes(&self) -> usize {
        self.made.len()
    }

    /// Writes it all. `emitted` is what has come out of the element around it.
    pub(crate) fn write(
        &self,
        (source, base): (&Bytes, usize),
        emitted: &mut Emitted,
        outlet: &mut Outlet,
        report: &mut Report,
    ) -> Result<(), EditErrorKind> {
        let range = |(start, end): (u32, u32)| (base + start as usize, base + end as usize);
        for segment in &self.segments {
            match *segment {
                Segment::Kept(start, end) => {
                    let (start, end) = range((start, end));
                    outlet.keep(source, start, end, report)?;
                    *emitted = Emitted::Something;
                }
                Segment::Made(start, end) => {
                    outlet.make(&self.made.as_bytes()[start..end], report)?;
                    *emitted = Emitted::Something;
                }
                // All have been asked for.
                Segment::Own(_) => {}
                Segment::Total(total, before, behind) => {
                    let (set, place) = &self.totals[total];
                    let (start, value) = range(before);
                    let before = Before { source, start, child: start, value, opening: None };
                    let mut total = Emitted::Nothing;
                    outlet.total(&mut total, &before, (*set, place.spot()), report)?;
                    outlet.trail(&total, source, range(behind), report)?;
                    join(emitted, total);
                }
            }
        }
        Ok(())
    }
}

/// What has come out of an element once more has.
fn join(emitted: &mut Emitted, more: Emitted) {
    match (emitted, more) {
        (Emitted::Something, _) | (_, Emitted::Nothing) => {}
        (Emitted::Perhaps(totals), Emitted::Perhaps(more)) => totals.extend(more),
        (emitted, more) => *emitted = more,
    }
}
