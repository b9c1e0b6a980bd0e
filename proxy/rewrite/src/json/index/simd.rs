//! The kernels that use a processor's own instructions: the only place where the compiler is not asked whether memory
//! is safe.
//!
//! Each kernel is a type of which a value comes only from `detect`, so that a value proves that the instructions are
//! there.

#![allow(unsafe_code, reason = "vector instructions; each kernel is tested against the one in plain Rust")]

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod wide;

#[cfg(all(target_arch = "x86_64", not(miri)))]
pub(super) use wide::Wide;
