//! Edits a kept record: walks its tokens along the automaton of its profile and notes what stays.

mod course;
mod packed;
mod remains;
mod rows;

use crate::error::{EditErrorKind, Limit};
use crate::json::shape::{Meeting, Met};
use crate::json::trail::{Counted, TrailId, Trails, Turn, switch};
use crate::json::unpack::Unpacker;
use crate::json::view::{View, comma_before, end_before, failed, opens};
use crate::json::write::write_mask;
use crate::judge::Judge;
use crate::judging::{Judged, Standing};
use crate::mask::{self, Masker};
use crate::names::SeenNames;
use crate::number;
use crate::place::{Mark, Place};
use crate::plan::automaton::{Automaton, Fate};
use crate::report::{DifferenceKind, Report};
use crate::scan::Found;
use crate::tree::Tree;

pub(crate) use remains::{Remains, Segment};

/// An edit under way.
pub(crate) struct RecordEdit<'a> {
    pub(crate) view: View<'a>,
    pub(crate) judged: &'a Judged<'a>,
    pub(crate) hash_key: &'a [u8; 32],
    pub(crate) trails: &'a mut Trails,
    pub(crate) remains: &'a mut Remains,
    pub(crate) report: &'a mut Report,
    pub(crate) seen: &'a mut SeenNames,
    /// Where the record stands, if differences are traced.
    pub(crate) place: Option<&'a mut Place>,
    /// Names of the objects that are open, and how many these may be.
    pub(crate) names: usize,
    pub(crate) limit: usize,
    /// Bytes that may be made for the record.
    pub(crate) room: u64,
    /// Containers that are open, those around the record too.
    pub(crate) depth: usize,
    pub(crate) unpacker: &'a mut Unpacker,
    /// Asked for the policy's own masks in strings that hold JSON.
    pub(crate) judge: &'a mut dyn Judge,
}

/// A record whose automaton is being walked, and how many of its nested records have been met.
pub(crate) struct Scope<'a> {
    automaton: &'a Automaton,
    record: usize,
    nested: std::ops::Range<usize>,
    display: Option<Display<'a>>,
}

/// Shows a record's keys, which may lie outside the JSON at hand.
pub(crate) type Display<'a> = &'a dyn Fn(usize) -> Vec<String>;

/// What comes before a value if it stays: its comma and name. The first child that stays has no comma, and takes over
/// the white space behind the opening bracket.
#[derive(Clone, Copy)]
pub(crate) struct Lead {
    opening: (u32, u32),
    /// Where the child begins.
    child: u32,
    first: bool,
}

/// An object whose members are edited one after the other.
#[derive(Clone, Copy)]
struct Object {
    /// The white space behind its bracket.
    opening: (u32, u32),
    /// The token of the next member's name, or of the closing bracket.
    name: u32,
    end: u32,
    met: Met,
    /// Whether a member has stayed.
    kept: bool,
}

/// How a value is reached from its container.
#[derive(Clone, Copy)]
enum Step<'s> {
    /// A member, by the token of its name.
    Name(u32),
    Index(u64),
    /// A cell, by its column's name.
    Column(&'s str),
}

/// What came of an edit, true if something is left; small, since it is handed on from each value.
type Edited<T = bool> = Result<T, Box<(EditErrorKind, u32)>>;

fn refused(view: View<'_>, at: u32, kind: EditErrorKind) -> Box<(EditErrorKind, u32)> {
    Box::new(failed(view, at, kind))
}

impl<'a> RecordEdit<'a> {
    /// Edits a record that is kept, met at a trail of the scope around it. False: nothing is left of it.
    pub(crate) fn edit(&mut self, record: usize, around: TrailId, display: Display<'a>) -> Found<bool> {
        let start = self.view.start(self.judged.records[record].at);
        let lead = Lead { opening: (0, 0), child: start, first: true };
        let edited = self.record(record, (around, Some(display)), lead);
        self.remains.end_run();
        edited.map_err(|refusal| *refusal)
    }

    /// Edits a document that is a part of a record, or of what lies outside records. `nested` are the records in it,
    /// of which those met are taken away. False: nothing is left of it.
    pub(crate) fn part(
        &mut self,
        automaton: &'a Automaton,
        (record, nested): (usize, &mut std::ops::Range<usize>),
        (trail, at): (TrailId, u32),
        display: Display<'a>,
    ) -> Found<bool> {
        let mut scope = Scope { automaton, record, nested: nested.clone(), display: Some(display) };
        let lead = Lead { opening: (0, 0), child: self.view.start(at), first: true };
        let edited = self.value(&mut scope, (trail, at), None, lead);
        self.remains.end_run();
        *nested = scope.nested;
        edited.map_err(|refusal| *refusal)
    }

    fn record(
        &mut self,
        record: usize,
        (around, display): (TrailId, Option<Display<'a>>),
        lead: Lead,
    ) -> Edited {
        let judged = self.judged;
        let found = &judged.records[record];
        let Some(automaton) = judged.automaton(record) else {
            return Ok(false);
        };
        let turn = Turn::Record(found.set, found.standing.number());
        let trail = self.trails.turn(automaton, around, turn);
        let mut scope = Scope { automaton, record, nested: found.nested.clone(), display };
        match judged.rows(found.set) {
            None if self.place.is_none() => self.by_course(&mut scope, (trail, found.at), lead),
            None => self.value(&mut scope, (trail, found.at), None, lead),
            Some(rows) => self.row(&mut scope, (trail, found.at), rows, lead),
        }
    }

    fn value(
        &mut self,
        scope: &mut Scope<'a>,
        (mut trail, at): (TrailId, u32),
        step: Option<Step<'_>>,
        lead: Lead,
    ) -> Edited {
        let mut found = self.trails.get(trail);
        if found.special {
            if found.switches {
                let value = (self.view, at);
                trail = switch(self.trails, scope.automaton, trail, value, self.seen).map_err(Box::new)?;
                found = self.trails.get(trail);
            }
            if found.unpacks && self.view.byte(at) == b'"' {
                return self.packed_at(scope, (trail, at), step, lead);
            }
        }
        match found.fate(self.view.byte(at)) {
            Fate::Keep => {
                self.lead(lead, self.view.start(at));
                self.keep(self.view.start(at), number(self.view.end(at)));
                Ok(true)
            }
            fate if self.place.is_none() => self.change(scope, (trail, at), fate, lead),
            fate => self.change_traced(scope, (trail, at), (fate, step), lead),
        }
    }

    /// Does what becomes of a value that does not pass whole, and knows where it stands.
    #[inline(never)]
    fn change_traced(
        &mut self,
        scope: &mut Scope<'a>,
        value: (TrailId, u32),
        (fate, step): (Fate, Option<Step<'_>>),
        lead: Lead,
    ) -> Edited {
        let mark = self.enter(step);
        let stays = self.change(scope, value, fate, lead)?;
        self.leave(mark);
        Ok(stays)
    }

    /// Goes to a value, if differences are traced, and gives the place to go back to.
    fn enter(&mut self, step: Option<Step<'_>>) -> Mark {
        let Some(place) = &mut self.place else {
            return Mark::default();
        };
        let mark = place.mark();
        match step {
            None => {}
            Some(Step::Name(name)) => place.push_name(&self.view.name(name)),
            Some(Step::Index(index)) => place.push_index(index),
            Some(Step::Column(name)) => place.push_name(name),
        }
        mark
    }

    fn leave(&mut self, mark: Mark) {
        if let Some(place) = &mut self.place {
            place.back(mark);
        }
    }

    /// Does what becomes of a value that does not pass whole.
    fn change(
        &mut self,
        scope: &mut Scope<'a>,
        (trail, at): (TrailId, u32),
        fate: Fate,
        lead: Lead,
    ) -> Edited {
        match fate {
            Fate::Keep | Fate::Walk => {
                self.lead(lead, self.view.start(at));
                self.container(scope, (trail, at))?;
                Ok(true)
            }
            Fate::Mask(mask) => {
                self.lead(lead, self.view.start(at));
                let masker = scope.automaton.mask(mask);
                if self.mask(masker, at) {
                    if self.remains.made.len() as u64 > self.room {
                        return Err(refused(self.view, at, EditErrorKind::Limit(Limit::Expansion)));
                    }
                    self.trails.count(trail, Counted::Masked, self.report);
                    if self.place.is_some() {
                        self.note(DifferenceKind::Masked { by: masker.spec().clone() });
                    }
                }
                Ok(true)
            }
            Fate::Recount(set) => {
                self.lead(lead, self.view.start(at));
                let count = self.judged.count_kept(scope.record, set);
                self.make(|made| made.push_str(itoa::Buffer::new().format(count)));
                self.note(DifferenceKind::Recounted);
                Ok(true)
            }
            Fate::Record(_) => self.nested(scope, trail, lead),
            Fate::Remove => {
                self.trails.count(trail, Counted::Removed, self.report);
                self.note(DifferenceKind::Removed);
                Ok(false)
            }
            Fate::Unlisted => {
                self.trails.count(trail, Counted::Unlisted, self.report);
                self.note(DifferenceKind::Unlisted);
                Ok(false)
            }
        }
    }

    fn nested(&mut self, scope: &mut Scope<'a>, trail: TrailId, lead: Lead) -> Edited {
        let Some(record) = scope.nested.next() else {
            return Ok(false);
        };
        if self.judged.records[record].standing == Standing::Dropped {
            let set = self.judged.records[record].set;
            if self.place.is_some() {
                let values = match scope.display {
                    Some(display) => display(record),
                    None => self.judged.display_keys(record, self.view),
                };
                self.note(DifferenceKind::Dropped { set, values });
            }
            return Ok(false);
        }
        self.record(record, (trail, scope.display), lead)
    }

    fn container(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32)) -> Edited<()> {
        let view = self.view;
        let inner = view.start(at) + 1;
        self.keep(inner - 1, inner);
        let mark = self.trails.mark();
        self.depth += 1;
        let kept = match view.byte(at) {
            b'{' => self.members(scope, (trail, at))?,
            _ => self.elements(scope, (trail, at))?,
        };
        self.depth -= 1;
        self.trails.back(mark);
        self.close(at, kept);
        Ok(())
    }

    /// Keeps a closing bracket, and the white space before it if anything is left in the container.
    fn close(&mut self, at: u32, kept: bool) {
        let view = self.view;
        let close = view.start(view.closing(at));
        if kept {
            let mut behind = close;
            while matches!(view.bytes.get(behind as usize - 1), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                behind -= 1;
            }
            self.keep(behind, close);
        }
        self.keep(close, close + 1);
    }

    /// Edits the members of an object. True: something is left.
    fn members(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32)) -> Edited {
        let View { tokens, skips, .. } = self.view;
        let names = self.names;
        let first = at + 1;
        let mut object = Object {
            opening: (tokens[at as usize] + 1, tokens[first as usize]),
            name: first,
            end: skips[at as usize],
            met: Met::default(),
            kept: false,
        };
        loop {
            self.run(trail, &mut object);
            if object.name >= object.end {
                break;
            }
            self.member(scope, (trail, at), &mut object)?;
        }
        self.names = names;
        Ok(object.kept)
    }

    /// Edits members as long as they are those that are expected, and either pass whole or go.
    #[inline(never)]
    fn run(&mut self, trail: TrailId, object: &mut Object) {
        let View { bytes, tokens, skips, .. } = self.view;
        let mut tally = self.trails.tally();
        let Some(here) = tally.trail(trail) else { return };
        let Object { opening, mut name, end, mut met, mut kept } = *object;
        let mut run = self.remains.run;
        let traced = self.place.is_some();
        while name < end && self.names < self.limit {
            let child = tokens[name as usize];
            let Some(below) = here.members().expect(met, bytes, child as usize) else { break };
            let Some(found) = tally.trail(below) else { break };
            let value = name + 1;
            let first = bytes[tokens[value as usize] as usize];
            let container = opens(first);
            let next = if container { skips[value as usize] + 1 } else { value + 1 };
            match found.fate(first) {
                _ if found.special => break,
                Fate::Keep => {
                    let start = if kept {
                        number(comma_before(bytes, child as usize))
                    } else {
                        self.remains.keep(&mut run, opening.0, opening.1);
                        child
                    };
                    let end = if container {
                        tokens[next as usize - 1] + 1
                    } else {
                        number(end_before(bytes, tokens[next as usize] as usize))
                    };
                    self.remains.keep(&mut run, start, end);
                    kept = true;
                }
                Fate::Unlisted if !traced => tally.count(below, Counted::Unlisted),
                Fate::Remove if !traced => tally.count(below, Counted::Removed),
                _ => break,
            }
            met.pass();
            self.names += 1;
            name = next;
        }
        self.remains.run = run;
        *object = Object { opening, name, end, met, kept };
    }

    /// Edits one member of any name and fate.
    fn member(
        &mut self,
        scope: &mut Scope<'a>,
        (trail, at): (TrailId, u32),
        object: &mut Object,
    ) -> Edited<()> {
        let view = self.view;
        let name = object.name;
        self.names += 1;
        if self.names > self.limit {
            return Err(refused(view, name, EditErrorKind::Limit(Limit::Members)));
        }
        let below = match self.trails.meet(trail, &mut object.met, view, name) {
            Meeting::Known(below) => below,
            Meeting::Again => return Err(refused(view, name, EditErrorKind::DuplicateName)),
            Meeting::Unknown => self.learn(scope, (trail, at), name, &mut object.met)?,
        };
        let lead = Lead { opening: object.opening, child: view.start(name), first: !object.kept };
        object.kept |= self.value(scope, (below, name + 1), Some(Step::Name(name)), lead)?;
        object.name = view.behind(name + 1);
        Ok(())
    }

    /// Where a member's name leads that was not met before at this place.
    fn learn(
        &mut self,
        scope: &Scope<'a>,
        (trail, object): (TrailId, u32),
        name: u32,
        met: &mut Met,
    ) -> Edited<TrailId> {
        let view = self.view;
        let text = view.name(name);
        let (below, known) = self.trails.member(scope.automaton, trail, met, (&text, view.raw(name)));
        if !known && !met.compared {
            met.compared = true;
            view.check_names(object, self.seen).map_err(Box::new)?;
        }
        Ok(below)
    }

    /// Edits the elements of an array. True: something is left.
    fn elements(&mut self, scope: &mut Scope<'a>, (trail, at): (TrailId, u32)) -> Edited {
        let view = self.view;
        let end = view.closing(at);
        let first = at + 1;
        let opening = (view.start(at) + 1, view.start(first));
        let mut kept = false;
        let mut element = first;
        let mut index = 0;
        while element < end {
            let below = self.trails.element(scope.automaton, trail, index);
            let lead = Lead { opening, child: view.start(element), first: !kept };
            kept |= self.value(scope, (below, element), Some(Step::Index(index)), lead)?;
            element = view.behind(element);
            index += 1;
        }
        Ok(kept)
    }

    /// Writes what takes the value's place. False: the value stays, since there is nothing in it to be hidden.
    fn mask(&mut self, masker: &Masker, at: u32) -> bool {
        self.remains.end_run();
        if let Some(number) = masker.own() {
            self.remains.segments.push(Segment::Own(self.remains.own.len()));
            self.remains.own.push((number, at));
            return true;
        }
        let value = mask::needs_value(masker, self.view.is_container(at)).then_some((self.view, at));
        let start = self.remains.made.len();
        let hidden = write_mask(masker, value, self.hash_key, &mut self.remains.made);
        if hidden {
            self.remains.segments.push(Segment::Made(start, self.remains.made.len()));
        } else {
            self.keep(self.view.start(at), number(self.view.end(at)));
        }
        hidden
    }

    fn lead(&mut self, lead: Lead, value: u32) {
        let start = self.lead_start(lead);
        self.keep(start, value);
    }

    /// Where the comma or name begins that stands before a child that stays.
    #[inline]
    fn lead_start(&mut self, lead: Lead) -> u32 {
        if !lead.first {
            return number(comma_before(self.view.bytes, lead.child as usize));
        }
        self.keep(lead.opening.0, lead.opening.1);
        lead.child
    }

    fn keep(&mut self, start: u32, end: u32) {
        let mut run = self.remains.run;
        self.remains.keep(&mut run, start, end);
        self.remains.run = run;
    }

    fn make(&mut self, write: impl FnOnce(&mut String)) {
        self.remains.end_run();
        let start = self.remains.made.len();
        write(&mut self.remains.made);
        self.remains.segments.push(Segment::Made(start, self.remains.made.len()));
    }

    fn note(&mut self, kind: DifferenceKind) {
        if let Some(path) = self.place.as_ref().and_then(|place| place.concrete()) {
            self.report.difference(path, kind);
        }
    }
}
