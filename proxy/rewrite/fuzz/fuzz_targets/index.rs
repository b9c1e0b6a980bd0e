//! The first stage of reading JSON: every kernel finds what the lexer alone finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite::compare_index(data));
