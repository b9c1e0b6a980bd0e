//! NDJSON, against the tree oracle of the property tests over the array of all lines.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::ndjson::run(data));
