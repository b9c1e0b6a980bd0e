//! Edits an event: notes for each of its lines what is left of it.

use std::ops::Range;

use crate::error::EditErrorKind;
use crate::json::{
    Counted, RecordEdit, Remains, START, Segment, TrailId, Trails, Turn, Unpacker, ask_for_masks, write_own,
    write_string,
};
use crate::judge::{Judge, OwnedScalar, Scalar, Value};
use crate::judging::{Judged, Standing};
use crate::mask::{self, Hidden, Masker, Shown};
use crate::names::SeenNames;
use crate::place::{Mark, Place};
use crate::plan::automaton::{Automaton, Fate, Node, ROOT};
use crate::report::{DifferenceKind, Report};
use crate::scan::Found;
use crate::sse::comment::is_harmless;
use crate::sse::data::{Data, data_lines, in_event};
use crate::sse::event::Event;
use crate::sse::line::{Field, Line, NO_JSON_NAME, text_of};
use crate::sse::queue::Queue;

/// A part of what is left of an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Bytes of the event.
    Kept(u32, u32),
    /// Text that was made for it.
    Made(usize, usize),
    /// What is left of its data.
    Data,
}

/// An edit under way.
pub(super) struct EventEdit<'a> {
    pub(super) queue: &'a Queue,
    pub(super) event: &'a Event,
    pub(super) judged: &'a Judged<'a>,
    /// The records of the event among those judged.
    pub(super) records: Range<usize>,
    pub(super) judge: &'a mut dyn Judge,
    pub(super) hash_key: &'a [u8; 32],
    pub(super) parts: &'a mut Vec<Part>,
    pub(super) made: &'a mut String,
    pub(super) remains: &'a mut Remains,
    pub(super) report: &'a mut Report,
    pub(super) trails: &'a mut Trails,
    pub(super) place: Option<&'a mut Place>,
    pub(super) seen: &'a mut SeenNames,
    /// Bytes that may be made for the event.
    pub(super) room: u64,
    pub(super) unpacker: &'a mut Unpacker,
}

/// What the members of the event are edited by, and the records in them that have not been met yet.
struct Scope<'a> {
    automaton: &'a Automaton,
    /// The event's place.
    trail: TrailId,
    record: usize,
    nested: Range<usize>,
}

/// What is left of the data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Some,
    All,
}

impl<'a> EventEdit<'a> {
    /// Edits the event. False: nothing is left of it.
    pub(super) fn edit(&mut self) -> Found<bool> {
        let outside = &self.judged.plan.outside;
        let record = self.records.start;
        let trail = self.trails.turn(outside, START, Turn::Element(self.event.node));
        match self.event.fate {
            Fate::Record(set) => {
                let Some((automaton, trail)) = self.kept_record(set, record, trail) else {
                    return Ok(false);
                };
                let nested = self.judged.records[record].nested.clone();
                let fate = self.trails.get(trail).fate(b'{');
                self.whole(fate, Scope { automaton, trail, record, nested })
            }
            // What becomes of all events is not counted for each.
            _ if outside.node(ROOT).array != Fate::Walk && self.event.fate != Fate::Keep => Ok(false),
            fate => {
                let nested = self.records.clone();
                self.whole(fate, Scope { automaton: outside, trail, record, nested })
            }
        }
    }

    /// What a record is edited by, or none if it is dropped.
    fn kept_record(&mut self, set: u32, record: usize, around: TrailId) -> Option<(&'a Automaton, TrailId)> {
        let standing = self.judged.records[record].standing;
        if standing == Standing::Dropped && self.place.is_some() {
            let values = self.judged.display_keys(record, self.queue.tree(self.event));
            self.note(DifferenceKind::Dropped { set, values });
        }
        let automaton = self.judged.automaton(record)?;
        Some((automaton, self.trails.turn(automaton, around, Turn::Record(set, standing.number()))))
    }

    fn whole(&mut self, fate: Fate, scope: Scope<'a>) -> Found<bool> {
        match fate {
            Fate::Keep => {
                self.kept(0, crate::number(self.event.block.content().len()));
                Ok(true)
            }
            Fate::Walk => self.members(scope),
            other => {
                self.gone(scope.trail, other);
                Ok(false)
            }
        }
    }

    fn members(&mut self, mut scope: Scope<'a>) -> Found<bool> {
        let lines = self.queue.lines(&self.event.lines);
        let mut data = None;
        let mut fields = false;
        for line in lines {
            match (line.field, data) {
                (Field::Data, None) => data = Some(self.data(&mut scope, lines, line)?),
                (Field::Data, Some(Left::All)) => self.kept(line.start, line.next),
                (Field::Data, Some(_)) => {}
                _ => fields |= self.field(&mut scope, line)? && line.field != Field::Comment,
            }
        }
        self.end_event(lines.last().map_or(0, |line| line.next));
        // Without its data an event is nothing, and its id would tell that it was there.
        Ok(data.map_or(fields, |left| left != Left::Nothing))
    }

    /// Keeps the blank line that ends the event. Its line feed must not come to stand behind a carriage return, of
    /// which it would be a part.
    fn end_event(&mut self, start: u32) {
        let content = self.event.block.content();
        if let Some(Part::Kept(_, end)) = self.parts.last()
            && content[*end as usize - 1] == b'\r'
            && content.get(start as usize) == Some(&b'\n')
        {
            self.kept(start, start + 1);
        }
        self.parts.push(Part::Kept(start, crate::number(content.len())));
    }

    /// Edits a line that is not data. False: it goes.
    fn field(&mut self, scope: &mut Scope<'a>, line: &Line) -> Found<bool> {
        let name = line.name(self.event.block.content());
        let mark = self.enter(name);
        let mut automaton = scope.automaton;
        let mut trail = self.member(scope, name);
        let mut fate = self.trails.get(trail).fate(b'"');
        let is_member = matches!(line.field, Field::Event | Field::Id | Field::Retry);
        if fate == Fate::Unlisted && is_member && self.event.framed {
            fate = Fate::Keep;
        }
        if let (Fate::Record(set), true) = (fate, is_member) {
            let record = scope.nested.next();
            let Some(kept) = record.and_then(|record| self.kept_record(set, record, trail)) else {
                self.leave(mark);
                return Ok(false);
            };
            (automaton, trail) = kept;
            fate = self.trails.get(trail).fate(b'"');
        }
        let stays = match fate {
            Fate::Keep => {
                self.kept(line.start, line.next);
                true
            }
            Fate::Mask(number) => {
                let masked = self.mask_line(automaton.mask(number), line);
                let left = masked.map_err(|kind| (kind, line.start))?;
                if left != Left::All {
                    self.masked(trail, automaton.mask(number));
                }
                left != Left::Nothing
            }
            Fate::Remove => {
                self.gone(trail, fate);
                false
            }
            _ if line.field == Field::Comment => {
                if is_harmless(line.value(self.event.block.content())) {
                    self.kept(line.start, line.next);
                } else {
                    self.gone(trail, Fate::Unlisted);
                    self.kept(line.start, line.start + 1);
                    self.kept(line.end, line.next);
                }
                true
            }
            _ => {
                self.gone(trail, Fate::Unlisted);
                false
            }
        };
        self.leave(mark);
        Ok(stays)
    }

    /// The place of a member of the event.
    fn member(&mut self, scope: &Scope<'a>, name: &str) -> TrailId {
        let met = &mut Default::default();
        self.trails.member(scope.automaton, scope.trail, met, (name, NO_JSON_NAME)).0
    }

    fn data(&mut self, scope: &mut Scope<'a>, lines: &[Line], first: &Line) -> Found<Left> {
        let mark = self.enter("data");
        let trail = self.member(scope, "data");
        let left = match &self.event.data {
            Data::Read { text, found } => {
                let document = self.queue.documents.get(self.queue.text(self.event, *text), *found);
                let (view, at, span) = (document.view, document.root, document.span());
                self.remains.clear();
                let (judged, tree) = (self.judged, self.queue.tree(self.event));
                let display = |record| judged.display_keys(record, tree);
                let mut edit = RecordEdit {
                    view,
                    judged,
                    hash_key: self.hash_key,
                    remains: self.remains,
                    report: self.report,
                    trails: self.trails,
                    place: self.place.as_deref_mut(),
                    limit: self.seen.limit(),
                    room: self.room,
                    seen: self.seen,
                    names: 0,
                    depth: 0,
                    unpacker: self.unpacker,
                    judge: self.judge,
                };
                let stays = edit
                    .part(scope.automaton, (scope.record, &mut scope.nested), (trail, at), &display)
                    .map_err(|(kind, position)| (kind, in_event(lines, document.in_text(position))))?;
                let asked = ask_for_masks(self.remains, view, self.judge);
                asked.map_err(|kind| (kind, first.start))?;
                match (stays, &*self.remains.segments) {
                    (false, _) => Left::Nothing,
                    (true, [Segment::Kept(from, to)]) if (*from, *to) == span => Left::All,
                    _ => Left::Some,
                }
            }
            Data::Refused { text, reason, position } => {
                let text = text_of(self.queue.text(self.event, *text));
                self.opaque(scope, trail, text, (reason, *position))?
            }
            Data::Unread | Data::Absent | Data::Pending { .. } => {
                self.opaque(scope, trail, "", ("not JSON", first.value))?
            }
        };
        match left {
            Left::Nothing => {}
            Left::All => self.kept(first.start, first.next),
            Left::Some => {
                let last = data_lines(lines).last().unwrap_or(first);
                self.kept(first.start, first.value);
                self.parts.push(Part::Data);
                self.kept(last.end, last.next);
            }
        }
        self.leave(mark);
        Ok(left)
    }

    /// Data of which nothing is known passes, goes or is masked whole, or is refused where the plan looks into it.
    fn opaque(
        &mut self,
        scope: &mut Scope<'a>,
        mut trail: TrailId,
        text: &str,
        (reason, position): (&'static str, u32),
    ) -> Found<Left> {
        let mut automaton = scope.automaton;
        // Data that is empty is a string like any other.
        let is_empty = matches!(self.event.data, Data::Refused { .. }) && text.trim_ascii().is_empty();
        let fate_of = |node: &Node| if is_empty { Some(node.scalar) } else { node.alike() };
        let mut fate = fate_of(automaton.node(self.trails.get(trail).node));
        if let Some(Fate::Record(set)) = fate {
            let record = scope.nested.next();
            let Some(kept) = record.and_then(|record| self.kept_record(set, record, trail)) else {
                return Ok(Left::Nothing);
            };
            (automaton, trail) = kept;
            fate = fate_of(automaton.node(ROOT));
        }
        match fate {
            Some(Fate::Keep) => Ok(Left::All),
            Some(Fate::Mask(number)) => {
                let mask = automaton.mask(number);
                self.masked(trail, mask);
                self.mask_opaque(mask, text).map_err(|kind| (kind, position))?;
                Ok(Left::Some)
            }
            Some(fate @ (Fate::Remove | Fate::Unlisted)) => {
                self.gone(trail, fate);
                Ok(Left::Nothing)
            }
            _ => Err((EditErrorKind::Malformed(reason), position)),
        }
    }

    /// Writes a mask in the place of data that is no JSON. Nobody knows what is in it, so that it goes whole, as
    /// containers do.
    fn mask_opaque(&mut self, mask: &Masker, text: &str) -> Result<(), EditErrorKind> {
        self.remains.clear();
        if let Some(number) = mask.own() {
            write_own(&self.own(number, Value::Composite)?, &mut self.remains.made)?;
        } else {
            let mut shown = String::new();
            match mask::hide(mask, Hidden::Container(text), self.hash_key, &mut shown) {
                Shown::Text => write_string(&shown, &mut self.remains.made),
                Shown::Null | Shown::Same => self.remains.made.push_str("null"),
            }
        }
        self.remains.segments.push(Segment::Made(0, self.remains.made.len()));
        Ok(())
    }

    /// Writes a mask in the place of a field's value. The field goes if the mask is none that could stand there.
    fn mask_line(&mut self, mask: &Masker, line: &Line) -> Result<Left, EditErrorKind> {
        let value = line.value(self.event.block.content());
        let start = self.made.len();
        let shown = match mask.own() {
            None => mask::hide(mask, Hidden::Text(value), self.hash_key, self.made),
            Some(number) => match self.own(number, Value::One(Scalar::Text(value)))? {
                OwnedScalar::Null => Shown::Null,
                OwnedScalar::Boolean(value) => {
                    self.made.push_str(if value { "true" } else { "false" });
                    Shown::Text
                }
                OwnedScalar::Number(text) | OwnedScalar::Text(text) => {
                    self.made.push_str(&text);
                    Shown::Text
                }
            },
        };
        if shown == Shown::Same {
            self.kept(line.start, line.next);
            return Ok(Left::All);
        }
        if shown == Shown::Null || self.made[start..].contains(['\r', '\n', '\0']) {
            return Ok(Left::Nothing);
        }
        let end = self.made.len();
        self.kept(line.start, line.value);
        if !self.event.block.content()[line.start as usize..line.value as usize].contains(&b':') {
            self.made.push(':');
            self.parts.push(Part::Made(end, end + 1));
        }
        self.parts.push(Part::Made(start, end));
        self.kept(line.end, line.next);
        Ok(Left::Some)
    }

    /// What the policy's own mask gives for a value, checked.
    fn own(&mut self, mask: u32, value: Value<'_>) -> Result<OwnedScalar, EditErrorKind> {
        let mut scalars = Vec::with_capacity(1);
        self.judge.mask(mask, &[value], &mut scalars).map_err(EditErrorKind::Judge)?;
        match (scalars.pop(), scalars.is_empty()) {
            (Some(scalar), true) => write_own(&scalar, &mut String::new()).map(|()| scalar),
            _ => Err(EditErrorKind::Verdict("not as many masked values as values")),
        }
    }

    fn kept(&mut self, start: u32, end: u32) {
        if start >= end {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Kept(_, last)) if *last == start => *last = end,
            _ => self.parts.push(Part::Kept(start, end)),
        }
    }

    /// Counts a value whose place a mask takes.
    fn masked(&mut self, trail: TrailId, mask: &Masker) {
        self.trails.count(trail, Counted::Masked, self.report);
        if self.place.is_some() {
            self.note(DifferenceKind::Masked { by: mask.spec().clone() });
        }
    }

    /// Counts a value that goes.
    fn gone(&mut self, trail: TrailId, fate: Fate) {
        let (counted, kind) = match fate {
            Fate::Mask(_) => (Counted::Masked, DifferenceKind::Removed),
            Fate::Unlisted => (Counted::Unlisted, DifferenceKind::Unlisted),
            _ => (Counted::Removed, DifferenceKind::Removed),
        };
        self.trails.count(trail, counted, self.report);
        self.note(kind);
    }

    fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.as_ref().and_then(|place| place.concrete()) {
            self.report.difference(path, kind);
        }
    }

    /// Goes to a member, and gives the place to go back to.
    fn enter(&mut self, name: &str) -> Option<Mark> {
        let place = self.place.as_mut()?;
        let mark = place.mark();
        place.push_name(name);
        Some(mark)
    }

    fn leave(&mut self, mark: Option<Mark>) {
        if let (Some(place), Some(mark)) = (&mut self.place, mark) {
            place.back(mark);
        }
    }
}
