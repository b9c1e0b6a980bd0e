//! What the tests of the editor share: plans and judges as data, and ways to feed a body.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(unreachable_pub, reason = "a module of each test, not a crate")]

pub mod case;
pub mod events;
pub mod feeding;
pub mod generate;
pub mod hashing;
pub mod judge;
pub mod oracle;
pub mod places;
pub mod table;
