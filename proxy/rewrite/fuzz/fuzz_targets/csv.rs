//! CSV, against the tree oracle of the property tests over rows that a naive reader finds.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::csv::run(data));
