//! Finds the values that judges ask for, all of those that a key's path selects.

use crate::batch::Batch;
use crate::judge::Value;
use crate::plan::keys::KeyTree;
use crate::scan::{ABSENT, SEVERAL};
use crate::tree::{Kind, Tree};
use crate::xml::tape::{Part, TEXT, View, with_name};

/// The places of a set's keys, laid out to be compared with names as they are written.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Place {
    slot: Option<usize>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    part: Part,
    name: Box<str>,
    place: usize,
}

impl Memo {
    /// Fills the slots of a record's keys with the value found, or with the word that there are several.
    pub(crate) fn find(&mut self, view: View<'_>, record: u32, keys: &KeyTree, slots: &mut [u32]) {
        if self.places.is_empty() {
            self.places = (0..keys.len()).map(|node| Place::of(keys, node)).collect();
        }
        self.find_at(view, record, 0, slots);
    }

    fn find_at(&self, view: View<'_>, at: u32, place: usize, slots: &mut [u32]) {
        let place = &self.places[place];
        if let Some(slot) = place.slot {
            slots[slot] = if slots[slot] == ABSENT { at } else { SEVERAL };
        }
        if place.members.is_empty() || view.token(at).part != Part::Element {
            return;
        }
        for value in view.members(at) {
            let token = view.token(value);
            let written = view.written_name(token);
            for member in &place.members {
                if member.part == token.part && *member.name == *written {
                    self.find_at(view, value, member.place, slots);
                }
            }
        }
    }
}

impl Place {
    fn of(keys: &KeyTree, node: usize) -> Place {
        let node = keys.node(node);
        let members = node.members.iter().map(|(name, &place)| match name.strip_prefix('@') {
            Some(name) => Member { part: Part::Attribute, name: name.into(), place },
            None if **name == *TEXT => Member { part: Part::Text, name: "".into(), place },
            None => Member { part: Part::Element, name: name.clone(), place },
        });
        Place { slot: node.slot, members: members.collect() }
    }
}

/// Appends to a batch the several values that a key found.
pub(crate) fn push_several(
    view: View<'_>,
    record: u32,
    (keys, slot): (&KeyTree, usize),
    batch: &mut Batch,
    scratch: &mut String,
) {
    let (mut count, mut scalars) = (0, true);
    visit(view, record, (keys, 0, slot), &mut |at| {
        count += 1;
        scalars &= view.kind(at) != Kind::Object;
    });
    if !scalars {
        return batch.push_value(&Value::Composite);
    }
    batch.begin_many(count);
    visit(view, record, (keys, 0, slot), &mut |at| batch.push_scalar(view.scalar(at, scratch)));
    batch.end_value();
}

/// Calls with each value that belongs into a slot.
fn visit(view: View<'_>, at: u32, (keys, node, slot): (&KeyTree, usize, usize), call: &mut dyn FnMut(u32)) {
    let place = keys.node(node);
    if place.slot == Some(slot) {
        call(at);
    }
    if place.members.is_empty() || view.token(at).part != Part::Element {
        return;
    }
    for value in view.members(at) {
        let token = view.token(value);
        let next = with_name(token.part, view.written_name(token), |name| place.members.get(name).copied());
        if let Some(next) = next {
            visit(view, value, (keys, next, slot), call);
        }
    }
}
