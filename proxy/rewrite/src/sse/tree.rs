//! An event as an object: its fields are members, its data is a JSON document in it.

use std::borrow::Cow;

use crate::json::{KeyMemo, find_keys, find_keys_below};
use crate::judge::Scalar;
use crate::names::SeenNames;
use crate::plan::keys::KeyTree;
use crate::scan::Found;
use crate::sse::data::{Document, in_event};
use crate::sse::line::{Field, Line, text_of};
use crate::tree::{Kind, Tree};

/// An event by numbers. Values in its data have those that they have in the document; the event itself and its fields
/// have the greatest ones, where no document has any.
#[derive(Clone, Copy)]
pub(super) struct EventTree<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) lines: &'a [Line],
    pub(super) document: Option<Document<'a>>,
    /// Data that is no JSON: a string to the judge.
    pub(super) opaque: Option<&'a [u8]>,
}

/// The event itself.
pub(super) const EVENT: u32 = u32::MAX - 1;
/// The first of the numbers of names and of values, one for each kind of field.
const NAMES: u32 = u32::MAX - 16;
const VALUES: u32 = u32::MAX - 8;

/// In the order of their numbers.
const FIELDS: [Field; 4] = [Field::Data, Field::Event, Field::Id, Field::Retry];

impl<'a> EventTree<'a> {
    /// The first line of the field with a number, if it is one.
    fn line(self, at: u32) -> Option<&'a Line> {
        let field = *FIELDS.get(at.checked_sub(if at >= VALUES { VALUES } else { NAMES })? as usize)?;
        self.lines.iter().find(|line| line.field == field)
    }

    /// The value of a field by its name.
    fn member(self, name: &str) -> Option<u32> {
        let place = ["data", "event", "id", "retry"].iter().position(|&field| field == name)?;
        let value = VALUES + crate::number(place);
        match self.document {
            Some(document) if place == 0 => Some(document.root),
            None if place == 0 => self.opaque.map(|_| value),
            _ => self.line(value).map(|_| value),
        }
    }

    fn members(self) -> impl Iterator<Item = (Option<u32>, u32)> {
        let mut data_met = false;
        self.lines.iter().filter_map(move |line| {
            let place = FIELDS.iter().position(|&field| field == line.field)?;
            let place = crate::number(place);
            if line.field != Field::Data {
                return Some((Some(NAMES + place), VALUES + place));
            }
            if std::mem::replace(&mut data_met, true) {
                return None;
            }
            let value = self.document.map_or(VALUES + place, |document| document.root);
            (self.document.is_some() || self.opaque.is_some()).then_some((Some(NAMES + place), value))
        })
    }
}

impl Tree for EventTree<'_> {
    type Memo = KeyMemo;

    fn kind(self, at: u32) -> Kind {
        match (at, self.document) {
            (EVENT, _) => Kind::Object,
            (0..NAMES, Some(document)) => document.view.kind(at),
            _ => Kind::String,
        }
    }

    fn start(self, at: u32) -> u32 {
        match (at, self.document) {
            (EVENT, _) => 0,
            (0..NAMES, Some(document)) => in_event(self.lines, document.in_text(document.view.start(at))),
            _ => self.line(at).map_or(0, |line| if at >= VALUES { line.value } else { line.start }),
        }
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let members = (at == EVENT).then(|| self.members());
        let document = self.document.filter(|_| at < NAMES);
        let values = document.map(move |document| Tree::children(document.view, at));
        members.into_iter().flatten().chain(values.into_iter().flatten())
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        match &self.document {
            Some(document) if at < NAMES => document.view.name(at),
            _ => Cow::Borrowed(self.line(at).map_or("", |line| line.name(self.bytes))),
        }
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        match (&self.document, self.opaque) {
            (Some(document), _) if at < NAMES => document.view.scalar(at, scratch),
            (_, Some(text)) if at == VALUES => Scalar::Text(text_of(text)),
            _ => self.line(at).map_or(Scalar::Null, |line| Scalar::Text(line.value(self.bytes))),
        }
    }

    fn find_keys(
        self,
        record: u32,
        keys: &KeyTree,
        memo: &mut KeyMemo,
        seen: &mut SeenNames,
        slots: &mut [u32],
    ) -> Found<()> {
        let mapped = |(kind, position)| {
            let in_text = self.document.map_or(position, |document| document.in_text(position));
            (kind, in_event(self.lines, in_text))
        };
        if let Some(document) = self.document
            && record < NAMES
        {
            return find_keys(document.view, record, keys, memo, seen, slots).map_err(mapped);
        }
        let root = keys.node(0);
        if let Some(slot) = root.slot {
            slots[slot] = record;
        }
        if record != EVENT {
            return Ok(());
        }
        // No name stands twice in an event. What is looked for is less than what there is, mostly.
        for (name, &node) in &root.members {
            let Some(value) = self.member(name) else { continue };
            match self.document {
                Some(document) if value < NAMES => {
                    find_keys_below(document.view, value, (keys, node), memo, seen, slots).map_err(mapped)?;
                }
                _ => {
                    if let Some(slot) = keys.node(node).slot {
                        slots[slot] = value;
                    }
                }
            }
        }
        Ok(())
    }
}
