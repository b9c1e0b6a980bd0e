//! x86-64 with AVX-512: 64 bytes in one instruction, and masks as its outcome.

use std::arch::x86_64::*;

use crate::json::index::kernel::{Asked, BLOCK, Kernel, Kinds, Masks};
use crate::json::index::leap::{Leap, Refused};
use crate::json::index::planes::GROUP;

/// The proof that the processor has AVX-512 with the instructions for bytes, and what comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::json::index) struct Widest(());

impl Widest {
    pub(in crate::json::index) fn detect() -> Option<Widest> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        has.then_some(Widest(()))
    }

    pub(in crate::json::index) fn leap(self, leap: &mut Leap<'_>) -> Result<usize, Refused> {
        // SAFETY: this kernel exists only where these instructions were detected.
        unsafe { run(self, leap) }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt,pclmulqdq")]
fn run(kernel: Widest, leap: &mut Leap<'_>) -> Result<usize, Refused> {
    leap.run(kernel)
}

impl Kernel for Widest {
    #[inline(always)]
    fn kinds(self, group: &[u8; GROUP]) -> Kinds {
        // SAFETY: the kernel exists only where these instructions were detected, and each part has as many bytes as are
        // loaded.
        unsafe {
            let (mut least, mut either) = (all(u8::MAX), all(0));
            for part in group.as_chunks::<BLOCK>().0 {
                let bytes = _mm512_loadu_si512(part.as_ptr().cast());
                least = _mm512_min_epu8(least, bytes);
                either = _mm512_or_si512(either, bytes);
            }
            Kinds {
                control: _mm512_cmplt_epu8_mask(least, all(0x20)) != 0,
                wide: _mm512_movepi8_mask(either) != 0,
            }
        }
    }

    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks {
        // SAFETY: the block has 64 bytes, and the kernel exists only where these instructions were detected.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            // `[` and `]` become `{` and `}`.
            let folded = _mm512_or_si512(bytes, all(0x20));
            // For its last four bits each kind of white space.
            let white = b"\x20\0\0\0\0\0\0\0\0\x09\x0a\0\0\x0d\0\0";
            let white = _mm512_broadcast_i32x4(_mm_loadu_si128(white.as_ptr().cast()));
            let mut masks = Masks {
                quote: _mm512_cmpeq_epi8_mask(bytes, all(b'"')),
                backslash: _mm512_cmpeq_epi8_mask(bytes, all(b'\\')),
                white: _mm512_cmpeq_epi8_mask(bytes, _mm512_shuffle_epi8(white, bytes)),
                open: _mm512_cmpeq_epi8_mask(folded, all(b'{')),
                close: _mm512_cmpeq_epi8_mask(folded, all(b'}')),
                colon: _mm512_cmpeq_epi8_mask(bytes, all(b':')),
                comma: _mm512_cmpeq_epi8_mask(bytes, all(b',')),
                digit: _mm512_cmplt_epu8_mask(_mm512_sub_epi8(bytes, all(b'0')), all(10)),
                zero: _mm512_cmpeq_epi8_mask(bytes, all(b'0')),
                ..Masks::default()
            };
            if asked.control {
                masks.control = _mm512_cmplt_epu8_mask(bytes, all(0x20));
            }
            if asked.newline {
                masks.newline = _mm512_cmpeq_epi8_mask(bytes, all(b'\n'));
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
        // SAFETY: `places` is as long as the four vectors that are written to it, and the kernel exists only where these
        // instructions were detected.
        unsafe {
            let base = _mm512_set1_epi32(base.cast_signed());
            let found = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(PLACES.as_ptr().cast()));
            let start = places.as_mut_ptr().cast::<__m512i>();
            let places = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(found));
            _mm512_storeu_si512(start, _mm512_add_epi32(places, base));
            let count = bits.count_ones();
            if count > 16 {
                let places = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<1>(found));
                _mm512_storeu_si512(start.add(1), _mm512_add_epi32(places, base));
            }
            if count > 32 {
                let places = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<2>(found));
                _mm512_storeu_si512(start.add(2), _mm512_add_epi32(places, base));
                let places = _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32::<3>(found));
                _mm512_storeu_si512(start.add(3), _mm512_add_epi32(places, base));
            }
        }
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

/// The place of each byte.
const PLACES: [u8; BLOCK] = {
    let mut places = [0; BLOCK];
    let mut place = 1;
    while place < BLOCK {
        places[place] = places[place - 1] + 1;
        place += 1;
    }
    places
};

/// # Safety
/// The processor must have AVX-512.
#[inline(always)]
unsafe fn all(byte: u8) -> __m512i {
    // SAFETY: the caller's promise.
    unsafe { _mm512_set1_epi8(byte.cast_signed()) }
}
