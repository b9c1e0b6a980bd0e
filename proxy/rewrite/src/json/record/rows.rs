//! Edits positional rows: their elements by the names of the columns (H30).

use crate::json::record::{Display, Edited, Lead, RecordEdit, Scope, Step};
use crate::json::shape::Met;
use crate::json::trail::TrailId;
use crate::number;
use crate::plan::automaton::{Automaton, Fate};
use crate::plan::rows::Rows;
use crate::scan::Found;
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

    /// Keeps of the names of columns those that some record may show. Of an object that says its name in a member there
    /// stays, beside that one, what an edit outside records names.
    pub(crate) fn header(
        &mut self,
        automaton: &'a Automaton,
        (trail, at): (TrailId, u32),
        (shown, member): (&[bool], Option<&str>),
        display: Display<'a>,
    ) -> Found<()> {
        let mut scope = Scope { automaton, record: 0, nested: 0..0, display: Some(display) };
        let edited = self.columns(&mut scope, (trail, at), shown, member);
        self.remains.end_run();
        edited.map_err(|refusal| *refusal)
    }

    fn columns(
        &mut self,
        scope: &mut Scope<'a>,
        (trail, at): (TrailId, u32),
        shown: &[bool],
        member: Option<&str>,
    ) -> Edited<()> {
        let view = self.view;
        let start = view.start(at);
        // Texts have nothing in them, and what passes whole does.
        let member = member.filter(|_| self.trails.get(trail).fate(b'[') != Fate::Keep);
        if member.is_none() && shown.iter().all(|&shown| shown) {
            self.keep(start, number(view.end(at)));
            return Ok(());
        }
        self.keep(start, start + 1);
        let opening = (start + 1, view.start(at + 1));
        let mut kept = false;
        for (index, ((_, column), _)) in
            (0..).zip(view.children(at).zip(shown)).filter(|(_, (_, shown))| **shown)
        {
            let lead = Lead { opening, child: view.start(column), first: !kept };
            self.lead(lead, view.start(column));
            kept = true;
            let below = self.trails.element(scope.automaton, trail, index);
            match member {
                Some(member) if self.trails.get(below).fate(b'{') != Fate::Keep => {
                    let place = self.enter(Some(Step::Index(index)));
                    self.column(scope, (below, column), member)?;
                    self.leave(place);
                }
                _ => self.keep(view.start(column), number(view.end(column))),
            }
        }
        self.close(at, kept);
        Ok(())
    }

    /// Edits an object that says the name of a column, which stays.
    fn column(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32), member: &str) -> Edited<()> {
        let view = self.view;
        let start = view.start(at);
        self.keep(start, start + 1);
        let opening = (start + 1, view.start(at + 1));
        let mut kept = false;
        let mark = self.trails.mark();
        self.depth += 1;
        for (name, value) in view.children(at) {
            let Some(name) = name else { continue };
            let lead = Lead { opening, child: view.start(name), first: !kept };
            let text = view.name(name);
            kept |= if text == member {
                self.lead(lead, view.start(value));
                self.keep(view.start(value), number(view.end(value)));
                true
            } else {
                let met = &mut Met::default();
                let (below, _) = self.trails.member(scope.automaton, trail, met, (&text, view.raw(name)));
                self.value(scope, (below, value), Some(Step::Name(name)), lead)?
            };
        }
        self.depth -= 1;
        self.trails.back(mark);
        self.close(at, kept);
        Ok(())
    }
}
