//! Edits values outside records that have to be looked into as a whole: strings that hold JSON, and the names of
//! columns.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{EditError, EditErrorKind};
use crate::json::columns::read_columns;
use crate::json::flush::ask_for_masks;
use crate::json::held::Held;
use crate::json::record::RecordEdit;
use crate::json::view::View;
use crate::json::walk::{Purpose, Walk};
use crate::judge::Judge;
use crate::outlet::allowance;
use crate::plan::Plan;
use crate::plan::automaton::Fate;
use crate::scan::Found;
use crate::spec::Columns;

impl Walk {
    /// Edits a value outside records that had to be held, and writes what is left of it.
    pub(super) fn write_aside(
        &mut self,
        plan: &Plan,
        (held, purpose): (&Held, Purpose),
        (source, view, offset): (&Bytes, View<'_>, u64),
        judge: &mut dyn Judge,
    ) -> Result<(), EditError> {
        let failed =
            |(kind, position): (EditErrorKind, u32)| EditError { offset: offset + u64::from(position), kind };
        let header = match purpose {
            Purpose::Header(set) => {
                let shown = self.learn_columns(plan, set, (view, held.root)).map_err(failed)?;
                Some((shown, named_by(plan, set)))
            }
            _ => None,
        };
        let depth = self.frames.len() - 1;
        // An edit that removes or masks the names of columns holds for them too.
        let fate = self.learned.trails.get(held.trail).fate(b'[');
        let is_settled = matches!(fate, Fate::Remove | Fate::Mask(_));
        let learned = &mut *self.learned;
        let judged = learned.judging.judged(plan);
        learned.remains.clear();
        let mut edit = RecordEdit {
            view,
            judged: &judged,
            hash_key: &self.options.hash_key,
            trails: &mut learned.trails,
            remains: &mut learned.remains,
            report: &mut self.report,
            seen: &mut self.record_names,
            place: self.place.as_mut(),
            names: 0,
            limit: self.options.limits.members,
            room: allowance(self.options.limits.expansion as u64, view.raw(held.root).len() as u64),
            depth,
            unpacker: &mut self.unpacker,
            judge: &mut *judge,
        };
        let nothing = |_| Vec::new();
        let stays = match header {
            Some((shown, member)) if !is_settled => {
                let header = (held.trail, held.root);
                edit.header(&plan.outside, header, (&*shown, member), &nothing).map_err(failed)?;
                true
            }
            _ => edit
                .part(&plan.outside, (0, &mut (0..0)), (held.trail, held.root), &nothing)
                .map_err(failed)?,
        };
        let at_root = |kind| failed((kind, crate::number(view.position(held.root))));
        ask_for_masks(&mut self.learned.remains, view, judge).map_err(at_root)?;
        let read = offset + view.end(held.root) as u64;
        let spent = self.outlet.spend(self.learned.remains.made.len(), read);
        spent.map_err(at_root)?;
        self.write(held, (source, view), stays).map_err(at_root)
    }

    /// Learns the columns of a set, and gives those that some record may show.
    fn learn_columns(&mut self, plan: &Plan, set: u32, (view, at): (View<'_>, u32)) -> Found<Arc<[bool]>> {
        let names = read_columns(view, at, named_by(plan, set), &mut self.record_names)?;
        let rows = plan.rows(set, names);
        let shown = Arc::clone(&rows.shown);
        self.learned.judging.learn_rows(set, rows);
        Ok(shown)
    }
}

/// The member in which objects say the names of columns, if it is objects that do.
fn named_by(plan: &Plan, set: u32) -> Option<&str> {
    match &plan.spec().sets[set as usize].columns {
        Some(Columns::At { name, .. }) => name.as_deref(),
        _ => None,
    }
}
