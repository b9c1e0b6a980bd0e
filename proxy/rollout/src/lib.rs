//! Which bundle is in force in this process: deliveries, trials, promotion, rollback, and the way back.
//!
//! Whatever is delivered must be signed as the trust root asks, must be newer than anything that was in force, and must
//! be admitted. Then it is on offer, or in force at once where that is configured. What is in force is on disk before
//! it is enforced, so that a proxy starts with it when nobody delivers. One change is made at a time; requests never
//! wait for any of it.

mod follow;
mod offer;
mod report;
mod rollout;
mod start;

pub use follow::{Sources, follow};
pub use offer::{KeptOut, Offer};
pub use report::report;
pub use rollout::{Candidate, Rollout, RolloutError, Standing};
pub use start::{Settings, Start, StartError, look};
