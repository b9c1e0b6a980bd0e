//! The kernels that use a processor's own instructions: the only place where the compiler is not asked whether memory
//! is safe.
//!
//! Each kernel is a type of which a value comes only from `detect`, so that a value proves that the instructions are
//! there.

#![allow(unsafe_code, reason = "vector instructions; each kernel is tested against the one in plain Rust")]

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod sse;
#[cfg(target_arch = "x86_64")]
mod wide;
#[cfg(target_arch = "x86_64")]
mod widest;

#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
#[cfg(target_arch = "x86_64")]
pub(super) use sse::Sse;
#[cfg(target_arch = "x86_64")]
pub(super) use wide::Wide;
#[cfg(target_arch = "x86_64")]
pub(super) use widest::Widest;

#[cfg(target_arch = "x86_64")]
use super::kernel::BLOCK;

/// What [`super::kernel::Kernel::flatten`] says, for processors that are better at it one by one.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn flatten<const FIRST: usize, const STEP: usize>(mut bits: u64, base: u32, places: &mut [u32; BLOCK]) {
    let count = bits.count_ones() as usize;
    let mut written = 0;
    let mut write = |places: &mut [u32]| {
        for place in places {
            // SAFETY: a reference may be written to. Volatile, since the compiler would gather eight places in a vector
            // to write that at once, which takes it twice as long.
            unsafe { std::ptr::write_volatile(place, base.wrapping_add(bits.trailing_zeros())) };
            bits &= bits.wrapping_sub(1);
        }
    };
    write(&mut places[..FIRST]);
    written += FIRST;
    while written < count {
        write(&mut places[written..written + STEP]);
        written += STEP;
    }
}
