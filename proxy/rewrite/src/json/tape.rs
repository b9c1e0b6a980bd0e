//! The tokens of a held value, in order, each with the way past it: what was lexed once need not be lexed again.

use std::borrow::Cow;

use crate::json::lexer::Event;
use crate::judge::Scalar;
use crate::number;
use crate::tree::{Kind, Tree};

/// A name or value in a held buffer, by its bytes from `start` to `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// A name is a string.
    pub(crate) kind: Kind,
    /// Whether a name or string holds escapes.
    pub(crate) escaped: bool,
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The token behind this one and all that lies in it.
    pub(crate) next: u32,
}

/// A held value: its bytes, and its tokens by the buffer's positions. The value itself is token 0.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: &'a [Token],
}

/// Collects the tokens of one value while it is lexed.
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

    /// Takes an event that ends at `position` in the buffer.
    pub(crate) fn event(&mut self, event: Event, position: usize) {
        let position = number(position);
        match event {
            Event::NameStart => self.begin(Kind::String, position),
            Event::Open { object } => self.begin(if object { Kind::Object } else { Kind::Array }, position),
            Event::ScalarStart(kind) => self.begin(kind, position),
            Event::NameEnd { escaped } | Event::ScalarEnd { escaped } => self.end(position, escaped),
            Event::Close => self.end(position, false),
            Event::Comma => {}
        }
    }

    fn begin(&mut self, kind: Kind, position: u32) {
        self.open.push(number(self.tokens.len()));
        self.tokens.push(Token { kind, escaped: false, start: position - 1, end: 0, next: 0 });
    }

    fn end(&mut self, position: u32, escaped: bool) {
        let next = number(self.tokens.len());
        if let Some(token) = self.open.pop().and_then(|open| self.tokens.get_mut(open as usize)) {
            token.end = position;
            token.next = next;
            token.escaped = escaped;
        }
    }
}

impl<'a> View<'a> {
    pub(crate) fn token(&self, at: u32) -> Token {
        self.tokens[at as usize]
    }

    /// The bytes of a token.
    pub(crate) fn raw(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The text of a name or string; `scratch` takes it if it must be unescaped.
    pub(crate) fn string<'s>(&self, token: Token, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        let inner = &self.text[token.start as usize + 1..token.end as usize - 1];
        if !token.escaped {
            return inner;
        }
        scratch.clear();
        unescape(inner, scratch);
        scratch
    }

    /// The children of a container, each by the token of its value, with that of its name in an object.
    pub(crate) fn children(&self, container: u32) -> Children<'a> {
        let token = self.token(container);
        Children { view: *self, at: container + 1, end: token.next, named: token.kind == Kind::Object }
    }
}

impl<'a> Tree for View<'a> {
    type Memo = ();

    fn kind(self, at: u32) -> Kind {
        self.token(at).kind
    }

    fn start(self, at: u32) -> u32 {
        self.token(at).start
    }

    fn children(self, at: u32) -> impl Iterator<Item = (Option<u32>, u32)> {
        View::children(&self, at)
    }

    fn name<'s>(&'s self, at: u32) -> Cow<'s, str> {
        let token = self.token(at);
        let inner = &self.text[token.start as usize + 1..token.end as usize - 1];
        if !token.escaped {
            return Cow::Borrowed(inner);
        }
        let mut unescaped = String::with_capacity(inner.len());
        unescape(inner, &mut unescaped);
        Cow::Owned(unescaped)
    }

    fn scalar<'s>(&'s self, at: u32, scratch: &'s mut String) -> Scalar<'s> {
        let token = self.token(at);
        match token.kind {
            Kind::True => Scalar::Boolean(true),
            Kind::False => Scalar::Boolean(false),
            Kind::Number => Scalar::Number(self.raw(token)),
            Kind::String => Scalar::Text(self.string(token, scratch)),
            Kind::Null | Kind::Object | Kind::Array => Scalar::Null,
        }
    }
}

pub(crate) struct Children<'a> {
    view: View<'a>,
    at: u32,
    end: u32,
    named: bool,
}

impl Iterator for Children<'_> {
    type Item = (Option<u32>, u32);

    fn next(&mut self) -> Option<(Option<u32>, u32)> {
        if self.at >= self.end {
            return None;
        }
        let name = self.named.then_some(self.at);
        let value = self.at + u32::from(self.named);
        self.at = self.view.token(value).next;
        Some((name, value))
    }
}

/// Appends what stands between the quotes of a string, which has been lexed, unescaped.
pub(crate) fn unescape(inner: &str, text: &mut String) {
    let mut rest = inner;
    while let Some(backslash) = rest.find('\\') {
        text.push_str(&rest[..backslash]);
        let escape = rest.as_bytes().get(backslash + 1).copied().unwrap_or_default();
        let mut length = 2;
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = unit(&rest[backslash..]);
                let surrogate = (0xd800..0xdc00).contains(&first);
                length = if surrogate { 12 } else { 6 };
                let second = if surrogate { unit(&rest[backslash + 6..]) } else { 0 };
                let scalar = if surrogate {
                    0x10000 + ((first - 0xd800) << 10) + second.saturating_sub(0xdc00)
                } else {
                    first
                };
                char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => char::from(other),
        });
        rest = &rest[backslash + length..];
    }
    text.push_str(rest);
}

/// The unit that `\uXXXX` at the beginning stands for.
fn unit(escape: &str) -> u32 {
    escape.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let mut text = String::new();
        unescape(r#"a\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"#, &mut text);
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\té😀é");
    }
}
