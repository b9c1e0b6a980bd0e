//! Edits records by the courses that others before them have taken.

use std::ops::Range;

use crate::json::course::{self, ARRAY, Course, Edge, KINDS, OBJECT, Step};
use crate::json::record::{Edited, Lead, RecordEdit, Remains, Scope, Segment};
use crate::json::trail::{TrailId, Trails, Turn};
use crate::json::view::{View, comma_before, end_before};
use crate::json::write::write_mask;
use crate::judging::Judged;
use crate::mask;
use crate::number;
use crate::plan::automaton::{Automaton, Fate};
use crate::tree::Tree;

/// What courses work with.
struct Ride<'a, 'r> {
    view: View<'a>,
    judged: &'a Judged<'a>,
    hash_key: &'a [u8; 32],
    /// Bytes that may be made for the record.
    room: u64,
    /// Names of the objects that are open around the record, and how many may be open.
    names: usize,
    limit: usize,
    trails: &'r Trails,
    remains: &'r mut Remains,
    /// The trails of records with the courses that they take, those of nested ones first.
    taken: &'r mut Vec<(TrailId, u32)>,
}

impl<'a> RecordEdit<'a> {
    /// Edits a record, by a course if one fits.
    pub(super) fn by_course(
        &mut self,
        scope: &mut Scope<'a>,
        (trail, at): (TrailId, u32),
        lead: Lead,
    ) -> Edited {
        let found = self.trails.get(trail);
        if found.special || found.fate(self.view.byte(at)) != Fate::Walk {
            return self.value(scope, (trail, at), None, lead);
        }
        let before = self.remains.mark();
        self.lead(lead, self.view.start(at));
        self.remains.end_run();
        let mut taken = std::mem::take(&mut self.trails.courses.taken);
        let mut ride = Ride {
            view: self.view,
            judged: self.judged,
            hash_key: self.hash_key,
            room: self.room,
            names: self.names,
            limit: self.limit,
            trails: self.trails,
            remains: &mut *self.remains,
            taken: &mut taken,
        };
        let begun = self.view.start(at);
        if let Some((begun, end)) = ride.record(scope.automaton, (trail, at), &mut scope.nested, begun) {
            self.remains.run = (begun, end);
            for (trail, course) in taken.drain(..) {
                self.trails.count_course(course);
                self.trails.get_mut(trail).taken.follow(course);
            }
            self.trails.courses.taken = taken;
            return Ok(true);
        }
        self.trails.courses.taken = taken;
        self.remains.back(before);
        let stays = self.value(scope, (trail, at), None, lead)?;
        if !Trails::passes(trail)
            && self.trails.get_mut(trail).taken.miss()
            && let Some(course) = Course::of(self.trails, scope.automaton, self.view, (trail, at))
        {
            // What the one counted in whose place this comes.
            self.trails.settle(self.report);
            self.trails.add_course(trail, course);
        }
        Ok(stays)
    }
}

impl<'a, 'r> Ride<'a, 'r> {
    /// Edits a record by one of the courses of its trail. `begun` is where what stays began. Gives where what stays then
    /// began and where it ends, or none if no course fits.
    fn record(
        &mut self,
        automaton: &'a Automaton,
        (trail, at): (TrailId, u32),
        nested: &mut Range<usize>,
        begun: u32,
    ) -> Option<(u32, u32)> {
        let (before, taken, all) = (self.remains.mark(), self.taken.len(), nested.clone());
        let trails: &'r Trails = self.trails;
        for number in trails.get(trail).taken.courses() {
            let course = trails.courses.get(number);
            if self.names + course.names <= self.limit
                && let Some(edited) = course.follow(self, (automaton, at), nested, begun)
            {
                self.taken.push((trail, number));
                return Some(edited);
            }
            self.remains.back(before);
            self.taken.truncate(taken);
            *nested = all.clone();
        }
        None
    }

    /// Edits the next nested record, which must stand here.
    #[inline(never)]
    fn nested(
        &mut self,
        (around, at): (TrailId, u32),
        nested: &mut Range<usize>,
        names: u32,
        begun: u32,
    ) -> Option<(u32, u32)> {
        let number = nested.next()?;
        let record = &self.judged.records[number];
        let automaton = self.judged.automaton(number)?;
        let trail = self.trails.known(around, Turn::Record(record.set, record.standing.number()))?;
        let found = self.trails.get(trail);
        let fits = record.at == at && !found.special && found.fate(self.view.byte(at)) == Fate::Walk;
        if !fits || self.judged.rows(record.set).is_some() {
            return None;
        }
        self.names += names as usize;
        let edited = self.record(automaton, (trail, at), &mut record.nested.clone(), begun);
        self.names -= names as usize;
        edited
    }
}

impl Course {
    /// Edits a record by its steps, as [`Ride::record`]. None: it is of another shape, and what remains is of no meaning.
    #[inline(never)]
    fn follow<'a>(
        &self,
        ride: &mut Ride<'a, '_>,
        (automaton, at): (&'a Automaton, u32),
        nested: &mut Range<usize>,
        mut begun: u32,
    ) -> Option<(u32, u32)> {
        let View { bytes, tokens, skips, .. } = ride.view;
        if bytes[tokens[at as usize] as usize] != b'{' {
            return None;
        }
        let mut token = at as usize + 1;
        for step in &self.steps {
            let start = *tokens.get(token)?;
            let edge = match step {
                Step::Member { name, edge, .. } if name.is_at(bytes, start as usize) => *edge,
                Step::Close(edge) if bytes[start as usize] == b'}' => *edge,
                _ => return None,
            };
            match edge {
                Edge::Nothing => {}
                Edge::Comma => go_on(ride, &mut begun, start as usize),
                Edge::End => ride
                    .remains
                    .segments
                    .push(Segment::Kept(begun, number(end_before(bytes, start as usize)))),
                Edge::EndOpening => ride.remains.segments.push(Segment::Kept(begun, start)),
                Edge::EndBracket => ride.remains.segments.push(Segment::Kept(begun, tokens[token - 1] + 1)),
                Edge::BeginComma => begun = number(comma_before(bytes, start as usize)),
                Edge::Begin => begun = start,
                Edge::BeginBlanks => begun = number(end_before(bytes, start as usize)),
                Edge::Empty => close_up(ride, &mut begun, token),
            }
            let Step::Member { kinds, turn, .. } = step else {
                token += 1;
                continue;
            };
            let start = *tokens.get(token + 1)?;
            let kind = KINDS[usize::from(bytes[start as usize])];
            if kind & kinds == 0 {
                return None;
            }
            match *turn {
                course::Turn::Pass => {}
                course::Turn::Enter => {
                    token += 2;
                    continue;
                }
                course::Turn::Elements(kinds) => {
                    let close = skips[token + 1] as usize;
                    if !elements(ride, &mut begun, (token + 1, close), kinds) {
                        return None;
                    }
                }
                course::Turn::Mask(mask) => {
                    let masker = automaton.mask(mask);
                    let container = kind & (OBJECT | ARRAY) != 0;
                    let value = mask::needs_value(masker, container);
                    let value = value.then_some((ride.view, number(token + 1)));
                    let made = &mut ride.remains.made;
                    let before = made.len();
                    ride.remains.segments.push(Segment::Kept(begun, start));
                    if !write_mask(masker, value, ride.hash_key, made) || made.len() as u64 > ride.room {
                        return None;
                    }
                    ride.remains.segments.push(Segment::Made(before, made.len()));
                }
                course::Turn::Record(trail, names) => {
                    (begun, _) = ride.nested((trail, number(token + 1)), nested, names, begun)?;
                }
            }
            token = if kind & (OBJECT | ARRAY) == 0 { token + 2 } else { skips[token + 1] as usize + 1 };
        }
        Some((begun, tokens[token - 1] + 1))
    }
}

/// Goes on with what stays behind a comma, but for white space before it.
#[inline(always)]
fn go_on(ride: &mut Ride<'_, '_>, begun: &mut u32, child: usize) {
    let bytes = ride.view.bytes;
    if bytes[child - 1] != b',' || bytes[child - 2] <= b' ' {
        let comma = comma_before(bytes, child);
        ride.remains.segments.push(Segment::Kept(*begun, number(end_before(bytes, comma))));
        *begun = number(comma);
    }
}

/// Leaves out the white space in a container that ends with this token and holds nothing else.
fn close_up(ride: &mut Ride<'_, '_>, begun: &mut u32, close: usize) {
    let tokens = ride.view.tokens;
    let inner = tokens[close - 1] + 1;
    if inner != tokens[close] {
        ride.remains.segments.push(Segment::Kept(*begun, inner));
        *begun = tokens[close];
    }
}

/// Keeps the elements of an array. False: some are not of these kinds.
#[inline(never)]
fn elements(ride: &mut Ride<'_, '_>, begun: &mut u32, (array, close): (usize, usize), kinds: u8) -> bool {
    let View { bytes, tokens, skips, .. } = ride.view;
    let first = array + 1;
    let mut element = first;
    while element < close {
        let start = tokens[element] as usize;
        let kind = KINDS[usize::from(bytes[start])];
        if kind & kinds == 0 {
            return false;
        }
        if element > first {
            go_on(ride, begun, start);
        }
        element = if kind & (OBJECT | ARRAY) == 0 { element + 1 } else { skips[element] as usize + 1 };
    }
    if element == first {
        close_up(ride, begun, close);
    }
    true
}
