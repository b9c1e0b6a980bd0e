//! Looks through a held record: for the keys that judges ask for, and for the records nested in it.

use std::borrow::Cow;

use crate::batch::Batch;
use crate::error::EditErrorKind;
use crate::judge::{Scalar, Value};
use crate::names::SeenNames;
use crate::plan::automaton::{Automaton, Fate, NodeId};
use crate::plan::keys::KeyTree;
use crate::tree::{self, Kind, Tree};

/// What was found in a record, and where in its buffer.
pub(crate) type Found<T> = Result<T, (EditErrorKind, u32)>;

/// A record that stands in a string, where the plan has strings that hold JSON.
pub(crate) const RECORD_IN_STRING: EditErrorKind = EditErrorKind::Malformed("a record is a string");

/// A slot in which nothing was found.
pub(crate) const ABSENT: u32 = u32::MAX;
/// A slot for which several values were found, where names may repeat.
pub(crate) const SEVERAL: u32 = u32::MAX - 1;

/// Fills the slots of a record's keys with the values found, duplicates refused in every object on the way.
pub(crate) fn find_keys<T: Tree>(
    tree: T,
    record: u32,
    keys: &KeyTree,
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    find_keys_at(tree, record, (keys, 0), seen, slots)
}

fn find_keys_at<T: Tree>(
    tree: T,
    at: u32,
    (keys, node): (&KeyTree, usize),
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    let place = keys.node(node);
    let at = if place.packed { tree.unpack(at)? } else { at };
    if let Some(slot) = place.slot {
        slots[slot] = at;
    }
    match tree.kind(at) {
        Kind::Object if !place.members.is_empty() => {
            seen.open();
            for (name, value) in tree.children(at) {
                let name = add_name(&tree, name, seen)?;
                if let Some(&next) = place.members.get(&*name) {
                    find_keys_at(tree, value, (keys, next), seen, slots)?;
                }
            }
            seen.close();
        }
        Kind::Array if !place.elements.is_empty() => {
            for (index, (_, value)) in (0..).zip(tree.children(at)) {
                if let Some(&next) = place.elements.get(&index) {
                    find_keys_at(tree, value, (keys, next), seen, slots)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// A member's name, remembered so that it is refused the second time.
pub(crate) fn add_name<'a, T: Tree>(
    tree: &'a T,
    name: Option<u32>,
    seen: &mut SeenNames,
) -> Found<Cow<'a, str>> {
    let Some(name) = name else {
        return Ok(Cow::Borrowed(""));
    };
    let text = tree.name(name);
    if tree.names_are_unique() {
        tree::at(tree.start(name), seen.add(&text))?;
    }
    Ok(text)
}

/// Appends to a batch what a key found.
pub(crate) fn push_found<T: Tree>(batch: &mut Batch, tree: T, at: u32, scratch: &mut String) {
    if at == ABSENT {
        return batch.push_value(&Value::Absent);
    }
    match tree.kind(at) {
        Kind::Object => batch.push_value(&Value::Composite),
        Kind::Array if tree.children(at).all(|(_, value)| is_scalar(tree, value)) => {
            batch.begin_many(tree.children(at).count());
            for (_, value) in tree.children(at) {
                batch.push_scalar(tree.scalar(value, scratch));
            }
            batch.end_value();
        }
        Kind::Array => batch.push_value(&Value::Composite),
        _ => {
            batch.begin_one();
            batch.push_scalar(tree.scalar(at, scratch));
            batch.end_value();
        }
    }
}

fn is_scalar<T: Tree>(tree: T, at: u32) -> bool {
    !matches!(tree.kind(at), Kind::Object | Kind::Array)
}

/// The fate of a value by its kind.
pub(crate) fn fate(automaton: &Automaton, id: NodeId, kind: Kind) -> Fate {
    automaton.node(id).fate(kind)
}

/// Where an entry of a name/value array leads by its own name; anything else leads where it led.
pub(crate) fn resolve<T: Tree>(
    tree: T,
    automaton: &Automaton,
    mut id: NodeId,
    at: u32,
    seen: &mut SeenNames,
) -> Found<NodeId> {
    let mut scratch = String::new();
    while let Some(switch) = automaton.node(id).switch.as_deref() {
        id = switch.other;
        if tree.kind(at) != Kind::Object {
            continue;
        }
        let mut named = 0;
        seen.open();
        for (name, value) in tree.children(at) {
            let name = add_name(&tree, name, seen)?;
            if *name == *switch.name {
                named += 1;
                if let Scalar::Text(text) = tree.scalar(value, &mut scratch) {
                    id = switch.entries.get(text).copied().unwrap_or(switch.other);
                }
            }
        }
        seen.close();
        // Where names may repeat, an entry with two names has none.
        if named > 1 {
            id = switch.other;
        }
    }
    Ok(id)
}

/// Gives the nested records that an automaton lets stand, in the body's order.
pub(crate) fn find_records<T: Tree>(
    tree: T,
    automaton: &Automaton,
    (id, at): (NodeId, u32),
    seen: &mut SeenNames,
    found: &mut impl FnMut(u32, u32),
) -> Found<()> {
    let id = resolve(tree, automaton, id, at, seen)?;
    match fate(automaton, id, tree.kind(at)) {
        Fate::Record(set) if tree.is_record(at) => found(set, at),
        Fate::Walk => {
            for (index, (name, value)) in (0..).zip(tree.children(at)) {
                let next = match name {
                    Some(name) => automaton.member(id, &tree.name(name)),
                    None => automaton.element(id, index),
                };
                find_records(tree, automaton, (next, value), seen, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}
