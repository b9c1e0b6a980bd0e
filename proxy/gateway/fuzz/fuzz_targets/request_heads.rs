//! Bytes of a client, against a reading of what reaches the backend and of what is answered.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cordon_gateway_fuzz::request_heads::run(data));
