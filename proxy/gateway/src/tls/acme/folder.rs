//! Where account, certificate and keys outlive the process.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};

use crate::tls::pem::{File, certified};
use crate::tls::{TlsError, provider};

/// A folder that only this process's user may look into.
pub(super) struct Folder(PathBuf);

/// An account, and with whom.
#[derive(Deserialize, Serialize)]
struct Account {
    directory: String,
    credentials: AccountCredentials,
}

impl Folder {
    /// Makes the folder if there is none.
    pub(super) fn open(path: &Path) -> Result<Folder, TlsError> {
        let wrong = |reason: String| TlsError::Folder { path: path.to_owned(), reason };
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(wrong(error.to_string()));
            }
            Ok(()) | Err(_) => {}
        }
        let found = fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
        if !found.is_dir() {
            return Err(wrong("this is no folder".to_owned()));
        }
        if found.permissions().mode() & 0o077 != 0 {
            return Err(wrong("others may look into this folder; close it with `chmod 700`".to_owned()));
        }
        Ok(Folder(path.to_owned()))
    }

    /// The file of the certificate, those that lead to an authority, and the key: one file, so that they always go
    /// together.
    pub(super) fn certificate(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    /// The last certificate, with the seconds since 1970 between which it is valid.
    pub(super) fn issued(&self) -> Option<(CertifiedKey, (i64, i64))> {
        let key = read(&self.certificate()).ok()?;
        let (_, leaf) = x509_parser::parse_x509_certificate(key.end_entity_cert().ok()?).ok()?;
        let validity = (leaf.validity().not_before.timestamp(), leaf.validity().not_after.timestamp());
        Some((key, validity))
    }

    /// Puts a certificate with its key in the place of the last one.
    pub(super) fn keep_certificate(&self, pem: &str) -> Result<(), TlsError> {
        let wrong = |error: io::Error| TlsError::Folder { path: self.0.clone(), reason: error.to_string() };
        let new = self.write("certificate.pem.new", pem.as_bytes()).map_err(wrong)?;
        read(&new)?;
        fs::rename(new, self.certificate()).map_err(wrong)
    }

    /// With which server there is an account.
    pub(super) fn directory(&self) -> Option<String> {
        self.account().map(|account| account.directory)
    }

    /// The account with a server, if there is one.
    pub(super) fn credentials(&self, directory: &str) -> Option<AccountCredentials> {
        self.account().filter(|account| account.directory == directory).map(|account| account.credentials)
    }

    /// Keeps an account in the place of the last one.
    pub(super) fn keep_account(&self, directory: &str, credentials: AccountCredentials) -> io::Result<()> {
        let account = Account { directory: directory.to_owned(), credentials };
        let new = self.write("account.json.new", &serde_json::to_vec(&account)?)?;
        fs::rename(new, self.0.join("account.json"))
    }

    /// Whether it can be written to.
    pub(super) fn try_writing(&self) -> io::Result<()> {
        self.write("certificate.pem.new", b"").and_then(fs::remove_file)
    }

    fn account(&self) -> Option<Account> {
        serde_json::from_slice(&fs::read(self.0.join("account.json")).ok()?).ok()
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(path)
    }
}

fn read(path: &Path) -> Result<CertifiedKey, TlsError> {
    let file = File::read(path);
    certified(&file, &file, &provider())
}
