//! Edits positional rows: their elements by the names of the columns (H30).

use crate::json::record::{Edited, Lead, RecordEdit, Scope, Step};
use crate::json::shape::Met;
use crate::json::trail::TrailId;
use crate::number;
use crate::plan::automaton::Fate;
use crate::plan::rows::Rows;
use crate::tree::Tree;

impl<'a> RecordEdit<'a> {
    /// Edits a record that is a row: what a plan says of an object's members holds for its elements.
    pub(super) fn row(
        &mut self,
        scope: &mut Scope<'a>,
        (trail, at): (TrailId, u32),
        rows: &'a Rows,
        lead: Lead,
    ) -> Edited {
        let (start, end) = (self.view.start(at), number(self.view.end(at)));
        match self.trails.get(trail).fate(b'{') {
            Fate::Keep => {
                self.lead(lead, start);
                self.keep(start, end);
                Ok(true)
            }
            Fate::Walk => {
                self.lead(lead, start);
                self.keep(start, start + 1);
                let mark = self.trails.mark();
                self.depth += 1;
                let kept = self.cells(scope, (trail, at), rows)?;
                self.depth -= 1;
                self.trails.back(mark);
                self.close(at, kept);
                Ok(true)
            }
            fate => self.change(scope, (trail, at), fate, lead),
        }
    }

    /// Edits the cells of a row. A column that some record may show stays, if only as `null`. True: one did.
    fn cells(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32), rows: &'a Rows) -> Edited {
        let view = self.view;
        let opening = (view.start(at) + 1, view.start(at + 1));
        let mut kept = false;
        let mut cell = at + 1;
        for (name, &shown) in rows.names.iter().zip(rows.shown.iter()) {
            // A name in the body stands in quotes, so that none is met here.
            let (below, _) = self.trails.member(scope.automaton, trail, &mut Met::default(), (name, b"\0"));
            let lead = Lead { opening, child: view.start(cell), first: !kept };
            let stays = self.value(scope, (below, cell), Some(Step::Column(name)), lead)?;
            if shown && !stays {
                self.lead(lead, view.start(cell));
                self.make(|made| made.push_str("null"));
            }
            kept |= shown || stays;
            cell = view.behind(cell);
        }
        Ok(kept)
    }

    /// Keeps of the names of columns those that some record may show.
    pub(crate) fn header(&mut self, at: u32, shown: &[bool]) {
        let view = self.view;
        let start = view.start(at);
        if shown.iter().all(|&shown| shown) {
            self.keep(start, number(view.end(at)));
            return self.remains.end_run();
        }
        self.keep(start, start + 1);
        let opening = (start + 1, view.start(at + 1));
        let mut kept = false;
        for ((_, column), &shown) in view.children(at).zip(shown) {
            if shown {
                let lead = Lead { opening, child: view.start(column), first: !kept };
                self.lead(lead, view.start(column));
                self.keep(view.start(column), number(view.end(column)));
                kept = true;
            }
        }
        self.close(at, kept);
        self.remains.end_run();
    }
}
