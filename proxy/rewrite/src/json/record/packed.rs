//! Edits a string that holds JSON: what it holds is edited as if it stood in the string's place (H29).

use crate::error::{EditErrorKind, Limit};
use crate::json::flush::ask_for_masks;
use crate::json::record::{Edited, Lead, RecordEdit, Remains, Scope, Segment, Step};
use crate::json::trail::TrailId;
use crate::json::unpack::Unpacked;
use crate::json::write::write_string;
use crate::number;
use crate::plan::automaton::Fate;
use crate::tree::Tree;

impl<'a> RecordEdit<'a> {
    /// Edits a string that holds JSON, and knows where it stands.
    #[inline(never)]
    pub(super) fn packed_at(
        &mut self,
        scope: &mut Scope<'a>,
        value: (TrailId, u32),
        step: Option<Step<'_>>,
        lead: Lead,
    ) -> Edited {
        let mark = self.enter(step);
        let stays = self.packed(scope, value, lead)?;
        self.leave(mark);
        Ok(stays)
    }

    /// Edits a string that holds JSON. What is left whole keeps the string's bytes.
    fn packed(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32), lead: Lead) -> Edited {
        let start = self.view.start(at);
        let mut scratch = String::new();
        let text = self.view.string(at, &mut scratch);
        let unpacked = self.unpacker.unpack(text, self.depth).map_err(|kind| Box::new((kind, start)))?;
        let Some(unpacked) = unpacked else {
            return self.as_it_is(scope, (trail, at), lead);
        };
        let left = self.inner(scope, trail, &unpacked).map_err(|kind| Box::new((kind, start)))?;
        match &left {
            Left::Nothing => {}
            Left::All => {
                self.lead(lead, start);
                self.keep(start, number(self.view.end(at)));
            }
            Left::Some(text) => {
                self.lead(lead, start);
                self.make(|made| write_string(text, made));
                if self.remains.made.len() as u64 > self.room {
                    return Err(Box::new((EditErrorKind::Limit(Limit::Expansion), start)));
                }
            }
        }
        self.unpacker.release(unpacked);
        Ok(!matches!(left, Left::Nothing))
    }

    /// Edits a value by its fate, whatever strings here hold.
    fn as_it_is(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32), lead: Lead) -> Edited {
        match self.trails.get(trail).fate(self.view.byte(at)) {
            Fate::Keep => {
                self.lead(lead, self.view.start(at));
                self.keep(self.view.start(at), number(self.view.end(at)));
                Ok(true)
            }
            fate => self.change(scope, (trail, at), fate, lead),
        }
    }

    /// Edits what a string holds.
    fn inner(
        &mut self,
        scope: &Scope<'a>,
        trail: TrailId,
        unpacked: &Unpacked,
    ) -> Result<Left, EditErrorKind> {
        let view = unpacked.view();
        let mut remains = Remains::default();
        let mut edit = RecordEdit {
            view,
            judged: self.judged,
            hash_key: self.hash_key,
            trails: self.trails,
            remains: &mut remains,
            report: self.report,
            seen: self.seen,
            place: self.place.as_deref_mut(),
            names: self.names,
            limit: self.limit,
            room: self.room,
            depth: self.depth,
            unpacker: self.unpacker,
            judge: self.judge,
        };
        let mut scope = Scope {
            automaton: scope.automaton,
            record: scope.record,
            // No set has records in strings.
            nested: 0..0,
            display: None,
        };
        let (start, end) = (view.start(0), number(view.end(0)));
        let lead = Lead { opening: (0, 0), child: start, first: true };
        let stays = edit.as_it_is(&mut scope, (trail, 0), lead).map_err(|refused| refused.0)?;
        remains.end_run();
        if !stays {
            return Ok(Left::Nothing);
        }
        ask_for_masks(&mut remains, view, self.judge)?;
        if *remains.segments == [Segment::Kept(start, end)] {
            return Ok(Left::All);
        }
        let source = unpacked.text();
        let mut text = source[..start as usize].to_owned();
        for segment in &remains.segments {
            text.push_str(match *segment {
                Segment::Kept(start, end) => &source[start as usize..end as usize],
                Segment::Made(start, end) => &remains.made[start..end],
                // All have been asked for.
                Segment::Own(_) => "",
            });
        }
        text.push_str(&source[end as usize..]);
        Ok(Left::Some(text))
    }
}

/// What is left of what a string holds.
enum Left {
    Nothing,
    All,
    Some(String),
}
