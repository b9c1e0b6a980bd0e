//! The default policy: rules and a scope in; manifest, plans and verdicts out.
//!
//! The rules (`RULES.md`) describe a backend without code. [`Rules::read`] finds every mistake in them at once;
//! [`authorize`], [`plan`] and [`judge`] are pure functions of rules, directory and scope. The decisions follow the
//! numbered rules of project isolation (D1 to D27), which comments cite.

mod assemble;
mod authorize;
mod caller;
#[cfg(target_family = "wasm")]
mod glue;
mod judge;
mod path;
mod plan;
mod policy;
mod reach;
mod read;
mod rules;

pub use authorize::authorize;
pub use judge::judge;
pub use plan::plan;
pub use policy::Isolation;
pub use rules::Rules;
