//! `cordon policy pull`.

use std::path::PathBuf;

use clap::Args;

use super::access::{RegistryAccess, failure};
use super::files;
use crate::directory::print;
use crate::{Failure, serve};

#[derive(Args)]
pub(super) struct Pull {
    /// Where from: oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:….
    #[arg(value_name = "REF")]
    reference: String,
    /// Where to put the bundle; its signatures are put into FILE.sig. What is there is replaced.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    access: RegistryAccess,
}

impl Pull {
    pub(super) fn run(self) -> Result<(), Failure> {
        let registry = self.access.open(&self.reference)?;
        let pulled = serve::runtime()?.block_on(registry.pull());
        let (delivery, artifact) = pulled.map_err(|error| failure(&self.reference, &error))?;
        files::write(&self.output, &delivery)?;
        let manifest = delivery.bundle.manifest();
        print(&format!(
            "{} holds {} {} now, counter {}, with {} signature(s), none of which was checked\n  bundle    {}\n  \
             artifact  {artifact}\n",
            self.output.display(),
            manifest.name,
            manifest.version,
            manifest.counter,
            delivery.signatures.len(),
            delivery.bundle.digest(),
        ))
    }
}
