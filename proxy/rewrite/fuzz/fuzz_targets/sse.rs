//! Server-sent events, against the tree oracle of the property tests over what a client is sent.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::sse::run(data));
