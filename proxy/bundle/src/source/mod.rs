//! Where bundles come from: a folder that is watched, or an OCI registry.
//!
//! A source delivers; it decides nothing. What it delivers is read strictly and whole, and comes with the signatures
//! that stood beside it, or with none, which whoever has a trust root refuses.

mod folder;
mod registry;
mod watch;

use crate::Bundle;
use crate::trust::Signatures;
pub(crate) use folder::bounded;
pub use folder::{Folder, Look, Refusal};
pub use registry::{Access, Pushed, Registry, RegistryError};

/// A bundle with its signatures.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// What it is.
    pub bundle: Bundle,
    /// Who says that it is in order: not checked yet.
    pub signatures: Signatures,
}

/// Of a file of signatures, in bytes: what is larger is none.
pub(crate) const SIGNATURES: usize = 16 << 10;
