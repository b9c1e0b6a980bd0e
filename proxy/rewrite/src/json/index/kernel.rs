//! What looks at 64 bytes at once: the widest instructions that the processor has, or plain Rust.

use std::sync::OnceLock;

use super::leap::{Leap, Refused};
use super::planes::GROUP;
use super::scalar::Scalar;
use super::simd;

/// The number of bytes that are looked at together: one bit each in a mask.
pub(super) const BLOCK: usize = 64;

/// Where the bytes of a block are that JSON gives a meaning, the first byte's bit being the lowest. Strings are not
/// regarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Masks {
    pub(super) quote: u64,
    pub(super) backslash: u64,
    /// Bytes below 0x20.
    pub(super) control: u64,
    pub(super) white: u64,
    pub(super) open: u64,
    pub(super) close: u64,
    pub(super) colon: u64,
    pub(super) comma: u64,
    pub(super) digit: u64,
    pub(super) zero: u64,
    pub(super) newline: u64,
}

/// What masks may be done without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) control: bool,
    pub(super) newline: bool,
}

/// Kinds of bytes that a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    /// Whether there are bytes below 0x20.
    pub(super) control: bool,
    /// Whether there are bytes that are not ASCII.
    pub(super) wide: bool,
}

/// How a processor finds the masks of a block. A value is the proof that the processor can.
pub(super) trait Kernel: Copy {
    /// Looks what kinds of bytes there are.
    fn kinds(self, group: &[u8; GROUP]) -> Kinds;

    /// Looks at a block. What is not asked for is zero.
    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks;

    /// For each bit whether the number of bits set up to it, itself included, is odd.
    fn parity(self, bits: u64) -> u64 {
        let mut sum = bits;
        for shift in [1, 2, 4, 8, 16, 32] {
            sum ^= sum << shift;
        }
        sum
    }

    /// Writes the places of the bits, counted from `base`, in order. What stands behind them in `places` is of no
    /// meaning afterwards. `FIRST` is a number that the bits seldom exceed; where they do, it goes on in steps of `STEP`,
    /// with which it comes to 64.
    #[inline(always)]
    fn flatten<const FIRST: usize, const STEP: usize>(self, bits: u64, base: u32, places: &mut [u32; BLOCK]) {
        let mut bits = bits;
        for place in &mut places[..bits.count_ones() as usize] {
            *place = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
    }

    /// Writes for each bit of `bits`, which are some of those of `of`, how many of `of` stand before it, counted from
    /// `base`; else as [`Kernel::flatten`].
    #[inline(always)]
    fn rank<const FIRST: usize, const STEP: usize>(
        self,
        bits: u64,
        of: u64,
        base: u32,
        ranks: &mut [u32; BLOCK],
    ) {
        self.flatten::<FIRST, STEP>(bits, 0, ranks);
        for rank in &mut ranks[..bits.count_ones() as usize] {
            *rank = base + (of & !(u64::MAX << *rank)).count_ones();
        }
    }
}

/// The kernels there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    Scalar(Scalar),
    #[cfg(target_arch = "x86_64")]
    Sse(simd::Sse),
    #[cfg(target_arch = "x86_64")]
    Wide(simd::Wide),
    #[cfg(target_arch = "x86_64")]
    Widest(simd::Widest),
    #[cfg(target_arch = "aarch64")]
    Neon(simd::Neon),
}

impl Chosen {
    /// The fastest that this processor has.
    pub(super) fn best() -> Chosen {
        static BEST: OnceLock<Chosen> = OnceLock::new();
        *BEST.get_or_init(|| Chosen::all().pop().unwrap_or(Chosen::Scalar(Scalar)))
    }

    /// All that this processor has, the fastest last.
    pub(super) fn all() -> Vec<Chosen> {
        let mut all = vec![Chosen::Scalar(Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(simd::Sse::detect().map(Chosen::Sse));
            all.extend(simd::Wide::detect().map(Chosen::Wide));
            all.extend(simd::Widest::detect().map(Chosen::Widest));
        }
        #[cfg(target_arch = "aarch64")]
        all.extend(simd::Neon::detect().map(Chosen::Neon));
        all
    }

    /// Lets the kernel read a window.
    pub(super) fn leap(self, leap: &mut Leap<'_>) -> Result<usize, Refused> {
        match self {
            Chosen::Scalar(kernel) => leap.run(kernel),
            #[cfg(target_arch = "x86_64")]
            Chosen::Sse(kernel) => kernel.leap(leap),
            #[cfg(target_arch = "x86_64")]
            Chosen::Wide(kernel) => kernel.leap(leap),
            #[cfg(target_arch = "x86_64")]
            Chosen::Widest(kernel) => kernel.leap(leap),
            #[cfg(target_arch = "aarch64")]
            Chosen::Neon(kernel) => kernel.leap(leap),
        }
    }
}

#[cfg(test)]
impl Chosen {
    /// Compares what the kernel finds with what the one in plain Rust does.
    pub(super) fn check(self, block: &[u8; BLOCK], bits: u64) {
        match self {
            Chosen::Scalar(kernel) => check(kernel, block, bits),
            #[cfg(target_arch = "x86_64")]
            Chosen::Sse(kernel) => check(kernel, block, bits),
            #[cfg(target_arch = "x86_64")]
            Chosen::Wide(kernel) => check(kernel, block, bits),
            #[cfg(target_arch = "x86_64")]
            Chosen::Widest(kernel) => check(kernel, block, bits),
            #[cfg(target_arch = "aarch64")]
            Chosen::Neon(kernel) => check(kernel, block, bits),
        }
    }
}

#[cfg(test)]
fn check<K: Kernel + std::fmt::Debug>(kernel: K, block: &[u8; BLOCK], bits: u64) {
    for (control, newline) in [(false, false), (false, true), (true, false), (true, true)] {
        let asked = Asked { control, newline };
        let (found, expected) = (kernel.masks(block, asked), Scalar.masks(block, asked));
        assert_eq!(found, expected, "{kernel:?}: {block:?}");
    }
    for place in [0, 63, 64, 960] {
        let mut group = [b' '; GROUP];
        group[place] = block[0];
        assert_eq!(kernel.kinds(&group), Scalar.kinds(&group), "{kernel:?}: {place}, {block:?}");
    }
    assert_eq!(kernel.parity(bits), Scalar.parity(bits), "{kernel:?}: {bits:b}");
    let (mut found, mut expected) = ([0; BLOCK], Vec::new());
    kernel.flatten::<10, 6>(bits, 1000, &mut found);
    expected.extend((0..64).filter(|place| bits >> place & 1 != 0).map(|place| 1000 + place));
    assert_eq!(found[..expected.len()], expected[..], "{kernel:?}: {bits:b}");
    let some = bits & u64::from_le_bytes([block[0]; 8]);
    kernel.rank::<2, 2>(some, bits, 1000, &mut found);
    let expected: Vec<u32> = (0..64)
        .filter(|place| some >> place & 1 != 0)
        .map(|place| 1000 + (bits & !(u64::MAX << place)).count_ones())
        .collect();
    assert_eq!(found[..expected.len()], expected[..], "{kernel:?}: {some:b} of {bits:b}");
}
