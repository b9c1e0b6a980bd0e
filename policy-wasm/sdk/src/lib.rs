//! What the author of a policy links against.
//!
//! A policy is a type that implements [`Policy`]: five pure functions of `wit/policy.wit`, each handed the state that
//! `configure` left, and the [`Directory`] to look things up in. One line exports it:
//!
//! ```ignore
//! #[cfg(target_family = "wasm")]
//! cordon_policy_sdk::export_policy!(MyPolicy);
//! ```
//!
//! Nothing in a policy needs Wasm to be tested: [`Harness`] runs the same functions natively over a
//! [`TestDirectory`].

pub mod bindings;
mod construct;
mod directory;
mod export;
mod harness;
mod policy;
pub mod types;

#[cfg(target_family = "wasm")]
pub use directory::HostDirectory;
pub use directory::{Directory, TestDirectory};
pub use harness::{Harness, HarnessError};
pub use policy::Policy;
