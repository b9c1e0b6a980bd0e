//! Bundles and their signatures as files: `NAME.bundle` and `NAME.bundle.sig`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use cordon_bundle::source::Delivery;
use cordon_bundle::trust::Signatures;
use cordon_bundle::{Bundle, BundleError, limits};

use crate::Failure;
use crate::problems::report;

/// The bundle in a file, with the signatures beside it.
pub(super) fn read(path: &Path) -> Result<Delivery, Failure> {
    let bytes = content(path, "the bundle", limits::ARCHIVE)?;
    let bundle = Bundle::read(bytes).map_err(|error| refused(path, &error))?;
    let signatures = signatures_beside(path)?;
    Ok(Delivery { bundle, signatures })
}

/// The file of a bundle's signatures.
pub(super) fn signature_path(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

/// Puts a bundle and its signatures in the place of what is there. Signatures that belong to what was there before do
/// not stay beside another bundle.
pub(super) fn write(path: &Path, delivery: &Delivery) -> Result<(), Failure> {
    let beside = signature_path(path);
    if delivery.signatures.is_empty() {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(&beside, &error)),
            _ => {}
        }
    } else {
        replace(&beside, delivery.signatures.to_string().as_bytes())?;
    }
    replace(path, delivery.bundle.bytes())
}

/// Puts a file in the place of another, whole or not at all: a proxy may be watching the folder.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written =
        tempfile::Builder::new().prefix(".").suffix(".new").permissions(readable()).tempfile_in(folder);
    let written = written.and_then(|mut file| {
        file.write_all(content)?;
        file.as_file().sync_all()?;
        Ok(file.persist(path)?)
    });
    written.map(drop).map_err(|error| unwritable(path, &error))
}

/// For everybody to read: there is no secret in a bundle, and the proxy is another user than whoever builds.
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

/// A small text, such as a key.
pub(super) fn text(path: &Path, what: &str) -> Result<String, Failure> {
    let bytes = content(path, what, 1 << 20)?;
    String::from_utf8(bytes)
        .map_err(|_| Failure::wrong(format!("error: {what}, {}, is no text\n", path.display())))
}

/// A file's content, if it is no larger than it may be.
pub(super) fn content(path: &Path, what: &str, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut content));
    match read {
        Err(error) => {
            Err(Failure::wrong(format!("error: {what}, {}, cannot be read: {error}\n", path.display())))
        }
        Ok(_) if content.len() > limit => {
            Err(Failure::wrong(format!("error: {what}, {}, is larger than {limit} bytes\n", path.display())))
        }
        Ok(_) => Ok(content),
    }
}

/// Why a bundle cannot be read or written, with the places of mistakes in its manifest.
pub(super) fn refused(path: &Path, error: &BundleError) -> Failure {
    match error {
        BundleError::Manifest { text, problems } => report(&path.join("manifest.toml"), text, problems),
        error => Failure::wrong(format!("error: {}: {error}\n", path.display())),
    }
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("error: {} cannot be written: {error}\n", path.display()))
}

fn signatures_beside(bundle: &Path) -> Result<Signatures, Failure> {
    let path = signature_path(bundle);
    if !path.exists() {
        return Ok(Signatures::none());
    }
    Signatures::parse(&text(&path, "the signatures")?)
        .map_err(|error| Failure::wrong(format!("error: {}: {error}\n", path.display())))
}
