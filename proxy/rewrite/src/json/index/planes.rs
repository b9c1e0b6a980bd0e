//! A kibibyte of the window as masks: what they say before strings are regarded.

use super::kernel::{Asked, BLOCK, Kernel, Kinds};

/// The number of blocks that are looked at together, so that the compiler can work on several masks at once.
pub(super) const BLOCKS: usize = 16;

/// The number of bytes that are looked at together.
pub(super) const GROUP: usize = BLOCK * BLOCKS;

/// One bit for each byte.
pub(super) type Plane = [u64; BLOCKS];

/// The masks of all blocks.
#[derive(Debug, Default)]
pub(super) struct Planes {
    pub(super) quote: Plane,
    pub(super) backslash: Plane,
    pub(super) control: Plane,
    pub(super) white: Plane,
    pub(super) open: Plane,
    pub(super) close: Plane,
    pub(super) colon: Plane,
    pub(super) comma: Plane,
    pub(super) digit: Plane,
    pub(super) zero: Plane,
    pub(super) newline: Plane,
}

impl Planes {
    /// Looks at a group, and gives what kinds of bytes it holds.
    #[inline(always)]
    pub(super) fn look<K: Kernel, const LINES: bool>(&mut self, kernel: K, group: &[u8; GROUP]) -> Kinds {
        let kinds = kernel.kinds(group);
        if kinds.control {
            self.blocks(kernel, group, Asked { control: true, newline: LINES });
        } else {
            self.blocks(kernel, group, Asked { control: false, newline: false });
            self.control = [0; BLOCKS];
            self.newline = [0; BLOCKS];
        }
        kinds
    }

    #[inline(always)]
    fn blocks<K: Kernel>(&mut self, kernel: K, group: &[u8; GROUP], asked: Asked) {
        for (number, block) in group.as_chunks::<BLOCK>().0.iter().enumerate() {
            let masks = kernel.masks(block, asked);
            self.quote[number] = masks.quote;
            self.backslash[number] = masks.backslash;
            self.white[number] = masks.white;
            self.open[number] = masks.open;
            self.close[number] = masks.close;
            self.colon[number] = masks.colon;
            self.comma[number] = masks.comma;
            self.digit[number] = masks.digit;
            self.zero[number] = masks.zero;
            if asked.control {
                self.control[number] = masks.control;
            }
            if asked.newline {
                self.newline[number] = masks.newline;
            }
        }
    }
}

/// Adds a plane to another as if each were one number.
#[inline(always)]
pub(super) fn add(plane: &Plane, other: &Plane, carry: &mut u64) -> Plane {
    let mut sum = [0; BLOCKS];
    let mut over = *carry != 0;
    for number in 0..BLOCKS {
        let (part, once) = plane[number].overflowing_add(other[number]);
        let (part, twice) = part.overflowing_add(u64::from(over));
        sum[number] = part;
        over = once | twice;
    }
    *carry = u64::from(over);
    sum
}

/// Moves each bit to the next byte.
#[inline(always)]
pub(super) fn next(bits: u64, carry: &mut u64) -> u64 {
    let next = bits << 1 | *carry;
    *carry = bits >> 63;
    next
}
