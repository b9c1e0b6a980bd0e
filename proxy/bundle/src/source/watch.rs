//! Notices that a folder may have changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tracing::warn;

/// How often the folder is looked at although the system said nothing: network file systems tell nothing.
const POLL: Duration = Duration::from_secs(2);

/// Word of a folder, until it is dropped.
pub(super) struct Watch {
    word: Arc<Notify>,
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    pub(super) fn of(folder: &Path) -> Watch {
        let word = Arc::new(Notify::new());
        let told = Arc::clone(&word);
        let on_event = move |event: notify::Result<notify::Event>| {
            let only_read = event.is_ok_and(|event| event.kind.is_access());
            if !only_read {
                told.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(on_event).and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watcher.inspect_err(|error| {
            warn!(%error, folder = %folder.display(), "the bundles' folder cannot be watched; changes take longer");
        });
        Watch { word, _watcher: watcher.ok() }
    }

    /// Waits until the folder may have changed.
    pub(super) async fn changed(&self) {
        // Time that is over is word too.
        _ = tokio::time::timeout(POLL, self.word.notified()).await;
    }
}
