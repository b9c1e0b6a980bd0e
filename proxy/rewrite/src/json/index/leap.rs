//! Reads a window in groups of blocks, from where it stands between tokens to behind its last bracket, colon or comma.

#![allow(clippy::needless_range_loop, reason = "masks of many planes are read side by side")]

use super::containers::{Changes, Containers};
use super::exact;
use super::grammar::{Carry, Findings};
use super::kernel::{BLOCK, Kernel};
use super::planes::{BLOCKS, GROUP, Plane, Planes};
use super::{Index, OPEN};
use crate::limits::Limits;
use crate::number;

/// The window holds something that the lexer must have a look at: an error, or what it alone can tell from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// How many whole blocks what reaches over blocks may fill, so that it exceeds no limit with what may stand before the
/// first of them and behind the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    name: usize,
    string: usize,
    number: usize,
    white: usize,
}

impl Lengths {
    /// None if a limit is so small that what fills no block may exceed it.
    pub(super) fn new(limits: &Limits) -> Option<Lengths> {
        let blocks = |limit: usize| limit.checked_sub(2 * BLOCK).map(|limit| limit / BLOCK);
        Some(Lengths {
            name: blocks(limits.name.min(limits.string))?,
            string: blocks(limits.string)?,
            number: blocks(limits.number)?,
            white: blocks(limits.held)?,
        })
    }
}

/// A window that is being read.
pub(super) struct Leap<'a> {
    pub(super) window: &'a [u8],
    /// Where the next group begins.
    pub(super) at: usize,
    pub(super) carry: Carry,
    pub(super) containers: &'a mut Containers,
    pub(super) index: &'a mut Index,
    pub(super) lengths: Lengths,
    /// Whether the document is lines.
    pub(super) lines: bool,
    /// Whole blocks in a row that hold but one name, string, number or run of white space.
    pub(super) whole: usize,
    /// Where the second half of a surrogate pair stands that has been looked at with the first.
    pub(super) paired: usize,
}

impl Leap<'_> {
    /// Reads the window, and gives where it stands then.
    ///
    /// # Errors
    /// Whatever is refused, or cannot be told from it; the containers and the index are of no meaning then.
    #[inline(always)]
    pub(super) fn run<K: Kernel>(&mut self, kernel: K) -> Result<usize, Refused> {
        if self.lines { self.groups::<K, true>(kernel) } else { self.groups::<K, false>(kernel) }
    }

    #[inline(always)]
    fn groups<K: Kernel, const LINES: bool>(&mut self, kernel: K) -> Result<usize, Refused> {
        let mut planes = Planes::default();
        let mut found = Findings::default();
        let mut changes = Changes::default();
        let mut scratch: Room = [0; GROUP + BLOCK];
        let mut carry = std::mem::take(&mut self.carry);
        let (from, mut end) = (self.at, self.at);
        let mut ascii = true;
        let mut wrong = 0;
        let mut count = self.index.tokens.len();
        let window = self.window;
        let (groups, rest) = window[from..].as_chunks();
        let mut last = [b' '; GROUP];
        last[..rest.len()].copy_from_slice(rest);
        for group in groups.iter().chain((!rest.is_empty()).then_some(&last)) {
            ascii &= !planes.look::<K, LINES>(kernel, group).wide;
            wrong |= found.read::<K, LINES>(kernel, &planes, &mut carry);
            let (first, next) = self.flatten(kernel, &found.tokens, count);
            count = next;
            self.look_closer(&planes, &found, &first)?;
            let brackets = rank(kernel, &found, &first, &mut scratch);
            let mut objects = ones(self.containers.in_object());
            let mut outside = ones(self.containers.is_outside());
            self.containers.read(window, self.at, brackets, self.index, &mut changes)?;
            for block in 0..BLOCKS {
                let objects = kept(kernel, changes.objects[block], &mut objects);
                wrong |= found.wrong_in_object[block] & objects | found.wrong_in_array[block] & !objects;
            }
            if LINES || changes.crosses {
                for block in 0..BLOCKS {
                    let outside = kept(kernel, changes.outside[block], &mut outside);
                    wrong |= found.comma[block] & outside;
                    if LINES {
                        wrong |= found.second[block] & !(found.first_of_line[block] & outside);
                        wrong |= found.newline[block] & !outside;
                    }
                }
            }
            if let Some(last) = found.operators.iter().rposition(|&operators| operators != 0) {
                end = self.at + BLOCK * (last + 1) - found.operators[last].leading_zeros() as usize;
            }
            self.at += GROUP;
        }
        if wrong != 0 || !ascii && simdutf8::basic::from_utf8(&window[from..end]).is_err() {
            return Err(Refused);
        }
        let tokens = &mut self.index.tokens;
        let behind = tokens.room()[..count].iter().rev().take_while(|&&token| token as usize >= end).count();
        tokens.set(count - behind);
        Ok(end)
    }

    /// Writes the tokens of a group behind the `count` there are. Gives the number of each block's first token, and how
    /// many tokens there are then.
    #[inline(always)]
    fn flatten<K: Kernel>(&mut self, kernel: K, tokens: &Plane, count: usize) -> ([u32; BLOCKS], usize) {
        let places = count + GROUP + BLOCK;
        if self.index.skips.len() < places {
            self.grow(places);
        }
        let (at, before) = (number(self.at), number(count));
        let mut first = [0; BLOCKS];
        let mut written = 0;
        let room = &mut self.index.tokens.room_mut(places)[count..];
        if let Some(room) = room.first_chunk_mut::<{ GROUP + BLOCK }>() {
            for block in 0..BLOCKS {
                first[block] = before.wrapping_add(written);
                if let Some(places) = room_for(room, written) {
                    kernel.flatten::<10, 6>(tokens[block], at.wrapping_add(number(BLOCK * block)), places);
                }
                written += tokens[block].count_ones();
            }
        }
        let written = written as usize;
        (first, count + written)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, places: usize) {
        self.index.skips.resize(places.next_power_of_two(), OPEN);
    }

    /// Looks at what is rare one by one.
    #[inline(always)]
    fn look_closer(
        &mut self,
        planes: &Planes,
        found: &Findings,
        first: &[u32; BLOCKS],
    ) -> Result<(), Refused> {
        let mut quiet = false;
        for block in 0..BLOCKS {
            quiet |= found.quotes[block] | found.operators[block] == 0;
        }
        if quiet {
            self.whole(found)?;
        } else {
            self.whole = 0;
        }
        for block in 0..BLOCKS {
            let other = found.scalar[block] & !planes.digit[block];
            if other != 0 {
                self.scalars(other, block, found, planes.digit[block], first[block] as usize)?;
            }
        }
        if found.escapes {
            for block in 0..BLOCKS {
                // Mostly a quote or a backslash.
                let escaped = found.escaped[block] & !(planes.quote[block] | planes.backslash[block]);
                if escaped != 0 {
                    self.escapes(escaped, block)?;
                }
            }
        }
        Ok(())
    }

    /// A group with blocks that hold neither quotes nor brackets, colons or commas.
    #[cold]
    #[inline(never)]
    fn whole(&mut self, found: &Findings) -> Result<(), Refused> {
        let blocks = (self.window.len() - self.at).div_ceil(BLOCK).min(BLOCKS);
        for block in 0..blocks {
            let limit = if found.quotes[block] | found.operators[block] != 0 {
                None
            } else if found.string[block] == u64::MAX {
                Some(if found.is_name(block) { self.lengths.name } else { self.lengths.string })
            } else if found.scalar[block] == u64::MAX {
                Some(self.lengths.number)
            } else {
                Some(self.lengths.white).filter(|_| found.white[block] == u64::MAX)
            };
            self.whole = if limit.is_some() { self.whole + 1 } else { 0 };
            if limit.is_some_and(|limit| self.whole > limit) {
                return Err(Refused);
            }
        }
        Ok(())
    }

    /// Looks at escapes other than of quotes and backslashes.
    #[inline(never)]
    fn escapes(&mut self, mut escaped: u64, block: usize) -> Result<(), Refused> {
        while escaped != 0 {
            let place = self.at + BLOCK * block + escaped.trailing_zeros() as usize;
            escaped &= escaped - 1;
            match self.window.get(place) {
                // Behind the window.
                None => return Ok(()),
                Some(b'n' | b't' | b'r' | b'/' | b'b' | b'f') => {}
                Some(b'u') if place == self.paired => {}
                Some(b'u') => {
                    if exact::unit(&self.window[place - 1..])? > 6 {
                        self.paired = place + 6;
                    }
                }
                _ => return Err(Refused),
            }
        }
        Ok(())
    }

    /// Looks at the literals and numbers that bytes other than digits stand in.
    #[inline(never)]
    fn scalars(
        &mut self,
        mut other: u64,
        block: usize,
        found: &Findings,
        digits: u64,
        count: usize,
    ) -> Result<(), Refused> {
        let at = self.at + BLOCK * block;
        while other != 0 {
            let bit = other & other.wrapping_neg();
            let starts = found.starts_scalar[block] & (bit | (bit - 1));
            let start = if starts != 0 {
                let place = BLOCK - 1 - starts.leading_zeros() as usize;
                let length = (!(found.scalar[block] >> place)).trailing_zeros() as usize;
                if place + length < BLOCK
                    && exact::is_usual(&self.window[at + place..][..length], digits >> place)
                {
                    other &= u64::MAX << (place + length);
                    continue;
                }
                at + place
            } else {
                // It began in an earlier block, and is the last token of these.
                count.checked_sub(1).map_or(0, |last| self.index.tokens.room()[last] as usize)
            };
            let end = start + exact::scalar(&self.window[start..])?;
            match end.checked_sub(at) {
                Some(place) if place < BLOCK => {
                    if found.scalar[block] & 1 << place != 0 {
                        return Err(Refused);
                    }
                    other &= u64::MAX << place;
                }
                // What the next block begins with goes on with it.
                Some(_) if end == self.window.len() || is_behind_scalar(self.window[end]) => return Ok(()),
                _ => return Err(Refused),
            }
        }
        Ok(())
    }
}

/// Writes down the tokens' numbers that the brackets of a group are.
#[inline(always)]
fn rank<'a, K: Kernel>(
    kernel: K,
    found: &Findings,
    first: &[u32; BLOCKS],
    scratch: &'a mut Room,
) -> &'a [u32] {
    let mut written = 0;
    for block in 0..BLOCKS {
        let (brackets, tokens) = (found.brackets[block], found.tokens[block]);
        if let Some(ranks) = room_for(scratch, written) {
            kernel.rank::<2, 2>(brackets, tokens, first[block], ranks);
        }
        written += brackets.count_ones();
    }
    &scratch[..written as usize]
}

/// Room for a number for each byte of a group, and of a block more.
type Room = [u32; GROUP + BLOCK];

/// Room for the numbers of a block. There always is: before a block less than a group have been written.
#[inline(always)]
fn room_for(room: &mut Room, written: u32) -> Option<&mut [u32; BLOCK]> {
    room[written as usize % GROUP..].first_chunk_mut()
}

/// All bits set, or none.
fn ones(set: bool) -> u64 {
    0_u64.wrapping_sub(u64::from(set))
}

/// Where something is so that changes behind each bit of `change`, and was so before the block if `was` is all ones.
#[inline(always)]
fn kept<K: Kernel>(kernel: K, change: u64, was: &mut u64) -> u64 {
    let after = kernel.parity(change) ^ *was;
    *was = ones(after >> 63 != 0);
    after ^ change
}

/// What may follow a number or literal.
fn is_behind_scalar(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
}
