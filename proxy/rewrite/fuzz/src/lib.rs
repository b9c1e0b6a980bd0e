//! Targets for libFuzzer, each with its oracle inside.
//!
//! An input is a head of four bytes (which plan, which limits, how the body is cut, how the judge decides) and the body.
//! Whatever the bytes are, no target may panic: the body comes out the same however it is cut, and as the oracle of its
//! format says. `CONTRIBUTING.md` has the commands.

mod agreement;
pub mod csv;
pub mod embedded;
pub mod json;
pub mod ndjson;
pub mod path;
mod paths;
mod plans;
pub mod seeds;
pub mod sse;
mod support;
mod trial;
pub mod xml;
