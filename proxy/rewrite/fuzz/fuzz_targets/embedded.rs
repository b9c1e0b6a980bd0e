//! JSON in strings, against the tree oracle of the property tests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::embedded::run(data));
