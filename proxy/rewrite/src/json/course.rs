//! What was done with a record, step by step, so that the next one of the same shape is edited by the same steps.
//!
//! The records of a set mostly have the same members in the same order. A course is made of a record that has been
//! edited: what becomes of each member is known then, and so is where stretches that stay begin and end. A record
//! that shows another name, or a value of another kind where that matters, leaves the course; it is edited member by
//! member as if there were none.

use crate::json::shape::Name;
use crate::json::trail::{Counted, TrailId, Trails};
use crate::json::view::View;
use crate::mask::Masker;
use crate::number;
use crate::plan::automaton::{Automaton, Fate};
use crate::spec::Mask;
use crate::tree::Kind;
use crate::tree::Tree;

/// The courses of all places.
#[derive(Debug, Default)]
pub(crate) struct Courses {
    /// The trails of a record and of those nested in it with the courses that they take, while it is edited.
    pub(crate) taken: Vec<(TrailId, u32)>,
    all: Vec<Course>,
    steps: usize,
}

/// The courses that the records of one place have taken.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    courses: Vec<u32>,
    /// The one that was followed last.
    last: usize,
    /// Records that followed none.
    misses: u32,
}

#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) steps: Vec<Step>,
    /// The most names of open objects on it.
    pub(crate) names: usize,
    /// What it counts.
    counted: Vec<(TrailId, Counted)>,
    /// How often it was followed since that was counted.
    uses: u64,
}

/// A member, or the end of an object.
#[derive(Debug)]
pub(crate) enum Step {
    Member { name: Name, kinds: u8, edge: Edge, turn: Turn },
    Close(Edge),
}

/// How it goes on with a member's value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Turn {
    /// Behind it.
    Pass,
    /// Into the object that it is.
    Enter,
    /// Behind the array that it is, all of whose elements are of these kinds, and stay.
    Elements(u8),
    /// Behind it, once its place has been taken by a mask.
    Mask(u32),
    /// Behind the nested record that it is, which stays, by the courses of its own place. It is met at this trail, where
    /// so many names of objects are open.
    Record(TrailId, u32),
}

/// What begins or ends before a member or a closing bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    Nothing,
    /// What stays goes on, but for white space before the comma.
    Comma,
    /// What stays ends with the member before.
    End,
    /// What stays ends with the white space behind the opening bracket.
    EndOpening,
    /// What stays ends with the opening bracket.
    EndBracket,
    /// What stays begins with the comma.
    BeginComma,
    /// What stays begins here.
    Begin,
    /// What stays begins with the white space before the closing bracket.
    BeginBlanks,
    /// Nothing stands in the object but white space.
    Empty,
}

/// Courses of one place.
const COURSES: usize = 4;
/// Steps of one course, and of all together.
const STEPS: usize = 256;
const ALL_STEPS: usize = 4 << 10;
/// After so many records that followed no course one is made in any case.
const MISSES: u32 = 64;

const NUMBER: u8 = 1;
const SCALAR: u8 = 2;
pub(crate) const OBJECT: u8 = 4;
pub(crate) const ARRAY: u8 = 8;

/// The kind of a value by its first byte.
pub(crate) const KINDS: [u8; 256] = {
    let mut kinds = [NUMBER; 256];
    kinds[b'{' as usize] = OBJECT;
    kinds[b'[' as usize] = ARRAY;
    kinds[b'"' as usize] = SCALAR;
    kinds[b't' as usize] = SCALAR;
    kinds[b'f' as usize] = SCALAR;
    kinds[b'n' as usize] = SCALAR;
    kinds
};

impl Courses {
    pub(crate) fn get(&self, course: u32) -> &Course {
        &self.all[course as usize]
    }

    /// Takes note that a course was followed. True: it was not since its uses were taken.
    pub(crate) fn count_use(&mut self, course: u32) -> bool {
        let course = &mut self.all[course as usize];
        course.uses += 1;
        course.uses == 1
    }

    /// What a course counts, and how often that is to be counted.
    pub(crate) fn take_uses(&mut self, course: u32) -> (&[(TrailId, Counted)], u64) {
        let course = &mut self.all[course as usize];
        (&course.counted, std::mem::take(&mut course.uses))
    }

    /// Adds a course to those of a place, perhaps in place of another, whose uses must have been taken.
    pub(crate) fn add(&mut self, taken: &mut Taken, course: Course) {
        let full = taken.courses.len() == COURSES;
        let place = if full { (taken.last + 1) % COURSES } else { taken.courses.len() };
        let old = taken.courses.get(place).map_or(0, |&old| self.get(old).steps.len());
        let steps = self.steps - old + course.steps.len();
        if steps > ALL_STEPS {
            return;
        }
        self.steps = steps;
        taken.last = place;
        if let Some(&old) = taken.courses.get(place) {
            self.all[old as usize] = course;
        } else {
            taken.courses.push(number(self.all.len()));
            self.all.push(course);
        }
    }
}

impl Taken {
    /// The courses, the likeliest first.
    pub(crate) fn courses(&self) -> impl Iterator<Item = u32> {
        let (before, rest) = self.courses.split_at(self.last.min(self.courses.len()));
        rest.iter().chain(before).copied()
    }

    /// Takes note that this course was followed.
    pub(crate) fn follow(&mut self, course: u32) {
        if self.courses.get(self.last) != Some(&course) {
            self.last = self.courses.iter().position(|&known| known == course).unwrap_or_default();
        }
    }

    /// Takes note of a record that followed none. True: a course is to be made of it.
    pub(crate) fn miss(&mut self) -> bool {
        self.misses += 1;
        if self.misses < MISSES {
            return self.misses.is_power_of_two();
        }
        self.misses -= MISSES / 2;
        true
    }
}

impl Course {
    /// The course of an object that has been edited. None: not all that was done with it can be done again by steps.
    pub(crate) fn of(
        trails: &Trails,
        automaton: &Automaton,
        view: View<'_>,
        (trail, at): (TrailId, u32),
    ) -> Option<Course> {
        let mut course = Course { steps: Vec::new(), names: 0, counted: Vec::new(), uses: 0 };
        let trail_here = trails.get(trail);
        if view.byte(at) != b'{' || trail_here.special || trail_here.fate(b'{') != Fate::Walk {
            return None;
        }
        course.object(trails, automaton, view, (trail, at), 0)?;
        Some(course)
    }

    fn object(
        &mut self,
        trails: &Trails,
        automaton: &Automaton,
        view: View<'_>,
        (trail, at): (TrailId, u32),
        mut names: usize,
    ) -> Option<()> {
        let mut members = Vec::new();
        for (name, value) in view.children(at) {
            let name = name?;
            let below = trails.get(trail).find(&view.name(name))?;
            if Trails::passes(below) || trails.get(below).special {
                return None;
            }
            members.push((name, value, below, trails.get(below).fate(view.byte(value))));
        }
        let goes = |fate: Fate| matches!(fate, Fate::Remove | Fate::Unlisted);
        let stays = members.iter().any(|&(.., fate)| !goes(fate));
        // Whether a stretch that stays is under way, and whether a member has stayed.
        let (mut under_way, mut kept) = (true, false);
        for &(name, value, below, fate) in &members {
            names += 1;
            self.names = self.names.max(names);
            let edge = match (goes(fate), under_way, kept) {
                (false, true, false) | (true, false, _) => Edge::Nothing,
                (false, true, true) => Edge::Comma,
                (false, false, true) => Edge::BeginComma,
                (false, false, false) => Edge::Begin,
                (true, true, true) => Edge::End,
                (true, true, false) if stays => Edge::EndOpening,
                (true, true, false) => Edge::EndBracket,
            };
            let turn = match fate {
                Fate::Keep => Turn::Pass,
                Fate::Remove => self.count(below, Counted::Removed),
                Fate::Unlisted => self.count(below, Counted::Unlisted),
                Fate::Mask(mask) if repeats(automaton.mask(mask)) => {
                    self.count(below, Counted::Masked);
                    Turn::Mask(mask)
                }
                Fate::Record(_) => Turn::Record(below, number(names)),
                Fate::Walk if view.byte(value) == b'{' => Turn::Enter,
                Fate::Walk if view.byte(value) == b'[' => {
                    let element = automaton.node(trails.get(below).uniform()?);
                    if element.switch.is_some() || element.unpacks() {
                        return None;
                    }
                    Turn::Elements(kinds(|kind| element.fate(kind) == Fate::Keep))
                }
                _ => return None,
            };
            let kinds = match turn {
                Turn::Enter => OBJECT,
                Turn::Elements(_) => ARRAY,
                _ => kinds(|kind| trails.get(below).fate_of(kind) == fate),
            };
            self.push(Step::Member { name: Name::new(view.raw(name)), kinds, edge, turn })?;
            if matches!(turn, Turn::Enter) {
                self.object(trails, automaton, view, (below, value), names)?;
            }
            kept |= !goes(fate);
            under_way = !goes(fate) && !matches!(turn, Turn::Mask(_));
        }
        let edge = match (under_way, kept) {
            (true, false) => Edge::Empty,
            (true, true) => Edge::Nothing,
            (false, false) => Edge::Begin,
            (false, true) => Edge::BeginBlanks,
        };
        self.push(Step::Close(edge))
    }

    fn push(&mut self, step: Step) -> Option<()> {
        self.steps.push(step);
        (self.steps.len() <= STEPS).then_some(())
    }

    fn count(&mut self, trail: TrailId, counted: Counted) -> Turn {
        self.counted.push((trail, counted));
        Turn::Pass
    }
}

/// Whether a mask does the same with every value: neither the policy is asked, nor may a value stay.
fn repeats(masker: &Masker) -> bool {
    !matches!(masker.spec(), Mask::Own(_) | Mask::Patterns(_))
}

/// The kinds of values of which this holds.
fn kinds(holds: impl Fn(Kind) -> bool) -> u8 {
    [(Kind::Number, NUMBER), (Kind::String, SCALAR), (Kind::Object, OBJECT), (Kind::Array, ARRAY)]
        .iter()
        .filter(|(kind, _)| holds(*kind))
        .fold(0, |kinds, (_, bit)| kinds | bit)
}
