//! Compiled code kept on disk, so that a policy that was loaded before is loaded again in milliseconds.
//!
//! Machine code is run as it is: whoever may write it runs in this process. Therefore the folder belongs to the user
//! that this process runs as and nobody else may write it, and each file carries a code of authentication (HMAC-SHA256,
//! RFC 2104) under a key that lies beside it and that nobody else may read. A file that is damaged, cut short, from
//! another folder or under another name is none: it is removed, and compiled again.

mod entry;
mod native;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub(crate) use entry::{Contents, Entry, manifest_parts};
pub(crate) use native::{code_of, revive};

/// The name of the key's file.
const KEY: &str = "key";
/// Bytes of the key, and of each file's code of authentication.
const TAG: usize = 32;
/// How names of entries end.
const SUFFIX: &str = ".compiled";
/// The most entries. A policy has two; the ones unused for longest go first.
const KEPT: usize = 64;
/// The most bytes of an entry.
const LARGEST: u64 = 512 << 20;

/// A folder of compiled code that may be trusted as far as this process itself.
#[derive(Debug)]
pub struct CompiledFolder {
    path: PathBuf,
    key: Secret,
}

struct Secret([u8; TAG]);

/// Why a folder is not used for compiled code. Policies can be loaded all the same, only slower.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompiledFolderError {
    /// The folder or its key cannot be made or read.
    #[error("compiled code is not kept: {}: {error}", .path.display())]
    Io {
        /// The folder, or the key in it.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// Somebody else could put code there that this process would run.
    #[error("compiled code is not kept: {} {wrong}", .path.display())]
    Unsafe {
        /// The folder, or the key in it.
        path: PathBuf,
        /// What is wrong with it and what to do.
        wrong: &'static str,
    },
}

impl CompiledFolder {
    /// Opens a folder, and makes it, readable by nobody else, where there is none.
    ///
    /// # Errors
    /// [`CompiledFolderError`], where somebody else may write the folder or read its key.
    pub fn open(path: &Path) -> Result<CompiledFolder, CompiledFolderError> {
        let failed = |error| CompiledFolderError::Io { path: path.to_owned(), error };
        system::make(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let failed = |error| CompiledFolderError::Io { path: path.clone(), error };
        let own = tempfile::tempfile_in(&path).and_then(|file| file.metadata()).map_err(failed)?;
        if let Some(wrong) = system::wrong_folder(&fs::metadata(&path).map_err(failed)?, &own) {
            return Err(CompiledFolderError::Unsafe { path, wrong });
        }
        let key = key(&path.join(KEY), &own)?;
        Ok(CompiledFolder { path, key })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is kept under an entry, if it is there and was written by whoever has the key.
    pub(crate) fn read(&self, entry: &Entry) -> Option<Contents> {
        let path = self.place(entry);
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "compiled code cannot be read; it is compiled again");
                return None;
            }
        };
        let contents =
            Contents::verify(bytes, TAG, |tag, rest| self.tag(entry, rest).verify_slice(tag).is_ok());
        if contents.is_none() {
            tracing::warn!(path = %path.display(), "compiled code is damaged or not ours; it is compiled again");
            self.remove(&path);
        }
        contents
    }

    /// Keeps something under an entry, in one step: who reads meanwhile finds all of it or nothing.
    pub(crate) fn write(&self, entry: &Entry, parts: &[&[u8]]) {
        let path = self.place(entry);
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            let contents = parts.concat();
            file.write_all(&self.tag(entry, &contents).finalize().into_bytes())?;
            file.write_all(&contents)?;
            file.persist(&path)?;
            self.make_room()
        };
        if let Err(error) = written() {
            tracing::warn!(path = %path.display(), %error, "compiled code cannot be kept");
        }
    }

    /// Removes what turned out to be of no use.
    pub(crate) fn forget(&self, entry: &Entry) {
        self.remove(&self.place(entry));
    }

    fn place(&self, entry: &Entry) -> PathBuf {
        self.path.join(format!("{entry}{SUFFIX}"))
    }

    /// The name is part of what is authenticated, so that no file can take another's place.
    fn tag(&self, entry: &Entry, contents: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key.0)
            .expect("an HMAC takes a key of any length (RFC 2104)");
        mac.update(entry.as_bytes());
        mac.update(contents);
        mac
    }

    fn remove(&self, path: &Path) {
        if let Err(error) = fs::remove_file(path) {
            tracing::warn!(path = %path.display(), %error, "compiled code cannot be removed");
        }
    }

    fn make_room(&self) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, PathBuf)> = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| SUFFIX[1..] == *extension) {
                // One that another process has removed meanwhile takes no room.
                entries.extend(fs::metadata(&path).and_then(|file| file.modified()).map(|used| (used, path)));
            }
        }
        entries.sort_unstable();
        let surplus = entries.len().saturating_sub(KEPT);
        entries.iter().take(surplus).for_each(|(_, path)| self.remove(path));
        Ok(())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Reads an entry, and notes that it was used.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than code can be"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    // Only makes the entry look older than it is.
    drop(file.set_modified(SystemTime::now()));
    Ok(bytes)
}

/// Reads the folder's key, or makes one.
fn key(path: &Path, own: &fs::Metadata) -> Result<Secret, CompiledFolderError> {
    let failed = |error| CompiledFolderError::Io { path: path.to_owned(), error };
    if !path.try_exists().map_err(failed)? {
        let folder = path.parent().unwrap_or(Path::new("."));
        let made = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(&rand::random::<[u8; TAG]>())?;
            match file.persist_noclobber(path) {
                Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
                // Another process was first: its key is the folder's.
                _ => Ok(()),
            }
        };
        made().map_err(failed)?;
    }
    let file = fs::symlink_metadata(path).map_err(failed)?;
    if let Some(wrong) = system::wrong_key(&file, own) {
        return Err(CompiledFolderError::Unsafe { path: path.to_owned(), wrong });
    }
    let bytes = fs::read(path).map_err(failed)?;
    let wrong = "is no key; remove the folder, and it is made anew";
    let key = bytes.try_into().map_err(|_| CompiledFolderError::Unsafe { path: path.to_owned(), wrong })?;
    Ok(Secret(key))
}

/// Who may do what with files.
#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, Metadata};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    use std::path::Path;

    pub(super) fn make(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    /// What is wrong with a folder. `own` is a file that this process has just made.
    pub(super) fn wrong_folder(folder: &Metadata, own: &Metadata) -> Option<&'static str> {
        if folder.uid() != own.uid() {
            Some(
                "belongs to another user, who could put code there; give it to the user that this process runs as",
            )
        } else if folder.mode() & 0o022 != 0 {
            Some("may be written by others, who could put code there; take their right to write away")
        } else {
            None
        }
    }

    pub(super) fn wrong_key(key: &Metadata, own: &Metadata) -> Option<&'static str> {
        if !key.is_file() || key.uid() != own.uid() {
            Some(
                "is not a file of the user that this process runs as; remove the folder, and it is made anew",
            )
        } else if key.mode() & 0o077 != 0 {
            Some(
                "may be read by others, who could make code pass for ours; remove the folder, and it is made anew",
            )
        } else {
            None
        }
    }
}

/// Where the system has no owners and modes, nothing says who may write the folder.
#[cfg(not(unix))]
mod system {
    use std::fs::Metadata;
    use std::io;
    use std::path::Path;

    pub(super) fn make(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub(super) fn wrong_folder(_: &Metadata, _: &Metadata) -> Option<&'static str> {
        Some(
            "could be written by others: this system does not tell; leave the folder out of the configuration",
        )
    }

    pub(super) fn wrong_key(_: &Metadata, _: &Metadata) -> Option<&'static str> {
        None
    }
}
