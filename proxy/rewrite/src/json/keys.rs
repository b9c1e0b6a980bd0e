//! Finds the keys of a record.

use crate::error::{EditErrorKind, Limit};
use crate::json::shape::{Meeting, Met, NOWHERE, Shape};
use crate::json::view::{View, failed};
use crate::names::SeenNames;
use crate::number;
use crate::plan::keys::KeyTree;
use crate::scan::Found;
use crate::tree::Tree;

/// The names met on the way to keys, by place.
#[derive(Debug, Default)]
pub(crate) struct KeyMemo {
    places: Vec<Place>,
    /// Values that lead to keys, by their tokens, each with its place: those of the objects that are
    /// open.
    found: Vec<(u32, u32)>,
}

#[derive(Debug)]
struct Place {
    /// Its node in the tree of keys.
    node: usize,
    shape: Shape,
}

struct Search<'s, 'a> {
    view: View<'a>,
    keys: &'s KeyTree,
    memo: &'s mut KeyMemo,
    seen: &'s mut SeenNames,
    slots: &'s mut [u32],
    /// Names of the objects that are open.
    names: usize,
    limit: usize,
}

/// Fills the slots of a record's keys with the values found, duplicates refused in every object on the way.
pub(crate) fn find_keys(
    view: View<'_>,
    record: u32,
    keys: &KeyTree,
    memo: &mut KeyMemo,
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    find_keys_below(view, record, (keys, 0), memo, seen, slots)
}

/// Fills the slots of the keys below a node of their tree, which leads to a value.
pub(crate) fn find_keys_below(
    view: View<'_>,
    at: u32,
    (keys, node): (&KeyTree, usize),
    memo: &mut KeyMemo,
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    let limit = seen.limit();
    let mut search = Search { view, keys, memo, seen, slots, names: 0, limit };
    let place = search.place(node);
    search.value(at, place)
}

impl Search<'_, '_> {
    fn value(&mut self, at: u32, place: u32) -> Found<()> {
        let node = self.keys.node(self.memo.places[place as usize].node);
        if let Some(slot) = node.slot {
            self.slots[slot] = at;
        }
        match self.view.byte(at) {
            b'{' if !node.members.is_empty() => self.members(at, place),
            b'[' if !node.elements.is_empty() => {
                for (index, (_, value)) in (0..).zip(self.view.children(at)) {
                    if let Some(&next) = node.elements.get(&index) {
                        // Places of elements are few, and have no shape of their own to remember them by.
                        let place = self.place(next);
                        self.value(value, place)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn members(&mut self, object: u32, place: u32) -> Found<()> {
        let found = &mut self.memo.found;
        let begun = found.len();
        let read = self.memo.places[place as usize].shape.read(self.view, object, found);
        match read {
            Some(count) if self.names + count <= self.limit => {
                self.names += count;
                for at in begun..self.memo.found.len() {
                    let (value, target) = self.memo.found[at];
                    self.value(value, target)?;
                }
                self.names -= count;
                self.memo.found.truncate(begun);
                Ok(())
            }
            _ => {
                self.memo.found.truncate(begun);
                self.mixed_members(object, place)
            }
        }
    }

    /// Reads an object whose names are not those that came before at its place.
    #[inline(never)]
    fn mixed_members(&mut self, object: u32, place: u32) -> Found<()> {
        let View { bytes, tokens, .. } = self.view;
        let names = self.names;
        let end = self.view.closing(object);
        let mut met = Met::default();
        let mut name = object + 1;
        while name < end {
            self.names += 1;
            if self.names > self.limit {
                return Err(failed(self.view, name, EditErrorKind::Limit(Limit::Members)));
            }
            let target = match self.memo.places[place as usize].shape.meet(&mut met, self.view, name) {
                Meeting::Known(target) => target,
                Meeting::Again => return Err(failed(self.view, name, EditErrorKind::DuplicateName)),
                Meeting::Unknown => self.learn(object, name, place, &mut met)?,
            };
            let value = name + 1;
            if target != NOWHERE {
                self.value(value, target)?;
            }
            name = self.view.behind_byte(value, bytes[tokens[value as usize] as usize]);
        }
        self.names = names;
        Ok(())
    }

    /// Where a name leads that was not met before.
    fn learn(&mut self, object: u32, name: u32, place: u32, met: &mut Met) -> Found<u32> {
        let view = self.view;
        let text = view.name(name);
        let node = self.keys.node(self.memo.places[place as usize].node);
        let target = match node.members.get(&*text) {
            Some(&next) => self.place(next),
            None => NOWHERE,
        };
        let quoted = view.raw(name);
        let room = self.memo.places[place as usize].shape.add(met, &text, quoted, target);
        if !room && !met.compared {
            met.compared = true;
            view.check_names(object, self.seen)?;
        }
        Ok(target)
    }

    /// The place of a node of the tree of keys: there is one for each.
    fn place(&mut self, node: usize) -> u32 {
        let places = &mut self.memo.places;
        let found = places.iter().position(|place| place.node == node);
        number(found.unwrap_or_else(|| {
            places.push(Place { node, shape: Shape::default() });
            places.len() - 1
        }))
    }
}
