//! XML, against a naive reading of the plan over a tree by others.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_rewrite_fuzz::xml::run(data));
