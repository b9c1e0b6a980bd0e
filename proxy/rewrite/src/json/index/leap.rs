//! Reads a window in blocks of 64 bytes, from where it stands between tokens to behind its last bracket, colon or comma.

use super::containers::Containers;
use super::exact;
use super::grammar::{Carry, Findings};
use super::kernel::{BLOCK, Kernel};
use super::{Index, OPEN};
use crate::limits::Limits;
use crate::number;

/// The window holds something that the lexer must have a look at: an error, or what it alone can tell from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// The lengths of what may reach over a whole block, each less by what may stand before the first whole block and
/// behind the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    depth: usize,
    name: usize,
    string: usize,
    number: usize,
    white: usize,
}

impl Lengths {
    /// None if a limit is so small that what reaches over no whole block may exceed it.
    pub(super) fn new(limits: &Limits) -> Option<Lengths> {
        let blocks = |limit: usize| limit.checked_sub(2 * BLOCK).map(|limit| limit / BLOCK);
        Some(Lengths {
            depth: limits.depth,
            name: blocks(limits.name.min(limits.string))?,
            string: blocks(limits.string)?,
            number: blocks(limits.number)?,
            white: blocks(limits.held)?,
        })
    }
}

pub(super) struct Leap<'a> {
    pub(super) window: &'a [u8],
    /// Where the next block begins.
    pub(super) at: usize,
    pub(super) carry: Carry,
    pub(super) containers: &'a mut Containers,
    pub(super) index: &'a mut Index,
    pub(super) lengths: Lengths,
    /// Whether the document is lines.
    pub(super) lines: bool,
}

/// What is known at the end of a block.
struct Progress {
    /// The number of tokens.
    count: usize,
    /// Behind the last bracket, colon or comma.
    end: usize,
    /// Whole blocks in a row that hold but one name, string, number or run of white space.
    whole: usize,
    /// Where the second half of a surrogate pair stands that has been looked at with the first.
    paired: usize,
    /// Whether anything was wrong.
    wrong: u64,
    wide: bool,
}

impl Leap<'_> {
    /// Reads the window, and gives where it stands then.
    ///
    /// # Errors
    /// Whatever is refused, or cannot be told from it; the containers and the index are of no meaning then.
    #[inline(always)]
    pub(super) fn run<K: Kernel>(&mut self, kernel: K) -> Result<usize, Refused> {
        if self.lines { self.blocks::<K, true>(kernel) } else { self.blocks::<K, false>(kernel) }
    }

    #[inline(always)]
    fn blocks<K: Kernel, const LINES: bool>(&mut self, kernel: K) -> Result<usize, Refused> {
        let from = self.at;
        let count = self.index.tokens.len();
        let mut progress = Progress { count, end: from, whole: 0, paired: usize::MAX, wrong: 0, wide: false };
        let (blocks, rest) = self.window[from..].as_chunks::<BLOCK>();
        for block in blocks {
            self.block::<K, LINES>(kernel, block, u64::MAX, &mut progress)?;
        }
        if !rest.is_empty() {
            let mut block = [b' '; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            self.block::<K, LINES>(kernel, &block, !(u64::MAX << rest.len()), &mut progress)?;
        }
        let text = &self.window[from..progress.end];
        if progress.wrong != 0 || progress.wide && simdutf8::basic::from_utf8(text).is_err() {
            return Err(Refused);
        }
        let index = &mut *self.index;
        index.tokens.truncate(progress.count);
        while index.tokens.last().is_some_and(|&token| token as usize >= progress.end) {
            index.tokens.pop();
        }
        index.skips.truncate(index.tokens.len());
        Ok(progress.end)
    }

    /// Reads a block of which the bits of `valid` stand in the window.
    #[inline(always)]
    fn block<K: Kernel, const LINES: bool>(
        &mut self,
        kernel: K,
        block: &[u8; BLOCK],
        valid: u64,
        progress: &mut Progress,
    ) -> Result<(), Refused> {
        let masks = kernel.masks(block, LINES);
        progress.wide |= masks.wide;
        let mut found = self.carry.read::<K, LINES>(kernel, &masks);
        if found.quotes | found.operators == 0 {
            self.whole(&found, progress)?;
        } else {
            progress.whole = 0;
        }
        // What is escaped is mostly a quote or a backslash.
        let escaped = found.escaped & valid & !(masks.quote | masks.backslash);
        if escaped != 0 {
            self.escapes(escaped, progress)?;
        }
        self.reserve(progress.count);
        let tokens = &mut self.index.tokens[progress.count..];
        if let Some(places) = tokens.first_chunk_mut() {
            kernel.flatten(found.tokens, number(self.at), places);
        }
        let scalar = found.scalar & !masks.digit & valid;
        if scalar != 0 {
            self.scalars(scalar, &found, progress.count)?;
        }
        let wrong = self.brackets::<LINES>(&mut found, block, progress.count)?;
        progress.wrong |= (wrong | found.wrong) & valid;
        progress.count += found.tokens.count_ones() as usize;
        if found.operators != 0 {
            progress.end = self.at + BLOCK - found.operators.leading_zeros() as usize;
        }
        self.at += BLOCK;
        Ok(())
    }

    /// Makes room for the tokens of a block.
    #[inline(always)]
    fn reserve(&mut self, count: usize) {
        if self.index.tokens.len() < count + BLOCK {
            self.grow(count);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, count: usize) {
        self.index.tokens.resize(count + 16 * BLOCK, OPEN);
        self.index.skips.resize(count + 16 * BLOCK, OPEN);
    }

    /// A block that holds neither quotes nor brackets, colons or commas.
    #[cold]
    #[inline(never)]
    fn whole(&mut self, found: &Findings, progress: &mut Progress) -> Result<(), Refused> {
        let limit = match u64::MAX {
            all if found.string == all && self.carry.in_name() => self.lengths.name,
            all if found.string == all => self.lengths.string,
            all if found.scalar == all => self.lengths.number,
            all if found.white == all => self.lengths.white,
            _ => {
                progress.whole = 0;
                return Ok(());
            }
        };
        progress.whole += 1;
        if progress.whole > limit { Err(Refused) } else { Ok(()) }
    }

    /// Looks at escapes other than of quotes and backslashes.
    #[inline(never)]
    fn escapes(&mut self, mut escaped: u64, progress: &mut Progress) -> Result<(), Refused> {
        while escaped != 0 {
            let place = self.at + escaped.trailing_zeros() as usize;
            escaped &= escaped - 1;
            match self.window[place] {
                b'n' | b't' | b'r' | b'/' | b'b' | b'f' => {}
                b'u' if place == progress.paired => {}
                b'u' => {
                    let backslash = place - 1;
                    if exact::unit(&self.window[backslash..])? > 6 {
                        progress.paired = place + 6;
                    }
                }
                _ => return Err(Refused),
            }
        }
        Ok(())
    }

    /// Looks at the literals and numbers that bytes other than digits stand in.
    #[inline(never)]
    fn scalars(&mut self, mut other: u64, found: &Findings, count: usize) -> Result<(), Refused> {
        while other != 0 {
            let bit = other & other.wrapping_neg();
            let starts = found.starts_scalar & (bit | (bit - 1));
            let start = if starts != 0 {
                self.at + BLOCK - 1 - starts.leading_zeros() as usize
            } else {
                // It began in an earlier block, and is the last token of these.
                count.checked_sub(1).map_or(0, |last| self.index.tokens[last] as usize)
            };
            let end = start + exact::scalar(&self.window[start..])?;
            match end.checked_sub(self.at) {
                Some(place) if place < BLOCK => {
                    if found.scalar & 1 << place != 0 {
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

    /// Opens and closes the block's containers, and gives what is wrong in them.
    #[inline(always)]
    fn brackets<const LINES: bool>(
        &mut self,
        found: &mut Findings,
        block: &[u8; BLOCK],
        count: usize,
    ) -> Result<u64, Refused> {
        let mut brackets = found.open | found.close;
        // The bytes in objects, and those outside all containers, each as the sum of what lies before the brackets
        // that change it.
        let mut objects = 0;
        let mut outside = 0;
        let mut object = self.containers.in_object();
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            let before = bit | (bit - 1);
            brackets ^= bit;
            let token = count + (found.tokens & (bit - 1)).count_ones() as usize;
            let curly = block[bit.trailing_zeros() as usize] & 0x20 != 0;
            let was = object;
            if found.open & bit != 0 {
                if self.containers.depth() == 0 {
                    outside ^= before;
                }
                if self.containers.depth() == self.lengths.depth {
                    return Err(Refused);
                }
                self.containers.open(curly, number(token));
                self.index.skips[token] = OPEN;
                object = curly;
            } else {
                match self.containers.close(curly)? {
                    Some(open) => self.index.skips[open as usize] = number(token),
                    None => self.index.closes.push(number(token)),
                }
                object = self.containers.in_object();
                if self.containers.depth() == 0 {
                    outside ^= before;
                }
            }
            objects ^= before & 0_u64.wrapping_sub(u64::from(was ^ object));
        }
        objects ^= 0_u64.wrapping_sub(u64::from(object));
        if self.containers.depth() == 0 {
            outside = !outside;
        }
        let mut wrong =
            found.wrong_in_object & objects | found.wrong_in_array & !objects | found.comma & outside;
        if LINES {
            wrong |= found.second & !(found.first_of_line & outside);
            wrong |= found.newline & !outside;
        }
        Ok(wrong)
    }
}

/// What may follow a number or literal.
fn is_behind_scalar(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
}
