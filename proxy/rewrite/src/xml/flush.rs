//! Lets the records that are held go on: judged, edited, and out.

use std::sync::Arc;

use crate::error::{EditError, EditErrorKind};
use crate::judge::Judge;
use crate::judging::{Docket, Pending, Standing};
use crate::report::DifferenceKind;
use crate::xml::edit::Edit;
use crate::xml::held::Held;
use crate::xml::tape::View;
use crate::xml::walk::Walk;

impl Walk {
    /// Judges what is held and writes what is left of it.
    pub(crate) fn flush(&mut self, judge: &mut dyn Judge) -> Result<(), EditError> {
        if self.held.is_empty() {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let mut tokens = std::mem::take(&mut self.held_tokens);
        self.held_bytes = 0;
        let plan = Arc::clone(&self.plan);
        let mut pending = Vec::with_capacity(held.len());
        for held in &held {
            pending.push(Pending { set: held.set, tree: held.view(&tokens)?, root: 0, offset: held.offset });
        }
        let batch_records = self.options.limits.batch_records;
        let docket = Docket { plan: &plan, pending: &pending, batch_records };
        self.judging.judge(&docket, &mut self.seen, judge, &mut self.report)?;
        let failed = |kind| EditError { offset: held[0].offset, kind };
        if self.is_missing() {
            // What was held for it counts against the limit, whether or not it was written out by now.
            self.outlet.end_run(&mut self.report).map_err(failed)?;
            self.go_missing();
            return Ok(());
        }
        if !self.lacks_sole() {
            self.outlet.open_gate(&mut self.report).map_err(failed)?;
        }
        for (place, held) in held.iter().enumerate() {
            self.let_go(&docket, (held, place), judge)?;
        }
        drop(pending);
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
        let judged = self.judging.judged(docket.plan);
        let kept = judged.records[place].standing != Standing::Dropped;
        let root = self.frames.len() == 1;
        if !kept && !root && !self.options.trace {
            return Ok(());
        }
        if let Some(frame) = self.frames.last() {
            self.record_place.copy(&self.place, frame.place);
        }
        self.record_place.push_markup(view.written_name(view.token(0)));
        if !root {
            self.record_place.push_repeated(held.index);
        }
        self.remains.clear();
        let mut edit = Edit {
            view,
            judged: Some(&judged),
            hash_key: &self.options.hash_key,
            remains: &mut self.remains,
            report: &mut self.report,
            place: &mut self.record_place,
            seen: &mut self.seen,
            turns: &mut self.turns,
        };
        let stays = kept && edit.record(place, 0).map_err(failed)?;
        if !stays && root {
            edit.emptied(0, 0);
        }
        if !kept && let Some(path) = self.record_place.concrete() {
            let values = judged.display_keys(place, view);
            self.report.difference(path, DifferenceKind::Dropped { set: held.set, values });
        }
        self.remains.ask_for_masks(view, judge).map_err(|kind| failed((kind, 0)))?;
        let frame = self.frames.len() - 1;
        let emitted = &mut self.frames[frame].emitted;
        let spent = self.outlet.spend(self.remains.made_bytes(), held.offset + held.end as u64);
        let source = (&held.bytes, held.base);
        let written =
            spent.and_then(|()| self.remains.write(source, emitted, &mut self.outlet, &mut self.report));
        written.map_err(|kind| failed((kind, 0)))
    }
}
