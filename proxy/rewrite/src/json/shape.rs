//! The names met in the objects of one place, in the order in which they came.
//!
//! The objects of one place mostly have the same members in the same order. What is known of a name is found by
//! comparing it with the one that came at its place before, without hashing it.

use std::collections::HashMap;

use crate::json::view::{View, name_of};

/// The names of one place and what is known of each, a number of the user's own.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    members: Vec<Member>,
    places: HashMap<Box<str>, usize>,
}

#[derive(Debug)]
struct Member {
    /// Its name as it was first written, with its quotes.
    quoted: Box<[u8]>,
    target: u32,
}

/// How far an object has been read by its shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// The place of the member that is expected.
    next: usize,
    /// A bit for each place that has been met.
    places: u128,
    /// Whether all names of the object were compared with each other, since not all are in the shape.
    pub(crate) compared: bool,
}

/// A name in a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meeting {
    /// It leads to this target.
    Known(u32),
    /// It stands twice in this object.
    Again,
    /// It is not in the shape.
    Unknown,
}

/// Names that a shape holds at the most, as many as [`Met`] has bits.
const MEMBERS: usize = 128;
/// Members that may be left out before a name is looked up.
const GAP: usize = 3;

impl Shape {
    /// Looks for a name of an object that is read from its beginning.
    pub(crate) fn meet(&self, met: &mut Met, view: View<'_>, name: u32) -> Meeting {
        let rest = &view.bytes[view.position(name)..];
        let found = (met.next..self.members.len().min(met.next + GAP))
            .find(|&place| begins_with(rest, &self.members[place].quoted))
            .or_else(|| self.places.get(&*name_of(view.raw(name))).copied());
        let Some(place) = found else { return Meeting::Unknown };
        if met.places & (1 << place) != 0 {
            return Meeting::Again;
        }
        met.places |= 1 << place;
        met.next = place + 1;
        Meeting::Known(self.members[place].target)
    }

    /// What is known of a name, by its bytes with their quotes.
    pub(crate) fn find(&self, name: &str) -> Option<u32> {
        self.places.get(name).map(|&place| self.members[place].target)
    }

    /// Adds a name that is not known, which an object being read has just shown. False: there is no room for it.
    pub(crate) fn add(&mut self, met: &mut Met, name: &str, quoted: &[u8], target: u32) -> bool {
        let place = self.members.len();
        if place == MEMBERS {
            return false;
        }
        self.members.push(Member { quoted: quoted.into(), target });
        self.places.insert(name.into(), place);
        met.places |= 1 << place;
        met.next = place + 1;
        true
    }
}

/// Whether bytes begin with a name and its quotes. What begins so is this name: its closing quote is not escaped
/// where that of the name is not.
fn begins_with(bytes: &[u8], quoted: &[u8]) -> bool {
    bytes.len() >= quoted.len() && bytes[..quoted.len()] == *quoted
}
