//! Bytes of a backend, against a reading of what they say, and against what a caller gets of it said plainly.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_gateway_fuzz::response_heads::run(data));
