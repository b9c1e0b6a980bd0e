//! Paths, against an implementation of RFC 9535 by others.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::path::run(data));
