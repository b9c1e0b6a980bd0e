//! What a proxy keeps on disk: the bundles that were active, and the history of activations.
//!
//! The history decides: its last entry is the active policy, and the highest counter in it is the floor that a new
//! bundle must be above. A bundle is written, with its signatures, before the entry that makes it active, and each step
//! is on disk before the next begins. So whenever the process is killed, what is found is the state before or after an
//! activation, and a proxy can start while nothing delivers bundles.

mod disk;
mod entry;
mod head;
mod history;
mod lock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use tracing::warn;

use crate::source::Delivery;
use crate::trust::Signatures;
use crate::{Bundle, Digest};
use disk::absent;
pub use entry::{Action, Entry};
use head::Head;
pub use history::{Broken, History};
use lock::Lock;

/// How many bundles stay, with the active one, so that `rollback` needs nobody to deliver one.
const BUNDLES: usize = 5;

/// Of a report in an entry, as JSON, in bytes.
const REPORT: usize = 1 << 20;

/// The folder, which this process alone writes.
pub struct Kept {
    folder: PathBuf,
    history: History,
    _lock: Lock,
}

/// Who made a bundle active, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// When.
    pub time: OffsetDateTime,
    /// By whom: `admin:ada`, `cli:root`, `source:oci`…
    pub who: String,
    /// What was done.
    pub action: Action,
    /// What admission, shadow or canary said.
    pub report: serde_json::Value,
}

/// How a bundle stands to what was active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the active one.
    Active,
    /// Its counter is above the floor.
    Newer,
}

/// A bundle whose counter was reached before does not come back by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the bundle's counter is {counter}, and {floor} was reached already: an older bundle becomes active by `rollback` \
     only"
)]
pub struct NotAbove {
    /// The bundle's counter.
    pub counter: u64,
    /// The highest that was ever active.
    pub floor: u64,
}

/// Why the state cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk does not do what it should.
    #[error("{}: {source}", path.display())]
    Disk {
        /// Which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("{}: another process uses this folder; ask it over the admin API", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Somebody changed the history, or the disk lost some of it.
    #[error("{}: {broken}; nothing is activated on such grounds: put the file right from a copy, or move the folder away and begin anew", path.display())]
    Broken {
        /// The history's file.
        path: PathBuf,
        /// What is wrong.
        broken: Broken,
    },
    /// A kept bundle is not what it was.
    #[error("{}: the kept bundle cannot be used: {reason}", path.display())]
    Spoilt {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An old bundle was to become active without a rollback.
    #[error(transparent)]
    NotAbove(#[from] NotAbove),
    /// The report is larger than an entry may have.
    #[error("the report has more than {REPORT} bytes")]
    Report,
}

impl Kept {
    /// Opens the folder, or makes it, and takes it for this process. What an interrupted write left is told by
    /// [`History::torn`] and put aside.
    ///
    /// # Errors
    /// That the disk fails, another process has it, or the history was changed.
    pub fn open(folder: &Path) -> Result<Kept, KeptError> {
        let bundles = folder.join("bundles");
        fs::create_dir_all(&bundles).map_err(disk::at(&bundles))?;
        let lock = Lock::take(folder)?;
        let history = History::read(folder)?;
        history.put_torn_aside(folder)?;
        let kept = Kept { folder: folder.to_owned(), history, _lock: lock };
        kept.head().write(&kept.folder)?;
        Ok(kept)
    }

    /// The active bundle of a folder, and since when it is, for somebody who looks beside the process that has it.
    ///
    /// # Errors
    /// That the disk fails, the history was changed, or the bundle is gone or spoilt.
    pub fn look(folder: &Path) -> Result<Option<(Delivery, OffsetDateTime)>, KeptError> {
        let history = History::read(folder)?;
        let Some(entry) = history.entries().last() else { return Ok(None) };
        let path = path(folder, entry.digest);
        match delivery(&path, entry.digest)? {
            Some(delivery) => Ok(Some((delivery, entry.time))),
            None => Err(KeptError::Spoilt { path, reason: "it is gone".to_owned() }),
        }
    }

    /// What became active, and when.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The highest counter that was ever active; 0 if none was.
    pub fn floor(&self) -> u64 {
        self.history.entries().iter().map(|entry| entry.counter).max().unwrap_or(0)
    }

    /// The digest of the active bundle.
    pub fn active_digest(&self) -> Option<Digest> {
        self.history.entries().last().map(|entry| entry.digest)
    }

    /// The active bundle with the signatures that it came with, to be checked again.
    ///
    /// # Errors
    /// That it is gone or spoilt.
    pub fn active(&self) -> Result<Option<Delivery>, KeptError> {
        let Some(digest) = self.active_digest() else { return Ok(None) };
        match self.delivery(digest)? {
            Some(delivery) => Ok(Some(delivery)),
            None => Err(KeptError::Spoilt { path: self.path(digest), reason: "it is gone".to_owned() }),
        }
    }

    /// A bundle that was active and is still there.
    ///
    /// # Errors
    /// That it is spoilt.
    pub fn delivery(&self, digest: Digest) -> Result<Option<Delivery>, KeptError> {
        delivery(&self.path(digest), digest)
    }

    /// How a bundle stands to what was active.
    ///
    /// # Errors
    /// That it may become active by a rollback only.
    pub fn standing(&self, bundle: &Bundle) -> Result<Standing, NotAbove> {
        let (counter, floor) = (bundle.manifest().counter, self.floor());
        if self.active_digest() == Some(bundle.digest()) {
            Ok(Standing::Active)
        } else if counter > floor {
            Ok(Standing::Newer)
        } else {
            Err(NotAbove { counter, floor })
        }
    }

    /// Keeps a bundle as the active one. When this returns, it is on disk.
    ///
    /// # Errors
    /// That its counter is not above the floor and this is no way back, or that the disk fails: then the bundle before is
    /// still the active one.
    pub fn record(&mut self, delivery: &Delivery, activation: Activation) -> Result<&Entry, KeptError> {
        if activation.action == Action::Activate {
            self.standing(&delivery.bundle)?;
        }
        if activation.report.to_string().len() > REPORT {
            return Err(KeptError::Report);
        }
        let path = self.path(delivery.bundle.digest());
        // The signatures first: a bundle that is found has them.
        disk::replace(&signatures_of(&path), delivery.signatures.to_string().as_bytes())?;
        disk::replace(&path, delivery.bundle.bytes())?;
        self.history.append(&self.folder, &delivery.bundle, activation)?;
        // The entry is on disk, and with it the activation: what fails from here on is made good by the next one.
        if let Err(error) = self.head().write(&self.folder).and_then(|()| self.forget_old()) {
            warn!(%error, "the state folder could not be tidied after an activation");
        }
        self.history.entries().last().ok_or_else(|| KeptError::Spoilt {
            path: self.folder.clone(),
            reason: "an entry that was written is not there".to_owned(),
        })
    }

    fn head(&self) -> Head {
        Head::of(&self.history, self.floor())
    }

    fn path(&self, digest: Digest) -> PathBuf {
        path(&self.folder, digest)
    }

    /// Removes bundles that were active longest ago.
    fn forget_old(&self) -> Result<(), KeptError> {
        let mut stay: Vec<String> = Vec::new();
        for entry in self.history.entries().iter().rev() {
            let name = entry.digest.hex();
            if !stay.contains(&name) && stay.len() < BUNDLES {
                stay.push(name);
            }
        }
        let folder = self.folder.join("bundles");
        for file in fs::read_dir(&folder).map_err(disk::at(&folder))? {
            let path = file.map_err(disk::at(&folder))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let stays = stay.iter().any(|stay| name.starts_with(stay.as_str()));
            if !stays {
                fs::remove_file(&path).map_err(disk::at(&path))?;
            }
        }
        Ok(())
    }
}

fn path(folder: &Path, digest: Digest) -> PathBuf {
    folder.join("bundles").join(format!("{}.bundle", digest.hex()))
}

fn delivery(path: &Path, digest: Digest) -> Result<Option<Delivery>, KeptError> {
    let Some(bytes) = disk::read(path).or_else(absent)? else { return Ok(None) };
    let spoilt = |reason: String| KeptError::Spoilt { path: path.to_owned(), reason };
    let bundle = Bundle::read(bytes).map_err(|error| spoilt(error.to_string()))?;
    if bundle.digest() != digest {
        return Err(spoilt(format!("its digest is {}", bundle.digest())));
    }
    let text = disk::read(&signatures_of(path)).or_else(absent)?.unwrap_or_default();
    let text = String::from_utf8(text).map_err(|_| spoilt("its signatures are no text".to_owned()))?;
    let signatures = Signatures::parse(&text).map_err(|error| spoilt(error.to_string()))?;
    Ok(Some(Delivery { bundle, signatures }))
}

fn signatures_of(bundle: &Path) -> PathBuf {
    bundle.with_extension("bundle.sig")
}
