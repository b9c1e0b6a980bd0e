//! The sections of the benchmark.

pub mod peers;
