//! The thread that advances the epoch by which sandboxes are interrupted.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Advances an engine's epoch at a steady pace while there are sandboxes, until it is dropped: then the thread is
/// joined.
///
/// It is a thread of the operating system, since a policy that loops keeps a thread of the async runtime busy and the
/// runtime's own timers with it. Without sandboxes it sleeps: most requests are answered from what was asked before.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// The epoch advances as long as there is one of these.
pub(crate) struct Ticking(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    /// How many want it to advance.
    wanted: usize,
}

impl Ticker {
    pub(crate) fn start(engine: wasmtime::Engine, tick: Duration) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("cordon-epoch".into()).spawn(move || {
            while seen.wait(tick) {
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { shared, thread: Some(thread) })
    }

    /// Lets it advance.
    pub(crate) fn tick(&self) -> Ticking {
        let mut state = self.shared.state();
        state.wanted += 1;
        if state.wanted == 1 {
            self.shared.changed.notify_all();
        }
        Ticking(Arc::clone(&self.shared))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.state().stopped = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the epoch thread panicked");
        }
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.state().wanted -= 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody wants a tick, and then for it. False: it is over.
    fn wait(&self, tick: Duration) -> bool {
        let idle = |state: &mut State| !state.stopped && state.wanted == 0;
        let state = self.changed.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(state, tick, |state| !state.stopped);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stopped
    }
}
