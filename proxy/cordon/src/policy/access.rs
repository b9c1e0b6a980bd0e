//! How a registry is reached from the command line.

use std::path::PathBuf;

use clap::Args;
use cordon_bundle::source::{Access, Registry, RegistryError};

use super::{files, password};
use crate::Failure;

/// Where the password of a registry stands.
const PASSWORD: &str = "CORDON_REGISTRY_PASSWORD";

#[derive(Args)]
pub(super) struct RegistryAccess {
    /// The user; the password is in CORDON_REGISTRY_PASSWORD or in a file. Without one, access is anonymous.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The file with the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// The registry's certificate authority in PEM, beside those that the system trusts.
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
    /// Go without TLS; on the loopback interface that needs not be said.
    #[arg(long)]
    plain_http: bool,
}

impl RegistryAccess {
    /// The place that a reference names.
    pub(super) fn open(&self, reference: &str) -> Result<Registry, Failure> {
        let credentials = match &self.user {
            Some(user) => Some((user.clone(), password::read(self.password_file.as_deref(), PASSWORD)?)),
            None => None,
        };
        let authority = self.authority.as_deref().map(|path| files::text(path, "the certificate authority"));
        let access = Access { credentials, plain_http: self.plain_http, authority: authority.transpose()? };
        Registry::new(reference, &access).map_err(|error| failure(reference, &error))
    }
}

/// What a registry's error means here.
pub(super) fn failure(reference: &str, error: &RegistryError) -> Failure {
    match error {
        RegistryError::Reference { .. } => Failure::wrong(format!("error: {error}\n")),
        RegistryError::Authority => Failure::wrong(format!(
            "error: {error}\n  help: `--authority` names a file with a certificate in PEM\n"
        )),
        RegistryError::Unauthorized => Failure::failed(format!(
            "error: {reference}: {error}\n  help: `--user` and {PASSWORD} say who you are\n"
        )),
        error => Failure::failed(format!("error: {reference}: {error}\n")),
    }
}
