//! End to end: harness, corpora, real backends, hostile policies.
//!
//! The tests are in `tests/tests`. Here is what they share: a gateway started in process ([`Cordon`]), a client over
//! real sockets ([`Client`]), a backend whose answers a test writes ([`Backend`]), and the oracle: an independent
//! way to say what a caller must get ([`json`], [`lens`]).

mod backend;
mod client;
mod cordon;
mod directory;
pub mod external;
pub mod issuer;
pub mod json;
pub mod lens;
pub mod pocketbase;

pub use backend::{Backend, Gate, Part, Reply, Seen};
pub use client::{Answer, Client};
pub use cordon::{Cordon, Running};
pub use directory::{DirectoryText, token_of};
