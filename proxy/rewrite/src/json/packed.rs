//! Records of which some keys stand in strings that hold JSON (H29).

use std::borrow::Cow;
use std::cell::RefCell;

use crate::json::keys::KeyMemo;
use crate::json::unpack::{Unpacked, Unpacker};
use crate::json::view::View;
use crate::judge::Scalar;
use crate::limits::Limits;
use crate::number;
use crate::scan::Found;
use crate::tree::{Kind, Tree};

/// What the strings on the way to keys hold, for the records of a batch.
#[derive(Debug)]
pub(crate) struct Packs {
    unpacker: Unpacker,
    documents: Vec<Document>,
}

#[derive(Debug)]
struct Document {
    unpacked: Unpacked,
    /// The number of its root: its other values have those behind it.
    base: u32,
    /// The number behind its last value.
    end: u32,
    /// Where the string begins in its record's buffer.
    start: u32,
}

/// A view of a record's buffer, and of the documents that were found in it. Their values have numbers that no buffer
/// has.
#[derive(Clone, Copy)]
pub(crate) struct PackedTree<'a> {
    pub(crate) view: View<'a>,
    pub(crate) packs: &'a RefCell<Packs>,
}

/// The number of the first value of a document.
const FIRST: u32 = 1 << 31;

impl Packs {
    pub(crate) fn new(limits: &Limits) -> RefCell<Packs> {
        RefCell::new(Packs { unpacker: Unpacker::new(limits), documents: Vec::new() })
    }

    fn document(&self, at: u32) -> &Document {
        let behind = self.documents.partition_point(|document| document.base <= at);
        &self.documents[behind - 1]
    }
}

impl PackedTree<'_> {
    /// Looks at a value in a document, by the number that it has there.
    fn within<T>(self, at: u32, look: impl FnOnce(View<'_>, u32, &Document) -> T) -> T {
        let packs = self.packs.borrow();
        let document = packs.document(at);
        look(document.unpacked.view(), at - document.base, document)
    }
}

impl Tree for PackedTree<'_> {
    type Memo = KeyMemo;

    fn kind(self, at: u32) -> Kind {
        if at < FIRST { self.view.kind(at) } else { self.within(at, |view, at, _| view.kind(at)) }
    }

    fn start(self, at: u32) -> u32 {
        if at < FIRST { self.view.start(at) } else { self.within(at, |_, _, document| document.start) }
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let plain = (at < FIRST).then(|| self.view.children(at));
        let packed: Vec<(Option<u32>, u32)> = match at < FIRST {
            true => Vec::new(),
            false => self.within(at, |view, at, document| {
                let numbered = |(name, value): (Option<u32>, u32)| {
                    (name.map(|name| name + document.base), value + document.base)
                };
                view.children(at).map(numbered).collect()
            }),
        };
        plain.into_iter().flatten().chain(packed)
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        match at < FIRST {
            true => self.view.name(at),
            false => self.within(at, |view, at, _| Cow::Owned(view.name(at).into_owned())),
        }
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        if at < FIRST {
            return self.view.scalar(at, scratch);
        }
        let mut text = String::new();
        let kind = self.within(at, |view, at, _| {
            let mut unescaped = String::new();
            match view.scalar(at, &mut unescaped) {
                Scalar::Text(found) | Scalar::Number(found) => text.push_str(found),
                Scalar::Null | Scalar::Boolean(_) => {}
            }
            view.kind(at)
        });
        *scratch = text;
        match kind {
            Kind::True => Scalar::Boolean(true),
            Kind::False => Scalar::Boolean(false),
            Kind::Number => Scalar::Number(scratch),
            Kind::String => Scalar::Text(scratch),
            Kind::Null | Kind::Object | Kind::Array => Scalar::Null,
        }
    }

    fn unpack(self, at: u32) -> Found<u32> {
        if self.kind(at) != Kind::String {
            return Ok(at);
        }
        let start = self.start(at);
        let mut scratch = String::new();
        let text = match self.scalar(at, &mut scratch) {
            Scalar::Text(text) => text.to_owned(),
            _ => return Ok(at),
        };
        let packs = &mut *self.packs.borrow_mut();
        let base = packs.documents.last().map_or(FIRST, |last| last.end);
        match packs.unpacker.unpack(&text, 0).map_err(|kind| (kind, start))? {
            None => Ok(at),
            Some(unpacked) => {
                let end = base + number(unpacked.view().tokens.len());
                packs.documents.push(Document { unpacked, base, end, start });
                Ok(base)
            }
        }
    }
}
