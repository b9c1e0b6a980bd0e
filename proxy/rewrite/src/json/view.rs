//! Values in a buffer that has been indexed.

use std::borrow::Cow;

use crate::error::EditErrorKind;
use crate::json::escape::unescape;
use crate::json::index::Index;
use crate::json::keys::{KeyMemo, find_keys};
use crate::judge::Scalar;
use crate::names::SeenNames;
use crate::number;
use crate::plan::keys::KeyTree;
use crate::scan::Found;
use crate::tree::{Kind, Tree};

/// A buffer, and its names and values by the numbers of their tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) tokens: &'a [u32],
    pub(crate) skips: &'a [u32],
    tail: u32,
}

impl<'a> View<'a> {
    pub(crate) fn new(bytes: &'a [u8], index: &'a Index) -> View<'a> {
        View { bytes, tokens: &index.tokens, skips: &index.skips, tail: index.tail }
    }

    /// Where a token begins.
    pub(crate) fn position(self, at: u32) -> usize {
        self.tokens[at as usize] as usize
    }

    /// The byte that tells what a value is.
    pub(crate) fn byte(self, at: u32) -> u8 {
        self.bytes[self.position(at)]
    }

    /// Whether a value is an object or an array.
    pub(crate) fn is_container(self, at: u32) -> bool {
        opens(self.byte(at))
    }

    /// The token that closes a container.
    pub(crate) fn closing(self, container: u32) -> u32 {
        self.skips[container as usize]
    }

    /// The token behind a value and all that lies in it.
    pub(crate) fn behind(self, at: u32) -> u32 {
        self.behind_byte(at, self.byte(at))
    }

    /// The token behind a value whose first byte is known.
    pub(crate) fn behind_byte(self, at: u32, first: u8) -> u32 {
        if opens(first) { self.closing(at) + 1 } else { at + 1 }
    }

    /// Where a name or value ends: behind its last byte.
    pub(crate) fn end(self, at: u32) -> usize {
        if self.is_container(at) {
            return self.position(self.closing(at)) + 1;
        }
        match self.tokens.get(at as usize + 1) {
            Some(&next) => end_before(self.bytes, next as usize),
            None => self.tail as usize,
        }
    }

    /// The bytes of a name or value.
    pub(crate) fn raw(self, at: u32) -> &'a [u8] {
        &self.bytes[self.position(at)..self.end(at)]
    }

    /// The bytes of a value as text.
    pub(crate) fn raw_text(self, at: u32) -> &'a str {
        text(self.raw(at))
    }

    /// The text of a name or string; `scratch` takes it if it must be unescaped.
    pub(crate) fn string<'s>(self, at: u32, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        let inner = inner(self.raw(at));
        if !has_escape(inner) {
            return text(inner);
        }
        scratch.clear();
        unescape(text(inner), scratch);
        scratch
    }

    /// Refuses an object in which a name stands twice.
    pub(crate) fn check_names(self, object: u32, seen: &mut SeenNames) -> Found<()> {
        seen.open();
        for (name, _) in self.children(object) {
            if let Some(name) = name {
                seen.add(&self.name(name)).map_err(|kind| (kind, self.start(name)))?;
            }
        }
        seen.close();
        Ok(())
    }
}

/// What stands between the quotes of a name or string.
pub(crate) fn inner(quoted: &[u8]) -> &[u8] {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

/// Whether a string holds a backslash.
fn has_escape(inner: &[u8]) -> bool {
    match inner.len() {
        0..32 => inner.contains(&b'\\'),
        _ => memchr::memchr(b'\\', inner).is_some(),
    }
}

/// Bytes that have been found to be UTF-8 when they were indexed, cut at token borders.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// A name, unescaped, from its bytes with their quotes.
pub(crate) fn name_of(quoted: &[u8]) -> Cow<'_, str> {
    let inner = inner(quoted);
    if !has_escape(inner) {
        return Cow::Borrowed(text(inner));
    }
    let mut unescaped = String::with_capacity(inner.len());
    unescape(text(inner), &mut unescaped);
    Cow::Owned(unescaped)
}

/// Where the name or scalar ends that stands before a token: before white space, and the comma or colon between.
#[inline]
pub(crate) fn end_before(bytes: &[u8], token: usize) -> usize {
    let end = trim(bytes, token);
    if matches!(bytes.get(end.wrapping_sub(1)), Some(b',' | b':')) { trim(bytes, end - 1) } else { end }
}

/// Where the comma stands before a child that is not its container's first.
#[inline]
pub(crate) fn comma_before(bytes: &[u8], child: usize) -> usize {
    trim(bytes, child).saturating_sub(1)
}

/// Where white space begins that ends here.
#[inline]
fn trim(bytes: &[u8], end: usize) -> usize {
    match bytes.get(end.wrapping_sub(1)) {
        Some(b'!'..) | None => end,
        Some(_) => trim_blanks(bytes, end),
    }
}

#[inline(never)]
fn trim_blanks(bytes: &[u8], mut end: usize) -> usize {
    while matches!(bytes.get(end.wrapping_sub(1)), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        end -= 1;
    }
    end
}

/// Whether a value is an object or an array, by its first byte.
#[inline(always)]
pub(crate) fn opens(first: u8) -> bool {
    // The two brackets differ in this bit.
    first | 0x20 == b'{'
}

/// What a value is, by its first byte.
pub(crate) fn kind_of(first: u8) -> Kind {
    match first {
        b'{' => Kind::Object,
        b'[' => Kind::Array,
        b'"' => Kind::String,
        b't' => Kind::True,
        b'f' => Kind::False,
        b'n' => Kind::Null,
        _ => Kind::Number,
    }
}

impl Tree for View<'_> {
    type Memo = KeyMemo;

    fn kind(self, at: u32) -> Kind {
        kind_of(self.byte(at))
    }

    fn start(self, at: u32) -> u32 {
        self.tokens[at as usize]
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        let (mut next, end) = if self.is_container(at) { (at + 1, self.closing(at)) } else { (at, at) };
        let named = self.byte(at) == b'{';
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let name = named.then_some(next);
            let value = next + u32::from(named);
            next = self.behind(value);
            Some((name, value))
        })
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        name_of(self.raw(at))
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        match self.kind(at) {
            Kind::True => Scalar::Boolean(true),
            Kind::False => Scalar::Boolean(false),
            Kind::Number => Scalar::Number(self.raw_text(at)),
            Kind::String => Scalar::Text(self.string(at, scratch)),
            Kind::Null | Kind::Object | Kind::Array => Scalar::Null,
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
        find_keys(self, record, keys, memo, seen, slots)
    }
}

/// An error at a token.
pub(crate) fn failed(view: View<'_>, at: u32, kind: EditErrorKind) -> (EditErrorKind, u32) {
    (kind, number(view.position(at)))
}
