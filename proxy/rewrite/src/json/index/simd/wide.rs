//! x86-64 with AVX2: 32 bytes in one instruction.

use std::arch::x86_64::*;

use crate::json::index::kernel::{Asked, BLOCK, Kernel, Kinds, Masks};
use crate::json::index::leap::{Leap, Refused};
use crate::json::index::planes::GROUP;

/// The proof that the processor has AVX2 and what comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::json::index) struct Wide(());

impl Wide {
    pub(in crate::json::index) fn detect() -> Option<Wide> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has.then_some(Wide(()))
    }

    pub(in crate::json::index) fn leap(self, leap: &mut Leap<'_>) -> Result<usize, Refused> {
        // SAFETY: this kernel exists only where these instructions were detected.
        unsafe { run(self, leap) }
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
fn run(kernel: Wide, leap: &mut Leap<'_>) -> Result<usize, Refused> {
    leap.run(kernel)
}

/// The mask of an expression that is true of a half's bytes. No closure: it would not have the instructions.
macro_rules! mask {
    ($halves:ident, $half:ident => $truth:expr) => {{
        let [$half, high] = $halves;
        let low = _mm256_movemask_epi8($truth).cast_unsigned();
        let $half = high;
        let high = _mm256_movemask_epi8($truth).cast_unsigned();
        u64::from(low) | u64::from(high) << 32
    }};
}

impl Kernel for Wide {
    #[inline(always)]
    fn kinds(self, group: &[u8; GROUP]) -> Kinds {
        // SAFETY: the kernel exists only where these instructions were detected, and each part has as many bytes as are
        // loaded.
        unsafe {
            let (mut least, mut either) = (all(u8::MAX), all(0));
            for part in group.as_chunks::<32>().0 {
                let bytes = _mm256_loadu_si256(part.as_ptr().cast());
                least = _mm256_min_epu8(least, bytes);
                either = _mm256_or_si256(either, bytes);
            }
            let control = _mm256_cmpeq_epi8(_mm256_min_epu8(least, all(0x1f)), least);
            Kinds { control: _mm256_movemask_epi8(control) != 0, wide: _mm256_movemask_epi8(either) != 0 }
        }
    }

    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks {
        // SAFETY: the block has 64 bytes, and the kernel exists only where these instructions were detected.
        unsafe {
            let start = block.as_ptr().cast::<__m256i>();
            let halves = [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))];
            // `[` and `]` become `{` and `}`.
            let folded = [_mm256_or_si256(halves[0], all(0x20)), _mm256_or_si256(halves[1], all(0x20))];
            // For its last four bits each kind of white space.
            let white = repeat(b"\x20\0\0\0\0\0\0\0\0\x09\x0a\0\0\x0d\0\0");
            let mut masks = Masks {
                quote: mask!(halves, half => _mm256_cmpeq_epi8(half, all(b'"'))),
                backslash: mask!(halves, half => _mm256_cmpeq_epi8(half, all(b'\\'))),
                white: mask!(halves, half => _mm256_cmpeq_epi8(_mm256_shuffle_epi8(white, half), half)),
                open: mask!(folded, half => _mm256_cmpeq_epi8(half, all(b'{'))),
                close: mask!(folded, half => _mm256_cmpeq_epi8(half, all(b'}'))),
                colon: mask!(halves, half => _mm256_cmpeq_epi8(half, all(b':'))),
                comma: mask!(halves, half => _mm256_cmpeq_epi8(half, all(b','))),
                // Digits become the highest of the signed bytes.
                digit: mask!(halves, half => {
                    _mm256_cmpgt_epi8(_mm256_add_epi8(half, all(0x7f - b'9')), all(0x7f - 10))
                }),
                zero: mask!(halves, half => _mm256_cmpeq_epi8(half, all(b'0'))),
                ..Masks::default()
            };
            if asked.control {
                masks.control =
                    mask!(halves, half => _mm256_cmpeq_epi8(_mm256_min_epu8(half, all(0x1f)), half));
            }
            if asked.newline {
                masks.newline = mask!(halves, half => _mm256_cmpeq_epi8(half, all(b'\n')));
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

    #[inline(always)]
    fn rank<const FIRST: usize, const STEP: usize>(
        self,
        bits: u64,
        of: u64,
        base: u32,
        ranks: &mut [u32; BLOCK],
    ) {
        // SAFETY: the kernel exists only where these instructions were detected.
        let ranks_of_bits = unsafe { _pext_u64(bits, of) };
        self.flatten::<FIRST, STEP>(ranks_of_bits, base, ranks);
    }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn all(byte: u8) -> __m256i {
    // SAFETY: the caller's promise.
    unsafe { _mm256_set1_epi8(byte.cast_signed()) }
}

/// # Safety
/// The processor must have AVX2.
#[inline(always)]
unsafe fn repeat(table: &[u8; 16]) -> __m256i {
    // SAFETY: the table has 16 bytes; else the caller's promise.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(table.as_ptr().cast())) }
}
