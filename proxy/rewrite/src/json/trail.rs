//! The places of a body that have been met, each with what the plan says of it: what was found once need not be looked
//! up again for the next object of the same shape.
//!
//! Trails are remembered up to a bound. Those beyond it pass: they live until the walk leaves their container.

use std::sync::Arc;

use crate::json::course::{Course, Courses, Taken};
use crate::json::shape::{Meeting, Met, Shape};
use crate::json::view::View;
use crate::number;
use crate::place::shown;
use crate::plan::automaton::{Automaton, Fate, NodeId, ROOT};
use crate::report::{PathCounts, Report};
use crate::tree::Kind;

/// A trail's number.
pub(crate) type TrailId = u32;

#[derive(Debug, Default)]
pub(crate) struct Trails {
    kept: Vec<Trail>,
    /// Values counted at kept trails and not yet in the report, by [`Counted`].
    counts: Vec<[u32; 3]>,
    passing: Vec<Trail>,
    /// What has been counted at kept trails and is not in the report yet, in the order in which it was met.
    counted: Vec<Tallied>,
    /// What was done with records, for those of the same shape.
    pub(crate) courses: Courses,
}

/// A place, by its pattern and by the state of an automaton.
#[derive(Debug)]
pub(crate) struct Trail {
    pub(crate) node: NodeId,
    /// Whether an entry's own name decides where it leads.
    pub(crate) switches: bool,
    /// Whether more than its kind decides what becomes of a value.
    pub(crate) special: bool,
    /// Whether strings here are read as JSON.
    pub(crate) unpacks: bool,
    /// The set whose columns an array here names.
    pub(crate) header: Option<u32>,
    /// Whether sets end with a value here.
    pub(crate) finishes: bool,
    number: Fate,
    scalar: Fate,
    object: Fate,
    array: Fate,
    /// Where its elements lead if all lead to the same state, else [`NONE`].
    elements: NodeId,
    pattern: Arc<str>,
    members: Shape,
    /// Further places below, by how they are reached.
    others: Vec<(Turn, TrailId)>,
    /// The courses that records here have taken.
    pub(crate) taken: Taken,
}

/// How a place is reached that is no member of its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// An element.
    Element(NodeId),
    /// A member whose name counts do not show.
    Nameless(NodeId),
    /// The same place in another state: what a switch leads to.
    Switch(NodeId),
    /// The same place as a record, by its set and by its profile or merger.
    Record(u32, u64),
}

/// What a value is counted as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counted {
    Removed,
    Masked,
    Unlisted,
}

/// What has been counted and is not in the report yet.
#[derive(Clone, Copy, Debug)]
enum Tallied {
    Value(TrailId, Counted),
    /// All that a course counts, by its number.
    Course(u32),
}

/// Trails remembered.
const KEPT: usize = 4096;
/// Trails kept from one body to the next.
const SMALL: usize = 512;
/// Trails that pass have this bit.
const PASSING: TrailId = 1 << 31;
const NONE: NodeId = NodeId::MAX;

/// The trail of the body.
pub(crate) const START: TrailId = 0;

impl Trails {
    pub(crate) fn new(outside: &Automaton) -> Trails {
        Trails {
            kept: vec![Trail::new(outside, ROOT, "$".into())],
            counts: vec![[0; 3]],
            ..Trails::default()
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: TrailId) -> &Trail {
        match id & PASSING {
            0 => &self.kept[id as usize],
            _ => &self.passing[(id & !PASSING) as usize],
        }
    }

    pub(crate) fn get_mut(&mut self, id: TrailId) -> &mut Trail {
        match id & PASSING {
            0 => &mut self.kept[id as usize],
            _ => &mut self.passing[(id & !PASSING) as usize],
        }
    }

    /// Where a member's name leads in an object that is read from its beginning, if that is known.
    #[inline]
    pub(crate) fn meet(&self, id: TrailId, met: &mut Met, view: View<'_>, name: u32) -> Meeting {
        self.get(id).members.meet(met, view, name)
    }

    /// Where a member's name leads; `quoted` are its bytes. False: it could not be remembered.
    pub(crate) fn member(
        &mut self,
        automaton: &Automaton,
        id: TrailId,
        met: &mut Met,
        (name, quoted): (&str, &[u8]),
    ) -> (TrailId, bool) {
        if let Some(known) = self.get(id).members.find(name) {
            return (known, true);
        }
        let node = automaton.member(self.get(id).node, name);
        let part = shown(name);
        if part == "*" {
            return (self.turn(automaton, id, Turn::Nameless(node)), false);
        }
        let pattern = [&*self.get(id).pattern, ".", part].concat();
        let trail = Trail::new(automaton, node, pattern.into());
        if id & PASSING == 0 && self.kept.len() < KEPT {
            let next = number(self.kept.len());
            if self.get_mut(id).members.add(met, name, quoted, next) {
                self.kept.push(trail);
                self.counts.push([0; 3]);
                return (next, true);
            }
        }
        (self.pass(trail), false)
    }

    /// Where an element leads.
    pub(crate) fn element(&mut self, automaton: &Automaton, id: TrailId, index: u64) -> TrailId {
        let trail = self.get(id);
        let node = match trail.elements {
            NONE => automaton.element(trail.node, index),
            node => node,
        };
        self.turn(automaton, id, Turn::Element(node))
    }

    /// The place reached by a turn, if it has been reached before.
    pub(crate) fn known(&self, id: TrailId, turn: Turn) -> Option<TrailId> {
        let mut others = self.get(id).others.iter();
        others.find(|(other, _)| *other == turn).map(|(_, known)| *known)
    }

    /// The place reached by a turn. `automaton` is the one of that place.
    pub(crate) fn turn(&mut self, automaton: &Automaton, id: TrailId, turn: Turn) -> TrailId {
        if let Some(known) = self.known(id, turn) {
            return known;
        }
        let trail = self.get(id);
        let (node, part) = match turn {
            Turn::Element(node) => (node, "[*]"),
            Turn::Nameless(node) => (node, ".*"),
            Turn::Switch(node) => (node, ""),
            Turn::Record(..) => (ROOT, ""),
        };
        let pattern = [&*trail.pattern, part].concat();
        let below = Trail::new(automaton, node, pattern.into());
        if id & PASSING != 0 || self.kept.len() >= KEPT {
            return self.pass(below);
        }
        let next = number(self.kept.len());
        self.kept.push(below);
        self.counts.push([0; 3]);
        self.get_mut(id).others.push((turn, next));
        next
    }

    /// Whether a trail lives only until the walk leaves its container.
    pub(crate) fn passes(id: TrailId) -> bool {
        id & PASSING != 0
    }

    /// Whether there are so few trails that they can be kept for the next body.
    pub(crate) fn is_small(&self) -> bool {
        self.kept.len() <= SMALL
    }

    /// How many trails pass, for [`Trails::back`].
    pub(crate) fn mark(&self) -> usize {
        self.passing.len()
    }

    /// Forgets the trails that passed since a mark.
    pub(crate) fn back(&mut self, mark: usize) {
        self.passing.truncate(mark);
    }

    /// The place's pattern, as counts have it.
    pub(crate) fn pattern(&self, id: TrailId) -> &str {
        &self.get(id).pattern
    }

    /// Counts a value at its place.
    pub(crate) fn count(&mut self, id: TrailId, counted: Counted, report: &mut Report) {
        if id & PASSING != 0 {
            self.settle(report);
            counts_of(report, counted).add_shared(&self.get(id).pattern, 1);
            return;
        }
        self.tally().count(id, counted);
    }

    /// The kept trails, and where values are counted at them.
    pub(crate) fn tally(&mut self) -> Tally<'_> {
        Tally { trails: &self.kept, counts: &mut self.counts, counted: &mut self.counted }
    }

    /// Brings what has been counted into the report.
    pub(crate) fn settle(&mut self, report: &mut Report) {
        for tallied in self.counted.drain(..) {
            let mut add = |id: TrailId, counted, count| {
                counts_of(report, counted).add_shared(&self.kept[id as usize].pattern, count);
            };
            match tallied {
                Tallied::Value(id, counted) => {
                    let count = std::mem::take(&mut self.counts[id as usize][counted as usize]);
                    add(id, counted, u64::from(count));
                }
                Tallied::Course(course) => {
                    let (values, uses) = self.courses.take_uses(course);
                    values.iter().for_each(|&(id, counted)| add(id, counted, uses));
                }
            }
        }
    }

    /// Adds a course to those of a place. What others counted must be in the report.
    pub(crate) fn add_course(&mut self, id: TrailId, course: Course) {
        let mut taken = std::mem::take(&mut self.get_mut(id).taken);
        self.courses.add(&mut taken, course);
        self.get_mut(id).taken = taken;
    }

    /// Counts what a course counts.
    pub(crate) fn count_course(&mut self, course: u32) {
        if self.courses.count_use(course) {
            self.counted.push(Tallied::Course(course));
        }
    }

    fn pass(&mut self, trail: Trail) -> TrailId {
        self.passing.push(trail);
        PASSING | number(self.passing.len() - 1)
    }
}

/// The kept trails while values are counted at them.
pub(crate) struct Tally<'a> {
    trails: &'a [Trail],
    counts: &'a mut [[u32; 3]],
    counted: &'a mut Vec<Tallied>,
}

impl<'a> Tally<'a> {
    /// A trail, if it is kept.
    #[inline(always)]
    pub(crate) fn trail(&self, id: TrailId) -> Option<&'a Trail> {
        self.trails.get(id as usize)
    }

    #[inline(always)]
    pub(crate) fn count(&mut self, id: TrailId, counted: Counted) {
        let count = &mut self.counts[id as usize][counted as usize];
        if *count == 0 {
            self.counted.push(Tallied::Value(id, counted));
        }
        *count += 1;
    }
}

impl Trail {
    /// Where all elements lead, if that is the same state for all.
    pub(crate) fn uniform(&self) -> Option<NodeId> {
        self.is_uniform().then_some(self.elements)
    }

    /// The fate of a value of a kind.
    pub(crate) fn fate_of(&self, kind: Kind) -> Fate {
        match kind {
            Kind::Object => self.object,
            Kind::Array => self.array,
            Kind::Number => self.number,
            Kind::Null | Kind::True | Kind::False | Kind::String => self.scalar,
        }
    }

    /// Whether all elements lead to the same state.
    pub(crate) fn is_uniform(&self) -> bool {
        self.elements != NONE
    }

    /// The names met in objects here.
    #[inline(always)]
    pub(crate) fn members(&self) -> &Shape {
        &self.members
    }

    /// Where a member leads whose name has been met here.
    pub(crate) fn find(&self, name: &str) -> Option<TrailId> {
        self.members.find(name)
    }

    /// The fate of a value, by its first byte.
    #[inline]
    pub(crate) fn fate(&self, first: u8) -> Fate {
        match first {
            b'{' => self.object,
            b'[' => self.array,
            b'"' | b't' | b'f' | b'n' => self.scalar,
            _ => self.number,
        }
    }

    fn new(automaton: &Automaton, id: NodeId, pattern: Arc<str>) -> Trail {
        let node = automaton.node(id);
        Trail {
            node: id,
            switches: node.switch.is_some(),
            special: node.switch.is_some() || node.unpacks(),
            unpacks: node.unpacks(),
            header: node.header,
            finishes: !node.finishes.is_empty(),
            number: node.number,
            scalar: node.scalar,
            object: node.object,
            array: node.array,
            elements: if node.elements.is_empty() { node.element } else { NONE },
            pattern,
            members: Shape::default(),
            others: Vec::new(),
            taken: Taken::default(),
        }
    }
}

fn counts_of(report: &mut Report, counted: Counted) -> &mut PathCounts {
    match counted {
        Counted::Removed => &mut report.removed,
        Counted::Masked => &mut report.masked,
        Counted::Unlisted => &mut report.unlisted,
    }
}

/// Where a value leads whose own name decides it: an entry of a name/value array.
pub(crate) fn switch(
    trails: &mut Trails,
    automaton: &Automaton,
    id: TrailId,
    (view, at): (View<'_>, u32),
    seen: &mut crate::names::SeenNames,
) -> crate::scan::Found<TrailId> {
    let node = crate::scan::resolve(view, automaton, trails.get(id).node, at, seen)?;
    Ok(trails.turn(automaton, id, Turn::Switch(node)))
}
