//! What the tests of the editor share, as far as it needs no other crates than this one has.
#![allow(dead_code, reason = "the tests use more of it")]

#[path = "../../tests/support/case.rs"]
pub(crate) mod case;
#[path = "../../tests/support/feeding.rs"]
pub(crate) mod feeding;
#[path = "../../tests/support/generate.rs"]
pub(crate) mod generate;
#[path = "../../tests/support/hashing.rs"]
pub(crate) mod hashing;
#[path = "../../tests/support/judge.rs"]
pub(crate) mod judge;
#[path = "../../tests/support/oracle.rs"]
pub(crate) mod oracle;
#[path = "../../tests/support/places.rs"]
pub(crate) mod places;
