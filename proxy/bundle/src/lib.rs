//! A policy as a bundle: one archive with the component, its rules, its cases and a manifest, addressed by its digest.
//!
//! A [`Bundle`] is only ever made by reading an archive whole and strictly, or by writing one: whoever holds it holds
//! exactly the bytes that its digest names and that signatures are made over. `BUNDLES.md` describes the format.

mod archive;
mod bundle;
mod digest;
mod error;
mod header;
pub mod kept;
pub mod limits;
mod manifest;
pub mod source;
pub mod trust;

pub use bundle::{Bundle, Case, Parts};
pub use digest::{Digest, NotADigest};
pub use error::BundleError;
pub use manifest::{ContractVersion, Manifest};
