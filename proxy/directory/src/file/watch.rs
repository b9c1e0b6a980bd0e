//! Notices that a file may have changed.
//!
//! The folder is watched rather than the file, because editors and Kubernetes replace a file by renaming another one,
//! or a link, over it. Where the system tells nothing (network file systems, links that lead elsewhere, too few
//! watches left), a slow look at the file finds the change.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tracing::warn;

/// How long the folder must be quiet before the file is read: an in-place write is a truncation and several writes.
const QUIET: Duration = Duration::from_millis(50);

/// How long a folder that is never quiet is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the file is looked at although the system said nothing.
const POLL: Duration = Duration::from_secs(2);

/// Follows a file until it is dropped.
pub(crate) struct Watcher {
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

enum Signal {
    Changed,
    Stop,
}

impl Watcher {
    /// Calls `changed` whenever the file may have changed, and now and then besides.
    pub(crate) fn start(path: &Path, changed: impl Fn() + Send + 'static) -> Watcher {
        let (signals, received) = channel();
        let notifier = watch_folder(path, signals.clone());
        let thread = std::thread::Builder::new().name("cordon-directory".to_owned()).spawn(move || {
            follow(&received, changed);
            drop(notifier);
        });
        if let Err(error) = &thread {
            warn!(%error, "the directory file is not followed: no thread could be started");
        }
        Watcher { signals, thread: thread.ok() }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A thread that is gone already needs no word.
        _ = self.signals.send(Signal::Stop);
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Asks the system for word about the file's folder. `None` if it gives none, which leaves the slow look.
fn watch_folder(path: &Path, signals: Sender<Signal>) -> Option<RecommendedWatcher> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let on_event = move |event: notify::Result<notify::Event>| {
        let only_read = event.is_ok_and(|event| event.kind.is_access());
        if !only_read {
            // The receiver is gone only when the store is.
            _ = signals.send(Signal::Changed);
        }
    };
    let watching = notify::recommended_watcher(on_event).and_then(|mut notifier| {
        notifier.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(notifier)
    });
    watching
        .inspect_err(|error| {
            warn!(%error, folder = %folder.display(), "the directory's folder cannot be watched; changes take longer");
        })
        .ok()
}

fn follow(received: &Receiver<Signal>, changed: impl Fn()) {
    loop {
        match received.recv_timeout(POLL) {
            Ok(Signal::Changed) if quiet(received) => changed(),
            Err(RecvTimeoutError::Timeout) => changed(),
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Waits until nothing was heard for a moment. False if it is time to stop.
fn quiet(received: &Receiver<Signal>) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match received.recv_timeout(QUIET) {
            Ok(Signal::Changed) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Ok(Signal::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
