//! The names met in the objects of one place, in the order in which they came.
//!
//! The objects of one place mostly have the same members in the same order. What is known of a name is found by
//! comparing it with the one that came at its place before, without hashing it.

use std::collections::HashMap;

use crate::json::view::{View, name_of, opens};
use crate::number;

/// The names of one place and what is known of each, a number of the user's own.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    members: Vec<Member>,
    places: HashMap<Box<str>, usize>,
}

#[derive(Debug)]
struct Member {
    name: Name,
    target: u32,
}

/// A name as it was first written, with its quotes.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// Its first bytes.
    head: [u64; 2],
    /// Ones for each bit of `head` that is of the name.
    mask: [u64; 2],
    /// The bytes behind them.
    rest: Box<[u8]>,
}

/// Bytes that are compared at once.
const HEAD: usize = 16;

/// How far an object has been read by its shape.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Met {
    /// The place of the member that is expected.
    next: usize,
    /// Whether a member has come out of turn. As long as none has, those before `next` have been met.
    mixed: bool,
    /// A bit for each place that has been met, once they are mixed.
    places: [u64; MEMBERS / 64],
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

/// The target of names that lead nowhere.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Names that a shape holds at the most.
const MEMBERS: usize = 128;
/// Members that may be left out before a name is looked up.
const GAP: usize = 3;

impl Shape {
    /// Looks for a name of an object that is read from its beginning.
    #[inline(always)]
    pub(crate) fn meet(&self, met: &mut Met, view: View<'_>, name: u32) -> Meeting {
        if let Some(target) = self.expect(*met, view.bytes, view.position(name)) {
            met.pass();
            return Meeting::Known(target);
        }
        self.look_up(met, view, name)
    }

    /// Reads an object whose names are those of the shape, in order, and appends the values of those that lead
    /// somewhere, by their tokens. Gives the number of names, or none if they are others.
    #[inline(never)]
    pub(crate) fn read(&self, view: View<'_>, object: u32, found: &mut Vec<(u32, u32)>) -> Option<usize> {
        let View { bytes, tokens, skips, .. } = view;
        let end = skips[object as usize];
        let mut members = self.members.iter();
        let mut name = object + 1;
        while name < end {
            let member = members.next()?;
            if !member.name.is_at(bytes, tokens[name as usize] as usize) {
                return None;
            }
            let value = name + 1;
            if member.target != NOWHERE {
                found.push((value, member.target));
            }
            let first = bytes[tokens[value as usize] as usize];
            name = if opens(first) { skips[value as usize] + 1 } else { value + 1 };
        }
        Some(self.members.len() - members.len())
    }

    /// Where a name leads that is the one expected. None: it is another.
    #[inline(always)]
    pub(crate) fn expect(&self, met: Met, bytes: &[u8], start: usize) -> Option<u32> {
        let member = self.members.get(met.next)?;
        (!met.mixed && member.name.is_at(bytes, start)).then_some(member.target)
    }

    /// Looks for a name that is not the one that is expected.
    #[inline(never)]
    fn look_up(&self, met: &mut Met, view: View<'_>, name: u32) -> Meeting {
        let start = view.position(name);
        let next = |member: &Member| member.name.is_at(view.bytes, start);
        let gap = self.members.iter().skip(met.next).take(GAP).position(next);
        let known = || self.places.get(&*name_of(view.raw(name))).copied();
        let Some(place) = gap.map(|gap| met.next + gap).or_else(known) else {
            return Meeting::Unknown;
        };
        if !met.take(place) {
            return Meeting::Again;
        }
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
        self.members.push(Member { name: Name::new(quoted), target });
        self.places.insert(name.into(), place);
        met.take(place)
    }
}

impl Met {
    /// Goes on behind the member that was expected and has come.
    #[inline(always)]
    pub(crate) fn pass(&mut self) {
        self.next += 1;
    }

    /// Takes a member. False: it has been met before.
    fn take(&mut self, place: usize) -> bool {
        if !self.mixed && place == self.next {
            self.next += 1;
            return true;
        }
        if !self.mixed {
            self.mixed = true;
            for before in 0..self.next {
                self.places[before / 64] |= 1 << (before % 64);
            }
        }
        let (word, bit) = (&mut self.places[place / 64], 1 << (place % 64));
        let new = *word & bit == 0;
        *word |= bit;
        self.next = place + 1;
        new
    }
}

impl Name {
    /// A name, by its bytes with their quotes.
    pub(crate) fn new(quoted: &[u8]) -> Name {
        let compared = quoted.len().min(HEAD);
        let mask = u128::MAX.checked_shr(8 * number(HEAD - compared)).unwrap_or_default().to_le_bytes();
        Name { head: head(quoted, 0), mask: halves(&mask), rest: quoted[compared..].into() }
    }

    /// Whether a name that begins at `start` is this one. What begins as a name and its closing quote is this name: the
    /// quote is escaped in the one where it is in the other.
    #[inline(always)]
    pub(crate) fn is_at(&self, bytes: &[u8], start: usize) -> bool {
        let [low, high] = head(bytes, start);
        (low ^ self.head[0]) & self.mask[0] | (high ^ self.head[1]) & self.mask[1] == 0
            && (self.rest.is_empty() || self.goes_on(bytes, start))
    }

    #[inline(never)]
    fn goes_on(&self, bytes: &[u8], start: usize) -> bool {
        bytes.get(start + HEAD..).is_some_and(|bytes| bytes.starts_with(&self.rest))
    }
}

/// The first bytes from `start` on; zeros behind the end, which no name holds.
#[inline(always)]
fn head(bytes: &[u8], start: usize) -> [u64; 2] {
    match bytes.get(start..).and_then(<[u8]>::first_chunk) {
        Some(whole) => halves(whole),
        None => last_head(bytes, start),
    }
}

/// The head of a name so near to the end that there are not as many bytes.
#[inline(never)]
fn last_head(bytes: &[u8], start: usize) -> [u64; 2] {
    let mut padded = [0; HEAD];
    let rest = &bytes[start..];
    let length = rest.len().min(HEAD);
    padded[..length].copy_from_slice(&rest[..length]);
    halves(&padded)
}

#[inline(always)]
fn halves(bytes: &[u8; HEAD]) -> [u64; 2] {
    let [low, high] = bytes.as_chunks().0 else { return [0; 2] };
    [u64::from_le_bytes(*low), u64::from_le_bytes(*high)]
}
