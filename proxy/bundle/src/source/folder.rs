//! A folder that bundles are put into: `NAME.bundle`, and `NAME.bundle.sig` beside it.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::watch::Watch;
use super::{Delivery, SIGNATURES};
use crate::trust::Signatures;
use crate::{Bundle, Digest, limits};

/// How long a file must stay as it is before it is read: writing it is several steps.
const SETTLED: Duration = Duration::from_millis(200);

const BUNDLE: &str = ".bundle";
const SIGNATURE: &str = ".sig";

/// A folder of bundles. Its candidate is the readable bundle with the highest counter.
pub struct Folder {
    path: PathBuf,
    watch: Watch,
    seen: Seen,
}

/// What is known of a folder from the last look, so that the next one reads only what has changed.
#[derive(Default)]
struct Seen {
    files: HashMap<PathBuf, Known>,
    candidate: Option<Bundle>,
}

/// What a look at a folder found.
#[derive(Debug)]
pub struct Look {
    /// The readable bundle with the highest counter.
    pub candidate: Option<Delivery>,
    /// The candidate's file.
    pub file: Option<PathBuf>,
    /// Files that could not be taken.
    pub refused: Vec<Refusal>,
    /// Whether a file was changing: look again soon.
    pub unsettled: bool,
}

/// A file that is no bundle that could be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which.
    pub file: PathBuf,
    /// Why, for people.
    pub reason: String,
}

/// Whatever changes when a file does: a bundle that is written in place is not read half old and half new.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
    inode: (u64, u64),
}

struct Known {
    stamp: Stamp,
    outcome: Result<(u64, Digest), Unusable>,
}

/// Why a file cannot be used, and whether that stays so for as long as the file stays as it is.
struct Unusable {
    reason: String,
    lasting: bool,
}

impl Folder {
    /// A folder, watched from now on. It may still be empty, or not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        let path = path.into();
        let watch = Watch::of(&path);
        Folder { path, watch, seen: Seen::default() }
    }

    /// Waits until it is worth looking again.
    pub async fn changed(&self) {
        self.watch.changed().await;
    }

    /// Looks for the candidate, on a thread for such work. Files that are being written are left for later.
    ///
    /// # Errors
    /// That the folder cannot be read.
    pub async fn look(&mut self) -> io::Result<Look> {
        let mut seen = std::mem::take(&mut self.seen);
        let path = self.path.clone();
        let work = move || {
            let look = seen.look(&path);
            (seen, look)
        };
        let (seen, look) = tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?;
        self.seen = seen;
        look
    }
}

impl Seen {
    #[expect(clippy::disallowed_methods, reason = "it runs on a thread for work that blocks")]
    fn look(&mut self, folder: &Path) -> io::Result<Look> {
        let before = stamps(folder)?;
        if !before.iter().all(|(file, stamp)| self.is_known(file, *stamp)) {
            std::thread::sleep(SETTLED);
        }
        let after = stamps(folder)?;
        let settled = |file: &Path, stamp| before.get(file) == Some(&stamp) || self.is_known(file, stamp);
        let (ready, unsettled): (Vec<_>, Vec<_>) =
            after.into_iter().partition(|(file, stamp)| settled(file, *stamp));
        let mut known = HashMap::new();
        for (file, stamp) in ready {
            let outcome = match self.files.remove(&file) {
                Some(known) if known.stamp == stamp && known.lasting() => known.outcome,
                _ => read(&file, stamp).map(|bundle| (bundle.manifest().counter, bundle.digest())),
            };
            known.insert(file, Known { stamp, outcome });
        }
        self.files = known;
        Ok(self.choose(!unsettled.is_empty()))
    }

    fn is_known(&self, file: &Path, stamp: Stamp) -> bool {
        self.files.get(file).is_some_and(|known| known.stamp == stamp && known.lasting())
    }

    fn choose(&mut self, unsettled: bool) -> Look {
        let mut look = Look { candidate: None, file: None, refused: Vec::new(), unsettled };
        let mut highest = 0;
        let mut best: Vec<(PathBuf, Stamp, Digest)> = Vec::new();
        for (file, known) in &self.files {
            match &known.outcome {
                Err(Unusable { reason, .. }) => look.refuse(file, reason),
                Ok((counter, digest)) => {
                    if *counter > highest {
                        highest = *counter;
                        best.clear();
                    }
                    if *counter == highest {
                        best.push((file.clone(), known.stamp, *digest));
                    }
                }
            }
        }
        best.sort_by(|left, right| left.0.cmp(&right.0));
        let first = best.first().cloned();
        if let Some((first, _, digest)) = first
            && let Some((other, ..)) = best.iter().find(|(_, _, other)| *other != digest)
        {
            let reason = format!("{} is another bundle with the same counter, {highest}", first.display());
            look.refuse(other, &reason);
            best.clear();
        }
        // The same bundle may lie there twice: one of them may have come with its signatures.
        for (file, stamp, digest) in best {
            match self.deliver(&file, stamp, digest) {
                Ok(delivery) if look.candidate.is_none() || !delivery.signatures.is_empty() => {
                    look.candidate = Some(delivery);
                    look.file = Some(file);
                }
                Ok(_) => {}
                Err(Unusable { reason, .. }) => look.refuse(&file, &reason),
            }
        }
        self.candidate = look.candidate.as_ref().map(|delivery| delivery.bundle.clone());
        look.refused.sort_by(|left, right| left.file.cmp(&right.file));
        look
    }

    /// The bundle, if it still is what was seen before, with the signatures beside it.
    fn deliver(&self, file: &Path, stamp: Stamp, digest: Digest) -> Result<Delivery, Unusable> {
        let bundle = match &self.candidate {
            Some(candidate) if candidate.digest() == digest => candidate.clone(),
            _ => read(file, stamp)?,
        };
        let mut name = file.as_os_str().to_owned();
        name.push(SIGNATURE);
        let unusable = |reason: String| Unusable { reason, lasting: false };
        let signatures = match bounded(Path::new(&name), SIGNATURES) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| unusable("its signatures are no text".to_owned()))?;
                Signatures::parse(&text).map_err(|error| unusable(error.to_string()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Signatures::none(),
            Err(error) => return Err(unusable(format!("its signatures cannot be read: {error}"))),
        };
        Ok(Delivery { bundle, signatures })
    }
}

impl Known {
    fn lasting(&self) -> bool {
        !matches!(self.outcome, Err(Unusable { lasting: false, .. }))
    }
}

impl Look {
    fn refuse(&mut self, file: &Path, reason: &str) {
        self.refused.push(Refusal { file: file.to_owned(), reason: reason.to_owned() });
    }
}

fn stamps(folder: &Path) -> io::Result<HashMap<PathBuf, Stamp>> {
    let mut stamps = HashMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with('.') || !name.ends_with(BUNDLE) {
            continue;
        }
        // What is gone meanwhile is not there; a link is what it leads to.
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            stamps.insert(path, Stamp::of(&metadata));
        }
    }
    Ok(stamps)
}

fn read(file: &Path, stamp: Stamp) -> Result<Bundle, Unusable> {
    let unread =
        |error: io::Error| Unusable { reason: format!("it cannot be read: {error}"), lasting: false };
    let bytes = bounded(file, limits::ARCHIVE).map_err(unread)?;
    if Stamp::of(&fs::metadata(file).map_err(unread)?) != stamp {
        return Err(Unusable { reason: "it changed while it was read".to_owned(), lasting: false });
    }
    Bundle::read(bytes).map_err(|error| Unusable { reason: error.to_string(), lasting: true })
}

/// A file's content, if it is no larger than it may be.
pub(crate) fn bounded(file: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let opened = File::open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    opened.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        Err(io::Error::other(format!("it is larger than {limit} bytes")))
    } else {
        Ok(bytes)
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}
