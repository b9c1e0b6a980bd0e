//! 64-bit Arm with Neon: 16 bytes in one instruction.

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use crate::json::index::kernel::{Asked, BLOCK, Kernel, Kinds, Masks};
use crate::json::index::leap::{Leap, Refused};
use crate::json::index::planes::GROUP;

/// The proof that the processor has Neon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::json::index) struct Neon(());

impl Neon {
    pub(in crate::json::index) fn detect() -> Option<Neon> {
        is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }

    pub(in crate::json::index) fn leap(self, leap: &mut Leap<'_>) -> Result<usize, Refused> {
        // SAFETY: this kernel exists only where these instructions were detected.
        unsafe { run(self, leap) }
    }
}

#[target_feature(enable = "neon")]
fn run(kernel: Neon, leap: &mut Leap<'_>) -> Result<usize, Refused> {
    leap.run(kernel)
}

/// The mask of an expression that is all ones for some of a quarter's bytes and zero for the others. No closure: it would
/// not have the instructions.
macro_rules! mask {
    ($quarters:ident, $quarter:ident => $truth:expr) => {{
        let uint8x16x4_t($quarter, second, third, fourth) = $quarters;
        let first = $truth;
        let $quarter = second;
        let second = $truth;
        let $quarter = third;
        let third = $truth;
        let $quarter = fourth;
        let fourth = $truth;
        gather(uint8x16x4_t(first, second, third, fourth))
    }};
}

impl Kernel for Neon {
    #[inline(always)]
    fn kinds(self, group: &[u8; GROUP]) -> Kinds {
        // SAFETY: the kernel exists only where these instructions were detected, and each part has as many bytes as are
        // loaded.
        unsafe {
            let (mut least, mut either) = (vdupq_n_u8(u8::MAX), vdupq_n_u8(0));
            for part in group.as_chunks::<16>().0 {
                let bytes = vld1q_u8(part.as_ptr());
                least = vminq_u8(least, bytes);
                either = vorrq_u8(either, bytes);
            }
            Kinds { control: vminvq_u8(least) < 0x20, wide: vmaxvq_u8(either) >= 0x80 }
        }
    }

    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], asked: Asked) -> Masks {
        // SAFETY: the block has 64 bytes, and the kernel exists only where these instructions were detected.
        unsafe {
            let start = block.as_ptr();
            let quarters = uint8x16x4_t(
                vld1q_u8(start),
                vld1q_u8(start.add(16)),
                vld1q_u8(start.add(32)),
                vld1q_u8(start.add(48)),
            );
            // For its last four bits each kind of white space.
            let white = b"\x20\0\0\0\0\0\0\0\0\x09\x0a\0\0\x0d\0\0";
            let white = vld1q_u8(white.as_ptr());
            let mut masks = Masks {
                quote: mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b'"'))),
                backslash: mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b'\\'))),
                white: mask!(quarters, quarter => {
                    vceqq_u8(quarter, vqtbl1q_u8(white, vandq_u8(quarter, vdupq_n_u8(0x0f))))
                }),
                // `[` and `]` become `{` and `}`.
                open: mask!(quarters, quarter => {
                    vceqq_u8(vorrq_u8(quarter, vdupq_n_u8(0x20)), vdupq_n_u8(b'{'))
                }),
                close: mask!(quarters, quarter => {
                    vceqq_u8(vorrq_u8(quarter, vdupq_n_u8(0x20)), vdupq_n_u8(b'}'))
                }),
                colon: mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b':'))),
                comma: mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b','))),
                digit: mask!(quarters, quarter => {
                    vcltq_u8(vsubq_u8(quarter, vdupq_n_u8(b'0')), vdupq_n_u8(10))
                }),
                zero: mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b'0'))),
                ..Masks::default()
            };
            if asked.control {
                masks.control = mask!(quarters, quarter => vcltq_u8(quarter, vdupq_n_u8(0x20)));
            }
            if asked.newline {
                masks.newline = mask!(quarters, quarter => vceqq_u8(quarter, vdupq_n_u8(b'\n')));
            }
            masks
        }
    }
}

/// One bit for each byte that is all ones.
///
/// # Safety
/// The processor must have Neon.
#[inline(always)]
unsafe fn gather(bytes: uint8x16x4_t) -> u64 {
    // SAFETY: the caller's promise; the table has 16 bytes.
    unsafe {
        // A bit of its own for each of eight bytes, so that sums of neighbours hold the bits of two, four, eight.
        let bits = vld1q_u8([1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128].as_ptr());
        let front = vpaddq_u8(vandq_u8(bytes.0, bits), vandq_u8(bytes.1, bits));
        let back = vpaddq_u8(vandq_u8(bytes.2, bits), vandq_u8(bytes.3, bits));
        let sums = vpaddq_u8(front, back);
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(sums, sums)))
    }
}
