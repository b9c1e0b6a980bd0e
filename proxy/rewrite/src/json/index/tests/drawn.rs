//! Texts drawn from a string of bytes, so that one that fails shrinks with it.

use crate::limits::Limits;

/// Where choices come from. Beyond its end every choice is the first.
pub(super) struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Source<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Source<'a> {
        Source { bytes, at: 0 }
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        let mut choice = 0;
        for _ in 0..if bound > 256 { 2 } else { 1 } {
            choice = choice << 8 | usize::from(self.bytes.get(self.at).copied().unwrap_or(0));
            self.at += 1;
        }
        choice % bound
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == bound - 1
    }

    fn ended(&self) -> bool {
        self.at >= self.bytes.len()
    }
}

/// What strings are made of.
const PARTS: [&str; 22] = [
    "a",
    "id",
    "name",
    "phone",
    ",",
    ":",
    "{}",
    "[",
    " ",
    "\\\"",
    "\\\\",
    "\\n",
    "\\/",
    "\\u00e9",
    "\\uD83D\\uDe00",
    "\u{e9}",
    "\u{20ac}",
    "\u{1f600}",
    "\\\\\\\\\\\\\\\"",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
    "-",
    "\u{7f}",
];

const SCALARS: [&str; 20] = [
    "0",
    "1",
    "1520.44",
    "-0",
    "100000",
    "true",
    "false",
    "null",
    "-1.5e+10",
    "1E7",
    "0.0",
    "0e0",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
    "-12",
    "9.99999999999999999999999999999999999999999999999999999999999999999999999999e-9",
    "2e-7",
    "7",
    "10",
    "42",
    "3",
];

/// What breaks a text, mostly.
const SPLINTERS: [&[u8]; 40] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\"",
    b"\\",
    b"0",
    b"1",
    b"-",
    b".",
    b"e",
    b"true",
    b"nul",
    b" ",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b"\x0c",
    b"\x1a",
    b"\x1f",
    b"\x80",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xe2\x82",
    b"\\u",
    b"\\ud800",
    b"\\udc00",
    b"\\x",
    b"\"a\"",
    b"\"a\":",
    b",1",
    b"01",
    b"/",
    b"'",
    b"{}",
    b")",
    b";",
];

/// A document, or several on lines of their own.
pub(super) fn text(source: &mut Source<'_>, lines: bool) -> Vec<u8> {
    let spaced = source.one_in(2);
    let mut text = String::new();
    if lines {
        while !source.ended() {
            value(source, 4, false, &mut text);
            text.push_str(["\n", "\r\n", "\n\n", " \n\t\n"][source.below(4)]);
        }
    } else {
        space(source, spaced, &mut text);
        value(source, 6, spaced, &mut text);
        space(source, spaced, &mut text);
    }
    text.into_bytes()
}

fn value(source: &mut Source<'_>, depth: usize, spaced: bool, text: &mut String) {
    let kind = if depth == 6 { source.below(2) } else { source.below(7) };
    if depth == 0 || kind > 3 {
        return if kind % 2 == 0 { string(source, text) } else { text.push_str(SCALARS[source.below(20)]) };
    }
    let object = kind % 2 == 0;
    text.push_str(if object { "{" } else { "[" });
    let members = if depth == 6 { 40 } else { source.below(5) };
    for member in 0..members {
        if depth == 6 && source.ended() {
            break;
        }
        if member > 0 {
            text.push(',');
        }
        space(source, spaced, text);
        if object {
            string(source, text);
            space(source, spaced, text);
            text.push(':');
            space(source, spaced, text);
        }
        value(source, depth - 1, spaced, text);
        space(source, spaced, text);
    }
    text.push_str(if object { "}" } else { "]" });
}

fn string(source: &mut Source<'_>, text: &mut String) {
    text.push('"');
    for _ in 0..source.below(4) {
        text.push_str(PARTS[source.below(PARTS.len())]);
    }
    text.push('"');
}

fn space(source: &mut Source<'_>, spaced: bool, text: &mut String) {
    if spaced {
        let long = " ".repeat(70);
        text.push_str(["", " ", "\n  ", "\r\n", "\t", "", " ", &long][source.below(8)]);
    }
}

/// Puts something into the text, over it, or takes something away.
pub(super) fn mutate(source: &mut Source<'_>, text: &mut Vec<u8>) {
    let at = source.below(1 << 16) % (text.len() + 1);
    let gone = source.below(3).min(text.len() - at);
    let splinter = if source.one_in(4) { &b""[..] } else { SPLINTERS[source.below(SPLINTERS.len())] };
    text.splice(at..at + gone, splinter.iter().copied());
}

/// Limits that are mostly far away.
pub(super) fn limits(source: &mut Source<'_>) -> Limits {
    let mut limits = Limits::default();
    if source.one_in(3) {
        limits.depth = source.below(7);
    }
    for limit in [&mut limits.name, &mut limits.string, &mut limits.number, &mut limits.held] {
        if source.one_in(8) {
            *limit = 100 + source.below(200);
        }
    }
    limits
}
