//! Tags: start tags with their attributes, end tags, and whole elements of text.

use crate::error::{EditErrorKind, Limit};
use crate::xml::characters::{is_blank, name};
use crate::xml::lexer::{Attribute, Event, Found, Lexer, Refusal, Stage, ordinary};
use crate::xml::text::{Reference, decode_value, reference};

/// What was read of a tag.
enum Read {
    /// It ends here, and is empty or not.
    Whole(usize, bool),
    /// The text ends before it does.
    Cut,
}

/// What is wrong with a tag, and where.
type Wrong = (usize, EditErrorKind);

/// So many attributes are compared one by one.
const FEW: usize = 8;

fn malformed<T>(at: usize, text: &'static str) -> Result<T, Wrong> {
    Err((at, EditErrorKind::Malformed(text)))
}

impl Lexer {
    /// A start tag, or with `leaves` a whole element of nothing but text.
    pub(super) fn start_tag(&mut self, text: &str, start: usize, leaves: bool) -> Found {
        let known = self.known.expect(text.as_bytes(), start + 1);
        let simple = match known {
            Some(name_end) => Some((name_end, None)),
            None => simple_tag(text, start),
        };
        if let Some((name_end, colon)) = simple
            && self.is_within(name_end - start)
        {
            let prefix = colon.map(|colon| &text[start + 1..colon]);
            if self.namespaces.element(prefix).is_ok() {
                if known.is_none() && colon.is_none() {
                    self.known.learn(&text.as_bytes()[start + 1..name_end]);
                }
                self.lexeme.name_end = name_end;
                if !(leaves && self.leaf(text.as_bytes(), start, name_end, known.is_some())) {
                    self.open.push(self.names.len());
                    self.names.push_str(&text[start + 1..name_end]);
                    self.attributes.clear();
                    self.run = 0;
                    self.find(Event::Start, start, name_end + 1);
                }
                return Ok(true);
            }
        }
        self.any_start_tag(text, start)
    }

    /// Whether a start tag of this length stands in an element and within the limits.
    #[inline]
    fn is_within(&self, length: usize) -> bool {
        let within =
            length <= self.limits.name && length < self.limits.held && self.open.len() < self.limits.depth;
        within && !self.open.is_empty()
    }

    /// Whether an element that begins by such a tag is a leaf.
    #[inline]
    fn leaf(&mut self, bytes: &[u8], start: usize, name_end: usize, known: bool) -> bool {
        let inner_end = ordinary(bytes, name_end + 1);
        let name = &bytes[start + 1..name_end];
        let close = inner_end + 2 + name.len();
        let closes = bytes.get(close) == Some(&b'>')
            && bytes[inner_end] == b'<'
            && bytes[inner_end + 1] == b'/'
            && (known && self.known.closes(bytes, inner_end + 2)
                || is_same(&bytes[inner_end + 2..close], name));
        if !closes || inner_end - name_end > self.limits.string || close + 1 - inner_end > self.limits.held {
            return false;
        }
        self.run = 0;
        self.lexeme.inner_end = inner_end;
        self.find(Event::Leaf, start, close + 1);
        true
    }

    fn any_start_tag(&mut self, text: &str, start: usize) -> Found {
        let refused = |(at, kind)| Box::new(Refusal { at, settled: start, kind });
        let mut colon = None;
        let read = self.read_tag(text, start, &mut colon);
        let end = match read {
            Ok(Read::Whole(end, _)) => end,
            Ok(Read::Cut) => return Ok(false),
            // Whether more of it is to come is not known before its end.
            Err(_) => match tag_end(text.as_bytes(), start) {
                Some(end) => end,
                None => return Ok(false),
            },
        };
        self.check_length(start, end).map_err(refused)?;
        let empty = matches!(read.map_err(refused)?, Read::Whole(_, true));
        self.open(text, start, colon, empty).map_err(refused)?;
        self.find(if empty { Event::Empty } else { Event::Start }, start, end);
        Ok(true)
    }

    pub(super) fn end_tag(&mut self, text: &str, start: usize) -> Found {
        let bytes = text.as_bytes();
        let innermost = self.open.last().copied();
        let refused = |(at, kind)| Box::new(Refusal { at, settled: start, kind });
        let expected = innermost.map(|begin| &self.names.as_bytes()[begin..]);
        let behind = expected.and_then(|name| bytes[start + 2..].strip_prefix(name));
        let end = if behind.and_then(<[u8]>::first) == Some(&b'>') {
            bytes.len() - behind.map_or(0, <[u8]>::len) + 1
        } else {
            let Some(close) = memchr::memchr(b'>', &bytes[start..]) else { return Ok(false) };
            start + close + 1
        };
        self.check_length(start, end).map_err(refused)?;
        let Some(innermost) = innermost else {
            return Err(refused((start, EditErrorKind::Malformed("an end tag that nothing opened"))));
        };
        let inner = &bytes[start + 2..end - 1];
        let expected = &self.names.as_bytes()[innermost..];
        let is_closed =
            inner.strip_prefix(expected).is_some_and(|rest| rest.iter().all(|&byte| is_blank(byte)));
        if !is_closed {
            return Err(refused((start + 2, EditErrorKind::Malformed("an end tag that does not match"))));
        }
        self.close();
        self.find(Event::End, start, end);
        Ok(true)
    }

    fn check_length(&self, start: usize, end: usize) -> Result<(), Wrong> {
        let limit = self.limits.held;
        if end - start > limit { Err((start + limit, EditErrorKind::Limit(Limit::Held))) } else { Ok(()) }
    }

    /// Reads a start tag and notes its attributes.
    fn read_tag(&mut self, text: &str, start: usize, name_colon: &mut Option<usize>) -> Result<Read, Wrong> {
        let bytes = text.as_bytes();
        self.attributes.clear();
        let (name_end, colon) = self.read_name(text, start + 1)?;
        self.lexeme.name_end = name_end;
        *name_colon = colon;
        let mut at = name_end;
        loop {
            let behind = at;
            while bytes.get(at).is_some_and(|&byte| is_blank(byte)) {
                at += 1;
            }
            match (bytes.get(at), bytes.get(at + 1)) {
                (None, _) | (Some(b'/'), None) => return Ok(Read::Cut),
                (Some(b'>'), _) => return Ok(Read::Whole(at + 1, false)),
                (Some(b'/'), Some(b'>')) => return Ok(Read::Whole(at + 2, true)),
                _ if at == behind => return malformed(at, "no white space before an attribute"),
                _ => {}
            }
            if self.attributes.len() == self.limits.members {
                return Err((at, EditErrorKind::Limit(Limit::Members)));
            }
            match self.read_attribute(text, start, at)? {
                Some(end) => at = end,
                None => return Ok(Read::Cut),
            }
        }
    }

    fn read_name(&self, text: &str, start: usize) -> Result<(usize, Option<usize>), Wrong> {
        let found = name(text, start).or_else(|at| malformed(at, "not a name"))?;
        if found.0 - start > self.limits.name {
            return Err((start + self.limits.name, EditErrorKind::Limit(Limit::Name)));
        }
        Ok(found)
    }

    /// Reads the attribute at `at` of the tag at `tag`, and gives where it ends.
    fn read_attribute(&mut self, text: &str, tag: usize, at: usize) -> Result<Option<usize>, Wrong> {
        let bytes = text.as_bytes();
        let (name_end, colon) = self.read_name(text, at)?;
        let skip = |mut at: usize| {
            while bytes.get(at).is_some_and(|&byte| is_blank(byte)) {
                at += 1;
            }
            at
        };
        let equals = skip(name_end);
        match bytes.get(equals) {
            None => return Ok(None),
            Some(b'=') => {}
            Some(_) => return malformed(equals, "an attribute without a value"),
        }
        let opening = skip(equals + 1);
        let quote = match bytes.get(opening) {
            None => return Ok(None),
            Some(&quote @ (b'"' | b'\'')) => quote,
            Some(_) => return malformed(opening, "an attribute's value without quotes"),
        };
        let inner = opening + 1;
        let Some((inner_end, coded)) = self.read_value(bytes, inner, quote)? else { return Ok(None) };
        let prefix = colon.map_or("", |colon| &text[at..colon]);
        let declares = prefix == "xmlns" || &text[at..name_end] == "xmlns";
        self.attributes.push(Attribute {
            start: at - tag,
            name_end: name_end - tag,
            inner: inner - tag,
            inner_end: inner_end - tag,
            colon: colon.map(|colon| colon - tag),
            declares,
            coded,
        });
        Ok(Some(inner_end + 1))
    }

    /// Where a value ends, and whether it must be decoded.
    fn read_value(&self, bytes: &[u8], inner: usize, quote: u8) -> Result<Option<(usize, bool)>, Wrong> {
        let limit = self.limits.string;
        let mut coded = false;
        let mut at = inner;
        let found = loop {
            match bytes.get(at) {
                None => return Ok(None),
                Some(&byte) if byte == quote => break Ok(Some((at, coded))),
                Some(b'<') => break malformed(at, "`<` in an attribute's value"),
                Some(b'&') => match reference(&bytes[at..]) {
                    Reference::To(_, length) => {
                        coded = true;
                        at += length;
                    }
                    Reference::Incomplete => return Ok(None),
                    Reference::Unknown => break malformed(at, "a reference that is none of the five"),
                },
                Some(b'\t' | b'\n' | b'\r') => {
                    coded = true;
                    at += 1;
                }
                Some(_) => at += 1,
            }
        };
        if at - inner > limit {
            return Err((inner + limit, EditErrorKind::Limit(Limit::String)));
        }
        found
    }

    /// Takes a tag that has been read among the open elements. The rest of what must be true of it is checked.
    fn open(&mut self, text: &str, start: usize, colon: Option<usize>, empty: bool) -> Result<(), Wrong> {
        let name_end = self.lexeme.name_end;
        if self.stage == Stage::Behind {
            return malformed(start, "a second root element");
        }
        if self.open.len() >= self.limits.depth {
            return Err((start, EditErrorKind::Limit(Limit::Depth)));
        }
        self.check_unique(text, start)?;
        let depth = self.open.len() + 1;
        for attribute in self.attributes.iter().filter(|attribute| attribute.declares) {
            let prefix =
                attribute.colon.map_or("", |colon| &text[start + colon + 1..start + attribute.name_end]);
            let value = &text[start + attribute.inner..start + attribute.inner_end];
            let mut decoded = String::new();
            decode_value(value, &mut decoded);
            let declared = self.namespaces.declare(prefix, &decoded, depth);
            declared.map_err(|kind| (start + attribute.start, kind))?;
        }
        let prefix = colon.map(|colon| &text[start + 1..colon]);
        self.namespaces.element(prefix).map_err(|kind| (start + 1, kind))?;
        for attribute in self.attributes.iter().filter(|attribute| !attribute.declares) {
            if let Some(colon) = attribute.colon {
                let at = start + attribute.start;
                self.namespaces.attribute(&text[at..start + colon]).map_err(|kind| (at, kind))?;
            }
        }
        self.open.push(self.names.len());
        self.names.push_str(&text[start + 1..name_end]);
        self.stage = Stage::Root;
        self.run = 0;
        if empty {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        self.namespaces.close(self.open.len());
        if let Some(begin) = self.open.pop() {
            self.names.truncate(begin);
        }
        self.run = 0;
        if self.open.is_empty() {
            self.stage = Stage::Behind;
        }
    }

    fn check_unique(&mut self, text: &str, start: usize) -> Result<(), Wrong> {
        let name = |attribute: &Attribute| &text[start + attribute.start..start + attribute.name_end];
        if self.attributes.len() <= FEW {
            for (place, attribute) in self.attributes.iter().enumerate() {
                if self.attributes[..place].iter().any(|other| name(other) == name(attribute)) {
                    return Err((start + attribute.start, EditErrorKind::DuplicateName));
                }
            }
            return Ok(());
        }
        self.seen.open();
        for attribute in &self.attributes {
            self.seen.add(name(attribute)).map_err(|kind| (start + attribute.start, kind))?;
        }
        self.seen.close();
        Ok(())
    }
}

/// The name of a start tag without attributes, of which nothing can be wrong but its prefix. Whatever is unusual is
/// left to be read again.
#[inline]
fn simple_tag(text: &str, start: usize) -> Option<(usize, Option<usize>)> {
    let (name_end, colon) = name(text, start + 1).ok()?;
    (text.as_bytes().get(name_end) == Some(&b'>')).then_some((name_end, colon))
}

/// Whether two names of one length are the same: most are shorter than the call of a comparison costs.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// Where a start tag ends, whatever is in it.
fn tag_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut quote = None;
    let end = bytes[start..].iter().position(|&byte| is_tag_end(&mut quote, byte));
    end.map(|end| start + end + 1)
}

/// Whether a byte ends a start tag, in which `quote` is open or not.
pub(super) fn is_tag_end(quote: &mut Option<u8>, byte: u8) -> bool {
    match (*quote, byte) {
        (None, b'"' | b'\'') => *quote = Some(byte),
        (None, b'>') => return true,
        (Some(open), _) if open == byte => *quote = None,
        _ => {}
    }
    false
}
