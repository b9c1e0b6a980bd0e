//! One process has a folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::KeptError;
use super::disk;

/// The folder is this process's until this is dropped.
pub(super) struct Lock(File);

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Lock, KeptError> {
        let path = folder.join("lock");
        let file = File::create(&path).map_err(disk::at(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => Err(KeptError::InUse { folder: folder.to_owned() }),
            Err(TryLockError::Error(error)) => Err(disk::at(&path)(error)),
        }
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: the lock belongs to all copies of its descriptor, and a process that another
    /// thread is starting has one until it becomes its program (flock(2)).
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the state folder could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_given_back_though_a_process_being_started_has_a_copy() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = Lock::take(folder.path()).expect("nobody has it");
        assert!(matches!(Lock::take(folder.path()), Err(KeptError::InUse { .. })));
        let copy = lock.0.try_clone().expect("a descriptor");
        drop(lock);
        Lock::take(folder.path()).expect("it was given back");
        drop(copy);
    }
}
