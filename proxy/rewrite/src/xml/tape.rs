//! The elements and attributes of a held element, in order, each with the way past it: what was lexed once need not be
//! lexed again.

use std::borrow::Cow;

use crate::batch::Batch;
use crate::json::lexer::is_number;
use crate::judge::Scalar;
use crate::names::SeenNames;
use crate::number;
use crate::plan::keys::KeyTree;
use crate::scan::Found;
use crate::tree::{Kind, Tree};
use crate::xml::keys::Memo;
use crate::xml::lexer::{Attribute, Text};
use crate::xml::text::{decode, decode_value, is_blank};

/// What stands in a held buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Element,
    Attribute,
    /// An attribute that declares a namespace, and is no member.
    Namespace,
    /// The text of an element that has attributes, but no elements in it.
    Text,
}

/// What is known of a token, by bits.
pub(crate) mod flags {
    /// An element holds text that is not white space.
    pub(crate) const TEXT: u8 = 1;
    /// A text or value must be decoded.
    pub(crate) const CODED: u8 = 1 << 1;
    /// An element holds elements.
    pub(crate) const CHILDREN: u8 = 1 << 2;
    /// An element has attributes that are members.
    pub(crate) const ATTRIBUTES: u8 = 1 << 3;
    /// Comments or instructions stand directly in an element.
    pub(crate) const NOTES: u8 = 1 << 4;
    /// Instructions stand in an element, at any depth.
    pub(crate) const INSTRUCTIONS: u8 = 1 << 5;
    /// An element's start tag is its end tag too.
    pub(crate) const EMPTY: u8 = 1 << 6;
}

/// An element, attribute or text in a held buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) part: Part,
    pub(crate) flags: u8,
    /// Where it begins: at `<`, or at the name of an attribute.
    pub(crate) start: u32,
    pub(crate) name_end: u32,
    /// Behind the start tag, or behind the opening quote.
    pub(crate) inner: u32,
    /// Where the end tag begins, or the closing quote.
    pub(crate) inner_end: u32,
    pub(crate) end: u32,
    /// The token behind this one and all that lies in it.
    pub(crate) next: u32,
}

impl Token {
    pub(crate) fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    fn is_container(&self) -> bool {
        self.part == Part::Element && self.has(flags::CHILDREN | flags::ATTRIBUTES)
    }
}

/// A held element: its buffer, and its tokens by the buffer's positions. The element itself is token 0.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
}

/// Collects the tokens of one element while it is lexed. All positions are those of the buffer.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) tokens: Vec<Token>,
    open: Vec<u32>,
}

impl Tape {
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
        self.open.clear();
    }

    /// Takes a start tag.
    pub(crate) fn start(
        &mut self,
        (start, name_end, end): (usize, usize, usize),
        empty: bool,
        attributes: &[Attribute],
    ) {
        self.mark(flags::CHILDREN);
        let element = self.tokens.len();
        let (begin, end) = (number(start), number(end));
        let name_end = number(name_end);
        let next = number(element + 1);
        let mut token = Token {
            part: Part::Element,
            flags: if empty { flags::EMPTY } else { 0 },
            start: begin,
            name_end,
            inner: end,
            inner_end: end,
            end,
            next,
        };
        self.tokens.push(token);
        for attribute in attributes {
            let part = if attribute.declares { Part::Namespace } else { Part::Attribute };
            if part == Part::Attribute {
                token.flags |= flags::ATTRIBUTES;
            }
            self.tokens.push(Token {
                part,
                flags: if attribute.coded { flags::CODED } else { 0 },
                start: begin + number(attribute.start),
                name_end: begin + number(attribute.name_end),
                inner: begin + number(attribute.inner),
                inner_end: begin + number(attribute.inner_end),
                end: begin + number(attribute.inner_end) + 1,
                next: number(self.tokens.len() + 1),
            });
        }
        token.next = number(self.tokens.len());
        self.tokens[element] = token;
        if !empty {
            self.open.push(number(element));
        }
    }

    /// Takes an end tag that stands between two positions.
    pub(crate) fn end(&mut self, start: usize, end: usize) {
        let Some(element) = self.open.pop() else { return };
        let place = element as usize;
        let token = &mut self.tokens[place];
        token.inner_end = number(start);
        token.end = number(end);
        let token = *token;
        if token.has(flags::TEXT) && token.has(flags::ATTRIBUTES) && !token.has(flags::CHILDREN) {
            let next = number(self.tokens.len() + 1);
            let (start, end) = (token.inner, token.inner_end);
            self.tokens.push(Token { part: Part::Text, start, name_end: start, end, next, ..token });
        }
        self.tokens[place].next = number(self.tokens.len());
        if token.has(flags::INSTRUCTIONS) {
            self.mark(flags::INSTRUCTIONS);
        }
    }

    /// Takes a whole element of text.
    pub(crate) fn leaf(&mut self, (start, name_end): (usize, usize), (inner_end, end): (usize, usize)) {
        self.mark(flags::CHILDREN);
        let inner = name_end + 1;
        self.tokens.push(Token {
            part: Part::Element,
            // White space is looked for where it matters, which is rare.
            flags: if inner_end > inner { flags::TEXT } else { 0 },
            start: number(start),
            name_end: number(name_end),
            inner: number(inner),
            inner_end: number(inner_end),
            end: number(end),
            next: number(self.tokens.len() + 1),
        });
    }

    /// Takes part of a text.
    pub(crate) fn text(&mut self, text: Text) {
        match text {
            Text::Blank => {}
            Text::Plain => self.mark(flags::TEXT),
            Text::Coded | Text::Data => self.mark(flags::TEXT | flags::CODED),
        }
    }

    /// Takes a comment or instruction.
    pub(crate) fn note(&mut self, instruction: bool) {
        let instructions = if instruction { flags::INSTRUCTIONS } else { 0 };
        self.mark(flags::NOTES | flags::CODED | instructions);
    }

    /// Whether the element has attributes that are members of it.
    pub(crate) fn has_attributes(&self) -> bool {
        self.tokens.first().is_some_and(|token| token.has(flags::ATTRIBUTES))
    }

    fn mark(&mut self, flags: u8) {
        if let Some(&element) = self.open.last() {
            self.tokens[element as usize].flags |= flags;
        }
    }
}

impl<'a> View<'a> {
    pub(crate) fn token(&self, at: u32) -> Token {
        self.tokens[at as usize]
    }

    /// The bytes between two positions.
    pub(crate) fn raw(&self, start: u32, end: u32) -> &'a str {
        &self.text[start as usize..end as usize]
    }

    /// An element's or attribute's name as it is written, without what marks it as an attribute.
    pub(crate) fn written_name(&self, token: Token) -> &'a str {
        self.raw(token.start + u32::from(token.part == Part::Element), token.name_end)
    }

    /// Whether nothing is in an element but white space, and no attribute is a member of it.
    pub(crate) fn is_bare(&self, token: Token) -> bool {
        let text = || token.has(flags::CODED) || !is_blank(self.raw(token.inner, token.inner_end));
        !(token.is_container() || token.has(flags::TEXT) && text())
    }

    /// The members of an element: its attributes, then its text or the elements in it.
    pub(crate) fn members(&self, element: u32) -> Members<'a> {
        Members { tokens: self.tokens, at: element + 1, end: self.token(element).next }
    }
}

/// Calls with the name that paths know a member by.
pub(crate) fn with_name<R>(part: Part, written: &str, call: impl FnOnce(&str) -> R) -> R {
    /// Longer names are rare enough to be copied.
    const SHORT: usize = 128;
    match part {
        Part::Element | Part::Namespace => call(written),
        Part::Text => call(TEXT),
        Part::Attribute => {
            let mut buffer = [b'@'; SHORT];
            if let Some(rest) = buffer.get_mut(1..=written.len()) {
                rest.copy_from_slice(written.as_bytes());
                if let Ok(name) = std::str::from_utf8(&buffer[..=written.len()]) {
                    return call(name);
                }
            }
            call(&["@", written].concat())
        }
    }
}

/// What paths call the text of an element that has attributes.
pub(crate) const TEXT: &str = "#text";

impl<'a> Tree for View<'a> {
    type Memo = Memo;

    fn kind(self, at: u32) -> Kind {
        let token = self.token(at);
        if token.is_container() {
            return Kind::Object;
        }
        let raw = self.raw(token.inner, token.inner_end);
        let first = raw.bytes().next().unwrap_or_default();
        // Hardly any text but numbers begins so, nor with a reference or a section.
        if !(first.is_ascii_digit() || matches!(first, b'-' | b'&' | b'<') || first <= b' ') {
            return Kind::String;
        }
        let mut scratch = String::new();
        let text = match self.scalar(at, &mut scratch) {
            Scalar::Text(text) => text,
            _ => "",
        };
        if is_number(text.trim_matches([' ', '\t', '\n', '\r'])) { Kind::Number } else { Kind::String }
    }

    fn start(self, at: u32) -> u32 {
        self.token(at).start
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        self.members(at).map(|member| (Some(member), member))
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        let token = self.token(at);
        match token.part {
            Part::Element | Part::Namespace => Cow::Borrowed(self.written_name(token)),
            Part::Attribute => Cow::Owned(["@", self.written_name(token)].concat()),
            Part::Text => Cow::Borrowed(TEXT),
        }
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        let token = self.token(at);
        if token.is_container() {
            return Scalar::Null;
        }
        let raw = self.raw(token.inner, token.inner_end);
        if !token.has(flags::CODED) && !raw.contains('\r') {
            return Scalar::Text(raw);
        }
        scratch.clear();
        if token.part == Part::Attribute {
            decode_value(raw, scratch);
        } else {
            decode(raw, scratch);
        }
        Scalar::Text(scratch)
    }

    fn names_are_unique(self) -> bool {
        false
    }

    fn is_record(self, at: u32) -> bool {
        self.token(at).part == Part::Element
    }

    fn find_keys(
        self,
        record: u32,
        keys: &KeyTree,
        memo: &mut Memo,
        _seen: &mut SeenNames,
        slots: &mut [u32],
    ) -> Found<()> {
        memo.find(self, record, keys, slots);
        Ok(())
    }

    fn push_several(
        self,
        record: u32,
        (keys, slot): (&KeyTree, usize),
        batch: &mut Batch,
        scratch: &mut String,
    ) {
        crate::xml::keys::push_several(self, record, (keys, slot), batch, scratch);
    }
}

/// The members of an element, in order.
pub(crate) struct Members<'a> {
    tokens: &'a [Token],
    at: u32,
    end: u32,
}

impl Iterator for Members<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while self.at < self.end {
            let member = self.at;
            let token = &self.tokens[member as usize];
            self.at = token.next;
            if token.part != Part::Namespace {
                return Some(member);
            }
        }
        None
    }
}
