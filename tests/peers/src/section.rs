//! The sections of the benchmark.

pub mod callers;
pub mod growth;
pub mod peers;
pub mod protocols;
