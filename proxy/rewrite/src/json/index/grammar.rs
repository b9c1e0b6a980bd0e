//! The grammar of RFC 8259 as arithmetic on masks: 64 bytes in a few dozen instructions.
//!
//! Adding to a run of ones lets a carry run through it to the first zero behind. So a bit is sent through white space
//! to the token that follows, or from a string's opening quote to the closing one. What runs out of a block goes on
//! in the next.

use super::kernel::{Kernel, Masks};
use crate::json::lexer::Previous;

/// What goes from one block to the next: each is a bit for the next block's first byte, or none.
#[derive(Debug, Default)]
pub(super) struct Carry {
    /// Whether the next byte is escaped.
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

/// What a block holds.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Where tokens begin.
    pub(super) tokens: u64,
    pub(super) open: u64,
    pub(super) close: u64,
    pub(super) comma: u64,
    pub(super) newline: u64,
    /// Brackets, colons and commas.
    pub(super) operators: u64,
    pub(super) quotes: u64,
    /// Within strings, from the opening quote on.
    pub(super) string: u64,
    /// White space between tokens.
    pub(super) white: u64,
    /// Numbers and literals.
    pub(super) scalar: u64,
    pub(super) starts_scalar: u64,
    /// Bytes behind a backslash that decides about them.
    pub(super) escaped: u64,
    /// What is wrong wherever it stands.
    pub(super) wrong: u64,
    /// What is wrong in an object.
    pub(super) wrong_in_object: u64,
    /// What is wrong in an array and outside containers.
    pub(super) wrong_in_array: u64,
    /// Values behind values: wrong unless they stand outside containers and on a line of their own.
    pub(super) second: u64,
    /// Tokens that begin a line.
    pub(super) first_of_line: u64,
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

    /// Whether a string that may be a name goes on behind the block.
    pub(super) fn in_name(&self) -> bool {
        self.name != 0
    }

    /// Whether the next byte is escaped.
    pub(super) fn in_escape(&self) -> bool {
        self.escape != 0
    }

    /// Whether the next byte stands within a string.
    pub(super) fn in_string(&self) -> bool {
        self.string != 0
    }

    /// Reads a block.
    #[inline(always)]
    pub(super) fn read<K: Kernel, const LINES: bool>(&mut self, kernel: K, masks: &Masks) -> Findings {
        let escaped = self.escaped(masks.backslash);
        let quotes = masks.quote & !escaped;
        let string = kernel.parity(quotes) ^ self.string;
        self.string = 0_u64.wrapping_sub(string >> 63);
        let starts_text = quotes & string;
        let outside = !(string | quotes);
        let white = masks.white & outside;
        let open = masks.open & outside;
        let close = masks.close & outside;
        let colon = masks.colon & outside;
        let comma = masks.comma & outside;
        let operators = open | close | colon | comma;
        let scalar = outside & !white & !operators;
        let behind = scalar << 1 | self.scalar;
        self.scalar = scalar >> 63;
        let starts_scalar = scalar & !behind;
        // A zero that a digit follows at the beginning of a number.
        let zero = (starts_scalar & masks.zero) << 1 | self.zero;
        self.zero = (starts_scalar & masks.zero) >> 63;
        let tokens = open | close | starts_text | starts_scalar;

        let mut step = Step { white };
        let ends = (quotes & !string) | close;
        let value = step.follow(ends, behind & !scalar, &mut self.value);
        let opened = step.follow(open, 0, &mut self.opened);
        let member = step.follow(open | comma, 0, &mut self.member);
        let names = through(string, starts_text & member, &mut self.name);
        let named = step.follow(names, 0, &mut self.named);

        // Behind a value come a comma, a colon or a closing bracket, and nowhere else but that a closing bracket may
        // come behind an opening one.
        let unexpected = value ^ ((close & !opened) | colon | comma);
        let second = unexpected & (starts_text | starts_scalar | open);
        let mut wrong = masks.control & (string | !masks.white) | zero & masks.digit | colon & !named;
        let mut first_of_line = 0;
        if LINES {
            wrong |= unexpected & !second;
            first_of_line = step.lines(masks.newline & outside, &mut self.line);
        } else {
            wrong |= unexpected;
        }
        Findings {
            tokens,
            open,
            close,
            comma,
            newline: masks.newline & outside,
            operators,
            quotes,
            string,
            white,
            scalar,
            starts_scalar,
            escaped,
            wrong,
            // Every comma is followed by a name, every name by a colon.
            wrong_in_object: member & !(starts_text | close) | named & !colon,
            wrong_in_array: colon,
            second,
            first_of_line,
        }
    }

    /// The bytes that a backslash stands before which is not itself escaped.
    #[inline(always)]
    fn escaped(&mut self, backslash: u64) -> u64 {
        if backslash == 0 {
            return std::mem::take(&mut self.escape);
        }
        let carried = std::mem::take(&mut self.escape);
        // The first backslash of each run. A run of odd length decides about the byte behind it: that byte stands at
        // an odd place if the run began at an even one, and the other way round.
        let backslash = backslash & !carried;
        let first = backslash & !(backslash << 1);
        let (from_even, _) = backslash.overflowing_add(first & EVEN);
        let (from_odd, over) = backslash.overflowing_add(first & !EVEN);
        self.escape = u64::from(over);
        (from_even & !EVEN | from_odd & EVEN) & !backslash | carried
    }
}

/// Every other bit, the lowest included.
const EVEN: u64 = 0x5555_5555_5555_5555;

/// Sends bits set at the beginning of runs of ones to the first zero behind.
#[inline(always)]
fn through(run: u64, from: u64, carry: &mut u64) -> u64 {
    let (sum, over) = run.overflowing_add(from);
    let (sum, over_again) = sum.overflowing_add(*carry);
    *carry = u64::from(over | over_again);
    sum & !run
}

struct Step {
    white: u64,
}

impl Step {
    /// The tokens that follow what ends at `ends`, or before `behind`.
    #[inline(always)]
    fn follow(&mut self, ends: u64, behind: u64, carry: &mut u64) -> u64 {
        let next = ends << 1 | *carry | behind;
        *carry = ends >> 63;
        if self.white == 0 {
            return next;
        }
        let (sum, over) = (next & self.white).overflowing_add(self.white);
        *carry |= u64::from(over);
        (sum | next) & !self.white
    }

    /// The tokens that white space stands before in which a line ends.
    #[inline(always)]
    fn lines(&mut self, newline: u64, carry: &mut u64) -> u64 {
        let (sum, over) = self.white.overflowing_add(newline);
        let (sum, over_again) = sum.overflowing_add(*carry);
        *carry = u64::from(over | over_again);
        sum & !self.white
    }
}
