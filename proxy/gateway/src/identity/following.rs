//! Published keys, which are followed while they change.
//!
//! A slow issuer stalls nobody whose key is known: sets are fetched by a task of their own, by the clock once the first
//! token has come, and at once for a token whose key is unknown. Only such a token waits, and not for long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::Uri;
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::config::Following;
use crate::fetch::Fetcher;
use crate::identity::discovery;
use crate::identity::error::Doubt;
use crate::identity::keys::KeySet;

/// Least time between two fetches, so that tokens with made-up key ids cannot make us flood the issuer.
const PAUSE: Duration = Duration::from_secs(30);
/// For how long a token whose key is unknown waits for a fetch.
const PATIENCE: Duration = Duration::from_secs(3);
/// Largest key set, and largest metadata.
pub(super) const DOCUMENT: usize = 1 << 20;

/// Where keys are published.
pub(super) enum Source {
    Url(Uri),
    /// Where the issuer's metadata says.
    Discovery {
        issuer: String,
        metadata: Uri,
    },
}

/// A published key set.
pub(super) struct Followed {
    source: Source,
    following: Following,
    fetcher: Fetcher,
    known: ArcSwap<Known>,
    fetches: Mutex<Fetches>,
    ended: watch::Sender<()>,
}

#[derive(Default)]
struct Known {
    keys: KeySet,
    /// When they were last confirmed.
    fetched: Option<Instant>,
}

#[derive(Default)]
struct Fetches {
    /// When one last began.
    began: Option<Instant>,
    is_under_way: bool,
    has_failed: bool,
    /// The task that fetches by the clock is there.
    is_followed: bool,
}

impl Source {
    /// `None`: the issuer's name is no address.
    pub(super) fn discovery(issuer: &str) -> Option<Source> {
        let metadata = discovery::address(issuer)?;
        Some(Source::Discovery { issuer: issuer.to_owned(), metadata })
    }
}

impl Followed {
    /// Nothing is fetched before the first token.
    pub(super) fn new(source: Source, following: Following, fetcher: Fetcher) -> Arc<Followed> {
        Arc::new(Followed {
            source,
            following,
            fetcher,
            known: ArcSwap::default(),
            fetches: Mutex::default(),
            ended: watch::Sender::new(()),
        })
    }

    /// The keys that may have signed a token.
    pub(super) async fn find(
        self: &Arc<Followed>,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<Arc<DecodingKey>>, Doubt> {
        let found = self.known(id, algorithm);
        if let Some(keys) = found.filter(|keys| !keys.is_empty()) {
            return Ok(keys);
        }
        if let Some(mut ended) = self.fetch(self.following.refresh.min(PAUSE)) {
            // Too late, or the sender gone: whatever is known then decides.
            let _ = tokio::time::timeout(PATIENCE, ended.changed()).await;
        }
        let unavailable = Err(Doubt::Unavailable("the issuer's keys cannot be had"));
        match self.known(id, algorithm) {
            Some(keys) if keys.is_empty() && self.fetches().has_failed => unavailable,
            Some(keys) => Ok(keys),
            None => unavailable,
        }
    }

    /// `None`: there are no keys, or none that were confirmed lately enough.
    fn known(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Vec<Arc<DecodingKey>>> {
        let known = self.known.load();
        known.fetched.filter(|fetched| fetched.elapsed() < self.following.max_age)?;
        Some(known.keys.matching(id, algorithm))
    }

    /// Has the set fetched, unless that was begun less than `pause` ago, and gives what tells that it has ended. One
    /// fetch is under way at a time.
    fn fetch(self: &Arc<Followed>, pause: Duration) -> Option<watch::Receiver<()>> {
        let mut fetches = self.fetches();
        if !fetches.is_under_way {
            if fetches.began.is_some_and(|began| began.elapsed() < pause) {
                return None;
            }
            fetches.began = Some(Instant::now());
            fetches.is_under_way = true;
            tokio::spawn(Arc::clone(self).fetch_now());
        }
        if !std::mem::replace(&mut fetches.is_followed, true) {
            self.follow();
        }
        // Under the lock, so that the end cannot come in between.
        Some(self.ended.subscribe())
    }

    /// Fetches by the clock, until nobody needs the keys any more.
    fn follow(self: &Arc<Followed>) {
        let (followed, refresh) = (Arc::downgrade(self), self.following.refresh);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(refresh).await;
                let Some(followed) = followed.upgrade() else { return };
                followed.fetch(Duration::ZERO);
            }
        });
    }

    /// A set that cannot be had leaves the old one in force.
    async fn fetch_now(self: Arc<Followed>) {
        let began = Instant::now();
        let outcome = self.document().await;
        let has_failed = outcome.is_err();
        match outcome {
            Ok(keys) => self.known.store(Arc::new(Known { keys, fetched: Some(began) })),
            Err(reason) => {
                let source = self.source.name();
                tracing::warn!(source, reason, "the keys cannot be fetched; the old ones stay");
            }
        }
        let mut fetches = self.fetches();
        fetches.has_failed = has_failed;
        fetches.is_under_way = false;
        self.ended.send_replace(());
    }

    async fn document(&self) -> Result<KeySet, String> {
        let discovered;
        let url = match &self.source {
            Source::Url(url) => url,
            Source::Discovery { issuer, metadata } => {
                let document = self.fetcher.get(metadata, DOCUMENT).await?;
                discovered = discovery::keys(issuer, &document)?;
                &discovered
            }
        };
        let text = self.fetcher.get(url, DOCUMENT).await?;
        KeySet::read(&text).ok_or_else(|| "no usable key in the set".to_owned())
    }

    fn fetches(&self) -> std::sync::MutexGuard<'_, Fetches> {
        self.fetches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Source::Url(url) => url.to_string(),
            Source::Discovery { issuer, .. } => issuer.clone(),
        }
    }
}
