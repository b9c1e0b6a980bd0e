//! What is made of files, and made anew when they change under a process that goes on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::tls::TlsError;
use crate::tls::pem::File;

/// How often the files are looked at. They are few and small, and reading them notices also what is swapped by links,
/// or lies on a network.
const LOOK: Duration = Duration::from_secs(2);

/// What something is made of.
pub(super) trait Recipe: Send + Sync + 'static {
    /// What is made.
    type Made: Send + Sync;
    /// What it is called in the log.
    const NAME: &'static str;

    /// The files, always in the same order.
    fn files(&self) -> Vec<&Path>;

    /// Makes it of the files, which come in that order.
    fn make(&self, files: &mut dyn Iterator<Item = &File>) -> Result<Self::Made, TlsError>;
}

/// What was made of files last.
pub(super) struct Followed<R: Recipe> {
    recipe: R,
    current: ArcSwap<Current<R::Made>>,
}

struct Current<T> {
    made: Arc<T>,
    content: Content,
}

/// Digest of what is in all files.
type Content = [u8; 32];

impl<R: Recipe> Followed<R> {
    pub(super) fn load(recipe: R) -> Result<Followed<R>, TlsError> {
        let (files, content) = read(&recipe);
        let made = Arc::new(recipe.make(&mut files.iter())?);
        Ok(Followed { recipe, current: ArcSwap::from_pointee(Current { made, content }) })
    }

    pub(super) fn current(&self) -> Arc<R::Made> {
        Arc::clone(&self.current.load().made)
    }

    /// Reads the files and puts in force what is in them. False: that is in force already.
    pub(super) fn reload(&self) -> Result<bool, TlsError> {
        let (files, content) = read(&self.recipe);
        self.put(&files, content)
    }

    /// Reloads when a file has changed, for as long as it is polled. Wrong files are kept out, and told once.
    pub(super) async fn follow(self: Arc<Self>) {
        if self.recipe.files().is_empty() {
            return;
        }
        let mut told = self.current.load().content;
        let mut seen = told;
        loop {
            tokio::time::sleep(LOOK).await;
            let this = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || read(&this.recipe));
            // It was ended because the process ends.
            let Ok((files, content)) = looked.await else { return };
            // A certificate and its key are written one after the other: they are taken when nothing changes any more.
            let is_settled = std::mem::replace(&mut seen, content) == content;
            if !is_settled || content == told {
                continue;
            }
            told = content;
            match self.put(&files, content) {
                Ok(true) => tracing::info!("changed {} are in force", R::NAME),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "changed {} were kept out; the old ones stay in force", R::NAME);
                }
            }
        }
    }

    fn put(&self, files: &[File], content: Content) -> Result<bool, TlsError> {
        if content == self.current.load().content {
            return Ok(false);
        }
        let made = Arc::new(self.recipe.make(&mut files.iter())?);
        self.current.store(Arc::new(Current { made, content }));
        Ok(true)
    }
}

/// The next of the files that a recipe has named.
pub(super) fn next<'a>(files: &mut dyn Iterator<Item = &'a File>) -> Result<&'a File, TlsError> {
    files.next().ok_or(TlsError::NoCertificate)
}

fn read(recipe: &impl Recipe) -> (Vec<File>, Content) {
    let files: Vec<_> = recipe.files().into_iter().map(File::read).collect();
    let mut digest = Sha256::new();
    files.iter().for_each(|file| file.digest(&mut digest));
    (files, digest.finalize().into())
}
