//! What the targets do with an input. The gateway is the real one, with the real default policy; only the network is
//! missing: both sides are connections in memory, and time passes when nothing else is left to be done, so that every
//! deadline is met at once and whatever hangs is found.

mod answers;
mod asked;
#[path = "../../tests/http/reading.rs"]
mod reading;
pub mod request_heads;
pub mod response_heads;
pub mod seeds;
mod world;
