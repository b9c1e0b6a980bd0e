//! x86-64 with SSE4.1 and before: 16 bytes in one instruction.

use std::arch::x86_64::*;

use crate::json::index::kernel::{Asked, BLOCK, Kernel, Kinds, Masks};
use crate::json::index::leap::{Leap, Refused};
use crate::json::index::planes::GROUP;

/// The proof that the processor has SSE4.1 and what comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::json::index) struct Sse(());

impl Sse {
    pub(in crate::json::index) fn detect() -> Option<Sse> {
        let has = is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has.then_some(Sse(()))
    }

    pub(in crate::json::index) fn leap(self, leap: &mut Leap<'_>) -> Result<usize, Refused> {
        // SAFETY: this kernel exists only where these instructions were detected.
        unsafe { run(self, leap) }
    }
}

#[target_feature(enable = "sse4.1,ssse3,popcnt,pclmulqdq")]
fn run(kernel: Sse, leap: &mut Leap<'_>) -> Result<usize, Refused> {
    leap.run(kernel)
}

/// The mask of an expression that is true of a quarter's bytes. No closure: it would not have the instructions.
macro_rules! mask {
    ($quarters:ident, $quarter:ident => $truth:expr) => {{
        let [$quarter, second, third, fourth] = $quarters;
        let first = _mm_movemask_epi8($truth).cast_unsigned();
        let $quarter = second;
        let second = _mm_movemask_epi8($truth).cast_unsigned();
        let $quarter = third;
        let third = _mm_movemask_epi8($truth).cast_unsigned();
        let $quarter = fourth;
        let fourth = _mm_movemask_epi8($truth).cast_unsigned();
        u64::from(first | second << 16) | u64::from(third | fourth << 16) << 32
    }};
}

impl Kernel for Sse {
    #[inline(always)]
    fn kinds(self, group: &[u8; GROUP]) -> Kinds {
        // SAFETY: the kernel exists only where these instructions were detected, and each part has as many bytes as are
        // loaded.
        unsafe {
            let (mut least, mut either) = (all(u8::MAX), all(0));
            for part in group.as_chunks::<16>().0 {
                let bytes = _mm_loadu_si128(part.as_ptr().cast());
                least = _mm_min_epu8(least, bytes);
                either = _mm_or_si128(either, bytes);
            }
            let control = _mm_cmpeq_epi8(_mm_min_epu8(least, all(0x1f)), least);
            Kinds { control: _mm_movemask_epi8(control) != 0, wide: _mm_movemask_epi8(either) != 0 }
        }
    }

    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks {
        // SAFETY: the block has 64 bytes, and the kernel exists only where these instructions were detected.
        unsafe {
            let start = block.as_ptr().cast::<__m128i>();
            let [first, second] = [_mm_loadu_si128(start), _mm_loadu_si128(start.add(1))];
            let [third, fourth] = [_mm_loadu_si128(start.add(2)), _mm_loadu_si128(start.add(3))];
            let quarters = [first, second, third, fourth];
            // `[` and `]` become `{` and `}`.
            let fold = all(0x20);
            let [first, second] = [_mm_or_si128(first, fold), _mm_or_si128(second, fold)];
            let [third, fourth] = [_mm_or_si128(third, fold), _mm_or_si128(fourth, fold)];
            let folded = [first, second, third, fourth];
            // For its last four bits each kind of white space.
            let white = repeat(b"\x20\0\0\0\0\0\0\0\0\x09\x0a\0\0\x0d\0\0");
            let mut masks = Masks {
                quote: mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b'"'))),
                backslash: mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b'\\'))),
                white: mask!(quarters, quarter => _mm_cmpeq_epi8(_mm_shuffle_epi8(white, quarter), quarter)),
                open: mask!(folded, quarter => _mm_cmpeq_epi8(quarter, all(b'{'))),
                close: mask!(folded, quarter => _mm_cmpeq_epi8(quarter, all(b'}'))),
                colon: mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b':'))),
                comma: mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b','))),
                // Digits become the highest of the signed bytes.
                digit: mask!(quarters, quarter => {
                    _mm_cmpgt_epi8(_mm_add_epi8(quarter, all(0x7f - b'9')), all(0x7f - 10))
                }),
                zero: mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b'0'))),
                ..Masks::default()
            };
            if asked.control {
                masks.control =
                    mask!(quarters, quarter => _mm_cmpeq_epi8(_mm_min_epu8(quarter, all(0x1f)), quarter));
            }
            if asked.newline {
                masks.newline = mask!(quarters, quarter => _mm_cmpeq_epi8(quarter, all(b'\n')));
            }
            masks
        }
    }

    #[inline(always)]
    fn parity(self, bits: u64) -> u64 {
        // SAFETY: the kernel exists only where these instructions were detected.
        unsafe {
            let product = _mm_clmulepi64_si128::<0>(_mm_set_epi64x(0, bits.cast_signed()), _mm_set1_epi8(-1));
            _mm_cvtsi128_si64(product).cast_unsigned()
        }
    }

    #[inline(always)]
    fn flatten<const FIRST: usize, const STEP: usize>(self, bits: u64, base: u32, places: &mut [u32; BLOCK]) {
        super::flatten::<FIRST, STEP>(bits, base, places);
    }
}

/// # Safety
/// The processor must have SSE2.
#[inline(always)]
unsafe fn all(byte: u8) -> __m128i {
    // SAFETY: the caller's promise.
    unsafe { _mm_set1_epi8(byte.cast_signed()) }
}

/// # Safety
/// The processor must have SSE2.
#[inline(always)]
unsafe fn repeat(table: &[u8; 16]) -> __m128i {
    // SAFETY: the table has 16 bytes; else the caller's promise.
    unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
}
