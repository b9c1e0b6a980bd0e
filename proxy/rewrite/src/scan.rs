//! Looks through a held record: for the keys that judges ask for, and for the records nested in it.

use std::borrow::Cow;

use crate::automaton::{Automaton, Fate, NodeId};
use crate::batch::Batch;
use crate::error::EditErrorKind;
use crate::judge::Value;
use crate::keys::KeyTree;
use crate::lexer::ScalarKind;
use crate::mask::scalar;
use crate::names::SeenNames;
use crate::tape::{Kind, Token, View};

/// What was found in a record, and where in its buffer.
pub(crate) type Found<T> = Result<T, (EditErrorKind, u32)>;

/// A slot in which nothing was found.
pub(crate) const ABSENT: u32 = u32::MAX;

/// Fills the slots of a record's keys with the tokens found, duplicates refused in every object on the way.
pub(crate) fn find_keys(
    view: View<'_>,
    record: u32,
    tree: &KeyTree,
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    find_keys_at(view, record, (tree, 0), seen, slots)
}

fn find_keys_at(
    view: View<'_>,
    at: u32,
    (tree, node): (&KeyTree, usize),
    seen: &mut SeenNames,
    slots: &mut [u32],
) -> Found<()> {
    let place = tree.node(node);
    if let Some(slot) = place.slot {
        slots[slot] = at;
    }
    match view.token(at).kind {
        Kind::Object if !place.members.is_empty() => {
            seen.open();
            for (name, value) in view.children(at) {
                let name = add_name(view, name, seen)?;
                if let Some(&next) = place.members.get(&*name) {
                    find_keys_at(view, value, (tree, next), seen, slots)?;
                }
            }
            seen.close();
        }
        Kind::Array if !place.elements.is_empty() => {
            for (index, (_, value)) in (0..).zip(view.children(at)) {
                if let Some(&next) = place.elements.get(&index) {
                    find_keys_at(view, value, (tree, next), seen, slots)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// A member's name, remembered so that it is refused the second time.
pub(crate) fn add_name<'a>(view: View<'a>, name: Option<u32>, seen: &mut SeenNames) -> Found<Cow<'a, str>> {
    let Some(name) = name else {
        return Ok(Cow::Borrowed(""));
    };
    let token = view.token(name);
    let text = text(view, token);
    seen.add(&text).map_err(|kind| (kind, token.start))?;
    Ok(text)
}

/// The text of a name or string.
pub(crate) fn text<'a>(view: View<'a>, token: Token) -> Cow<'a, str> {
    let inner = &view.text[token.start as usize + 1..token.end as usize - 1];
    if !token.escaped {
        return Cow::Borrowed(inner);
    }
    let mut unescaped = String::with_capacity(inner.len());
    crate::tape::unescape(inner, &mut unescaped);
    Cow::Owned(unescaped)
}

/// Appends to a batch what a key found.
pub(crate) fn push_found(batch: &mut Batch, view: View<'_>, at: u32, scratch: &mut String) {
    if at == ABSENT {
        return batch.push_value(&Value::Absent);
    }
    let token = view.token(at);
    match token.kind {
        Kind::Scalar(_) => {
            batch.begin_one();
            batch.push_scalar(scalar(view, token, scratch));
            batch.end_value();
        }
        Kind::Array if view.children(at).all(|(_, value)| is_scalar(view, value)) => {
            batch.begin_many(view.children(at).count());
            for (_, value) in view.children(at) {
                batch.push_scalar(scalar(view, view.token(value), scratch));
            }
            batch.end_value();
        }
        _ => batch.push_value(&Value::Composite),
    }
}

fn is_scalar(view: View<'_>, at: u32) -> bool {
    matches!(view.token(at).kind, Kind::Scalar(_))
}

/// The fate of a value by its type.
pub(crate) fn fate(automaton: &Automaton, id: NodeId, token: Token) -> Fate {
    let node = automaton.node(id);
    match token.kind {
        Kind::Object => node.object,
        Kind::Array => node.array,
        Kind::Scalar(ScalarKind::Number) => node.number,
        Kind::Scalar(_) | Kind::Name => node.scalar,
    }
}

/// Where an entry of a name/value array leads by its own name; anything else leads where it led.
pub(crate) fn resolve(
    view: View<'_>,
    automaton: &Automaton,
    mut id: NodeId,
    at: u32,
    seen: &mut SeenNames,
) -> Found<NodeId> {
    while let Some(switch) = automaton.node(id).switch.as_deref() {
        id = switch.other;
        if view.token(at).kind != Kind::Object {
            continue;
        }
        seen.open();
        for (name, value) in view.children(at) {
            let name = add_name(view, name, seen)?;
            let token = view.token(value);
            if *name == *switch.name && token.kind == Kind::Scalar(ScalarKind::String) {
                id = switch.entries.get(&*text(view, token)).copied().unwrap_or(switch.other);
            }
        }
        seen.close();
    }
    Ok(id)
}

/// Gives the nested records that an automaton lets stand, in the body's order.
pub(crate) fn find_records(
    view: View<'_>,
    automaton: &Automaton,
    (id, at): (NodeId, u32),
    seen: &mut SeenNames,
    found: &mut impl FnMut(u32, u32),
) -> Found<()> {
    let id = resolve(view, automaton, id, at, seen)?;
    let token = view.token(at);
    match fate(automaton, id, token) {
        Fate::Record(set) => found(set, at),
        Fate::Walk => {
            for (index, (name, value)) in (0..).zip(view.children(at)) {
                let next = match name {
                    Some(name) => automaton.member(id, &text(view, view.token(name))),
                    None => automaton.element(id, index),
                };
                find_records(view, automaton, (next, value), seen, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}
