//! `cordon policy sign`.

use std::path::PathBuf;

use clap::Args;
use cordon_bundle::trust::{SecretKey, SecretKeyError};

use super::key::PASSWORD;
use super::{files, password};
use crate::Failure;
use crate::directory::print;

#[derive(Args)]
pub(super) struct Sign {
    /// The private key, as `cordon policy key` and `cosign generate-key-pair` make it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The file with the key's password; without one it is in COSIGN_PASSWORD.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The bundle; the signature is added to FILE.sig.
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
}

impl Sign {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut delivery = files::read(&self.bundle)?;
        let text = files::text(&self.key, "the private key")?;
        let password = password::read(self.password_file.as_deref(), PASSWORD)?;
        let unusable =
            |error: SecretKeyError| Failure::wrong(format!("error: {}: {error}\n", self.key.display()));
        let key = SecretKey::open(&text, password.as_bytes()).map_err(unusable)?;
        let beside = files::signature_path(&self.bundle);
        let public = key.public().map_err(unusable)?;
        if delivery.signatures.iter().any(|signature| public.signed(&delivery.bundle, signature)) {
            return print(&format!("{} has this key's signature already\n", beside.display()));
        }
        let signature = key.sign(&delivery.bundle).map_err(unusable)?;
        let added = delivery.signatures.push(signature);
        added.map_err(|error| Failure::wrong(format!("error: {}: {error}\n", beside.display())))?;
        files::replace(&beside, delivery.signatures.to_string().as_bytes())?;
        let bundle = delivery.bundle.manifest();
        print(&format!(
            "{} {}, counter {}, {}, is signed: {} has {} signature(s)\n",
            bundle.name,
            bundle.version,
            bundle.counter,
            delivery.bundle.digest(),
            beside.display(),
            delivery.signatures.len(),
        ))
    }
}
