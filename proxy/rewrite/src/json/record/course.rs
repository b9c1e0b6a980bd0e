//! Edits records by the courses that others before them have taken.

use crate::json::course::{ARRAY, Course, Edge, KINDS, OBJECT, Step, Turn};
use crate::json::record::{Edited, Lead, RecordEdit, Remains, Scope, Segment};
use crate::json::trail::{TrailId, Trails};
use crate::json::view::{View, comma_before, end_before};
use crate::json::write::write_mask;
use crate::mask;
use crate::number;
use crate::plan::automaton::{Automaton, Fate};
use crate::tree::Tree;

/// What a record's course works with.
struct Ride<'a, 'r> {
    view: View<'a>,
    automaton: &'a Automaton,
    hash_key: &'a [u8; 32],
    /// Bytes that may be made for the record.
    room: u64,
    remains: &'r mut Remains,
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
        let begun = self.remains.mark();
        let found = self.trails.get(trail);
        let mut ride = Ride {
            view: self.view,
            automaton: scope.automaton,
            hash_key: self.hash_key,
            room: self.room,
            remains: &mut *self.remains,
        };
        let taken = found.taken.courses().find(|&course| {
            let course = self.trails.courses.get(course);
            ride.remains.back(begun);
            self.names + course.names <= self.limit && course.follow(&mut ride, at)
        });
        if let Some(course) = taken {
            self.trails.count_course(course);
            self.trails.get_mut(trail).taken.follow(course);
            return Ok(true);
        }
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

impl Course {
    /// Edits a record by its steps. False: it is of another shape, and what remains is of no meaning.
    #[inline(never)]
    fn follow(&self, ride: &mut Ride<'_, '_>, at: u32) -> bool {
        let View { bytes, tokens, skips, .. } = ride.view;
        let root = tokens[at as usize];
        if bytes[root as usize] != b'{' {
            return false;
        }
        // Where what stays began.
        let mut begun = root;
        let mut token = at as usize + 1;
        for step in &self.steps {
            let Some(&start) = tokens.get(token) else { return false };
            let edge = match step {
                Step::Member { name, edge, .. } if name.is_at(bytes, start as usize) => *edge,
                Step::Close(edge) if bytes[start as usize] == b'}' => *edge,
                _ => return false,
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
            let Some(&start) = tokens.get(token + 1) else { return false };
            let kind = KINDS[usize::from(bytes[start as usize])];
            if kind & kinds == 0 {
                return false;
            }
            match *turn {
                Turn::Pass => {}
                Turn::Enter => {
                    token += 2;
                    continue;
                }
                Turn::Elements(kinds) => {
                    let close = skips[token + 1] as usize;
                    if !elements(ride, &mut begun, (token + 1, close), kinds) {
                        return false;
                    }
                }
                Turn::Mask(mask) => {
                    let masker = ride.automaton.mask(mask);
                    let container = kind & (OBJECT | ARRAY) != 0;
                    let value = mask::needs_value(masker, container);
                    let value = value.then_some((ride.view, number(token + 1)));
                    let made = &mut ride.remains.made;
                    let before = made.len();
                    ride.remains.segments.push(Segment::Kept(begun, start));
                    if !write_mask(masker, value, ride.hash_key, made) || made.len() as u64 > ride.room {
                        return false;
                    }
                    ride.remains.segments.push(Segment::Made(before, made.len()));
                }
            }
            token = if kind & (OBJECT | ARRAY) == 0 { token + 2 } else { skips[token + 1] as usize + 1 };
        }
        ride.remains.run = (begun, tokens[token - 1] + 1);
        true
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
