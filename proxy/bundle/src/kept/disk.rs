//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::KeptError;
use crate::limits;
use crate::source::bounded;

/// Says of an error where it happened.
pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> KeptError {
    let path = path.to_owned();
    move |source| KeptError::Disk { path: path.clone(), source }
}

pub(super) type Absent = Option<Vec<u8>>;

/// Takes a file that is not there as nothing.
pub(super) fn absent(error: KeptError) -> Result<Absent, KeptError> {
    match error {
        KeptError::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound => Ok(None),
        error => Err(error),
    }
}

/// A file's content, which is no larger than an archive.
pub(super) fn read(path: &Path) -> Result<Absent, KeptError> {
    bounded(path, limits::ARCHIVE).map(Some).map_err(at(path))
}

/// Puts a file in the place of another: whoever reads it, whenever the power fails, finds the one or the other.
pub(super) fn replace(path: &Path, content: &[u8]) -> Result<(), KeptError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = Path::new(&name);
    let mut file = File::create(new).map_err(at(new))?;
    file.write_all(content).map_err(at(new))?;
    file.sync_all().map_err(at(new))?;
    fs::rename(new, path).map_err(at(path))?;
    settle(path)
}

/// Puts on disk that a file is in its folder.
pub(super) fn settle(path: &Path) -> Result<(), KeptError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}
