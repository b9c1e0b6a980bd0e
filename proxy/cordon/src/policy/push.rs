//! `cordon policy push`.

use std::path::PathBuf;

use clap::Args;

use super::access::{RegistryAccess, failure};
use super::files;
use crate::directory::print;
use crate::{Failure, serve};

#[derive(Args)]
pub(super) struct Push {
    /// The bundle; its signatures are taken from FILE.sig.
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    /// Where to: oci://HOST/REPOSITORY:TAG.
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    access: RegistryAccess,
}

impl Push {
    pub(super) fn run(self) -> Result<(), Failure> {
        let delivery = files::read(&self.bundle)?;
        let registry = self.access.open(&self.reference)?;
        let pushed = serve::runtime()?.block_on(registry.push(&delivery));
        let artifact = pushed.map_err(|error| failure(&self.reference, &error))?.artifact;
        let unsigned = if delivery.signatures.is_empty() { ", without a signature" } else { "" };
        print(&format!(
            "{} is at {} now{unsigned}\n  bundle    {}\n  artifact  {artifact}\n",
            self.bundle.display(),
            self.reference,
            delivery.bundle.digest(),
        ))
    }
}
