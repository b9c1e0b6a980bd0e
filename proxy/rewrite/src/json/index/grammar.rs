//! The grammar of RFC 8259 as arithmetic on masks: 64 bytes in a few dozen instructions.
//!
//! Adding to a run of ones lets a carry run through it to the first zero behind. So a bit is sent through white space
//! to the token that follows, or from a string's opening quote to the closing one. What runs out of a group goes on
//! in the next.

#![allow(clippy::needless_range_loop, reason = "masks of many planes are read side by side")]

use super::kernel::Kernel;
use super::planes::{BLOCKS, Plane, Planes, add, next};
use crate::json::lexer::Previous;

/// What goes from one group to the next: each is a bit for the next group's first byte, or none.
#[derive(Debug, Default)]
pub(super) struct Carry {
    /// The next byte is escaped.
    escape: u64,
    /// All ones within a string.
    string: u64,
    /// Within a number or literal.
    scalar: u64,
    /// Behind a zero that a number begins with.
    zero: u64,
    /// A value or name ended before the next token.
    value: u64,
    /// An opening bracket stands before the next token.
    opened: u64,
    /// An opening bracket or a comma stands before the next token.
    member: u64,
    /// Within a string that is a name if this is an object.
    name: u64,
    /// Such a string ended before the next token.
    named: u64,
    /// A line ended before the next token.
    line: u64,
}

/// What a group holds.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Where tokens begin.
    pub(super) tokens: Plane,
    pub(super) brackets: Plane,
    pub(super) comma: Plane,
    /// Quotes that begin or end a string.
    pub(super) quotes: Plane,
    /// Brackets, colons and commas.
    pub(super) operators: Plane,
    /// Within strings, from the opening quote on.
    pub(super) string: Plane,
    /// White space between tokens.
    pub(super) white: Plane,
    /// Numbers and literals.
    pub(super) scalar: Plane,
    pub(super) starts_scalar: Plane,
    starts_text: Plane,
    /// Bytes behind a backslash that decides about them.
    pub(super) escaped: Plane,
    /// Tokens that follow a value or name.
    value: Plane,
    /// Tokens that follow an opening bracket.
    opened: Plane,
    /// Tokens that follow an opening bracket or a comma.
    member: Plane,
    /// Tokens that follow a name, if this is an object.
    named: Plane,
    /// Within strings that are names if they stand in an object, what is left when they have been sent to their ends.
    names: Plane,
    /// Whether a backslash was seen.
    pub(super) escapes: bool,
    /// What is wrong in an object.
    pub(super) wrong_in_object: Plane,
    /// What is wrong in an array and outside containers.
    pub(super) wrong_in_array: Plane,
    /// Values behind values: wrong unless they stand outside containers and on a line of their own.
    pub(super) second: Plane,
    /// Tokens that begin a line.
    pub(super) first_of_line: Plane,
    /// Ends of lines outside strings.
    pub(super) newline: Plane,
}

impl Carry {
    /// The state behind what the lexer has read.
    pub(super) fn behind(previous: Previous) -> Carry {
        let mut carry = Carry::default();
        match previous {
            Previous::Nothing => {}
            Previous::Opening => {
                carry.opened = 1;
                carry.member = 1;
            }
            Previous::Comma => carry.member = 1,
            Previous::Name => {
                carry.value = 1;
                carry.named = 1;
            }
            Previous::Value => carry.value = 1,
        }
        carry
    }
}

impl Findings {
    /// Reads a group, and gives what is wrong wherever it stands.
    #[inline(always)]
    pub(super) fn read<K: Kernel, const LINES: bool>(
        &mut self,
        kernel: K,
        planes: &Planes,
        carry: &mut Carry,
    ) -> u64 {
        self.strings(kernel, planes, carry);
        let mut wrong = self.tokens(planes, carry);
        let spaced = self.white.iter().fold(0, |sum, white| sum | white) != 0;
        if spaced {
            follow(&mut self.value, &self.white, &mut carry.value);
            follow(&mut self.opened, &self.white, &mut carry.opened);
            follow(&mut self.member, &self.white, &mut carry.member);
        }
        self.names(carry);
        if spaced {
            follow(&mut self.named, &self.white, &mut carry.named);
        }
        if LINES {
            self.lines(planes, carry);
        }
        for number in 0..BLOCKS {
            let (colon, close) = (self.wrong_in_array[number], self.brackets[number] & planes.close[number]);
            let named = self.named[number];
            // Behind a value come a comma, a colon or a closing bracket, and nowhere else but that a closing bracket
            // may come behind an opening one.
            let unexpected =
                self.value[number] ^ ((close & !self.opened[number]) | colon | self.comma[number]);
            wrong |= colon & !named;
            if LINES {
                self.second[number] = unexpected & self.tokens[number] & !close;
                wrong |= unexpected & !self.second[number];
            } else {
                wrong |= unexpected;
            }
            // Every comma is followed by a name, every name by a colon.
            self.wrong_in_object[number] =
                self.member[number] & !(self.starts_text[number] | close) | named & !colon;
        }
        wrong
    }

    /// Finds the strings.
    #[inline(always)]
    fn strings<K: Kernel>(&mut self, kernel: K, planes: &Planes, carry: &mut Carry) {
        let backslashes = planes.backslash.iter().fold(carry.escape, |sum, backslash| sum | backslash);
        self.escapes = backslashes != 0;
        if self.escapes {
            let carried = carried(&planes.backslash, &mut carry.escape);
            for number in 0..BLOCKS {
                self.escaped[number] = escaped(planes.backslash[number], carried[number]);
                self.quotes[number] = planes.quote[number] & !self.escaped[number];
            }
        } else {
            self.quotes = planes.quote;
        }
        for number in 0..BLOCKS {
            self.string[number] = kernel.parity(self.quotes[number]) ^ carry.string;
            carry.string = 0_u64.wrapping_sub(self.string[number] >> 63);
        }
    }

    /// Finds the tokens, and what comes directly behind them. Gives what is wrong.
    #[inline(always)]
    fn tokens(&mut self, planes: &Planes, carry: &mut Carry) -> u64 {
        let mut wrong = 0;
        for number in 0..BLOCKS {
            let (quotes, string) = (self.quotes[number], self.string[number]);
            let outside = !(string | quotes);
            let white = planes.white[number] & outside;
            let open = planes.open[number] & outside;
            let close = planes.close[number] & outside;
            let colon = planes.colon[number] & outside;
            let comma = planes.comma[number] & outside;
            let operators = open | close | colon | comma;
            let scalar = outside & !(white | operators);
            let behind = next(scalar, &mut carry.scalar);
            let starts_scalar = scalar & !behind;
            let starts_text = quotes & string;
            self.white[number] = white;
            self.brackets[number] = open | close;
            self.comma[number] = comma;
            self.operators[number] = operators;
            self.scalar[number] = scalar;
            self.starts_scalar[number] = starts_scalar;
            self.starts_text[number] = starts_text;
            self.tokens[number] = open | close | starts_text | starts_scalar;
            self.wrong_in_array[number] = colon;
            self.value[number] = next((quotes & !string) | close, &mut carry.value) | behind & !scalar;
            self.opened[number] = next(open, &mut carry.opened);
            self.member[number] = next(open | comma, &mut carry.member);
            // A zero that a digit follows at the beginning of a number.
            let zero = next(starts_scalar & planes.zero[number], &mut carry.zero);
            wrong |= planes.control[number] & (string | !planes.white[number]) | zero & planes.digit[number];
        }
        wrong
    }

    /// Finds what comes directly behind the strings that are names if they stand in an object.
    #[inline(always)]
    fn names(&mut self, carry: &mut Carry) {
        for number in 0..BLOCKS {
            let (sum, once) =
                self.string[number].overflowing_add(self.starts_text[number] & self.member[number]);
            let (sum, twice) = sum.overflowing_add(carry.name);
            carry.name = u64::from(once | twice);
            self.names[number] = sum;
        }
        for number in 0..BLOCKS {
            self.named[number] = next(self.names[number] & !self.string[number], &mut carry.named);
        }
    }

    /// Whether a block that is all one string is a name if it stands in an object.
    pub(super) fn is_name(&self, block: usize) -> bool {
        self.names[block] == 0
    }

    /// Finds the tokens that white space stands before in which a line ends.
    #[inline(always)]
    fn lines(&mut self, planes: &Planes, carry: &mut Carry) {
        for number in 0..BLOCKS {
            self.newline[number] = planes.newline[number] & self.white[number];
        }
        let sum = add(&self.white, &self.newline, &mut carry.line);
        for number in 0..BLOCKS {
            self.first_of_line[number] = sum[number] & !self.white[number];
        }
    }
}

/// For each block whether its first byte is escaped.
#[inline(always)]
fn carried(backslash: &Plane, carry: &mut u64) -> Plane {
    let mut carried = [*carry; BLOCKS];
    for number in 0..BLOCKS {
        // A run decides about the byte behind it if its length is odd, wherever it began.
        let run = (!backslash[number]).leading_zeros();
        let escapes = if run == u64::BITS { *carry } else { u64::from(run & 1) };
        carried[number] = *carry;
        *carry = escapes;
    }
    carried
}

/// The bytes that a backslash stands before which is not itself escaped.
#[inline(always)]
fn escaped(backslash: u64, carried: u64) -> u64 {
    // The first backslash of each run. A run of odd length decides about the byte behind it: that byte stands at an
    // odd place if the run began at an even one, and the other way round.
    let backslash = backslash & !carried;
    let first = backslash & !(backslash << 1);
    let from_even = backslash.wrapping_add(first & EVEN);
    let from_odd = backslash.wrapping_add(first & !EVEN);
    (from_even & !EVEN | from_odd & EVEN) & !backslash | carried
}

/// Every other bit, the lowest included.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Sends bits through the white space that they stand at.
#[inline(always)]
fn follow(bits: &mut Plane, white: &Plane, carry: &mut u64) {
    let mut over = 0;
    for number in 0..BLOCKS {
        let (sum, once) = white[number].overflowing_add(bits[number] & white[number]);
        let (sum, twice) = sum.overflowing_add(over);
        over = u64::from(once | twice);
        bits[number] = (sum | bits[number]) & !white[number];
    }
    *carry |= over;
}
