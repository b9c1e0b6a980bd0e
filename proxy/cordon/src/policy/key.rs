//! `cordon policy key`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use cordon_bundle::trust::SecretKey;

use super::{files, password};
use crate::Failure;
use crate::directory::print;

/// Where `cosign` looks for it too.
pub(super) const PASSWORD: &str = "COSIGN_PASSWORD";

#[derive(Args)]
pub(super) struct Key {
    /// What the files are called: NAME.key, which is secret, and NAME.pub.
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// The file with the password of NAME.key; without one it is in COSIGN_PASSWORD.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Key {
    pub(super) fn run(self) -> Result<(), Failure> {
        let password = password::read(self.password_file.as_deref(), PASSWORD)?;
        let failed = |error| Failure::failed(format!("error: no key can be made: {error}\n"));
        let key = SecretKey::generate().map_err(failed)?;
        let sealed = key.seal(password.as_bytes()).map_err(failed)?;
        let public = key.public().map_err(failed)?.to_pem();
        let (secret_file, public_file) = (named(&self.name, ".key"), named(&self.name, ".pub"));
        if public_file.exists() {
            return Err(Failure::wrong(format!("error: {} is there already\n", public_file.display())));
        }
        create(&secret_file, 0o600, &sealed)?;
        create(&public_file, 0o644, &public)?;
        let without = if password.is_empty() { "; its password is empty" } else { "" };
        print(&format!(
            "{} signs bundles: keep it safe{without}\n{} is for those who check them\n",
            secret_file.display(),
            public_file.display(),
        ))
    }
}

/// Writes a file that is not there yet: a key that is overwritten is lost.
fn create(path: &Path, mode: u32, content: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    match file.and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all())) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::wrong(format!("error: {} is there already\n", path.display())))
        }
        Err(error) => Err(files::unwritable(path, &error)),
        Ok(()) => Ok(()),
    }
}

fn named(name: &Path, ending: &str) -> PathBuf {
    let mut named = name.as_os_str().to_owned();
    named.push(ending);
    PathBuf::from(named)
}
