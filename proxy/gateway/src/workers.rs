//! Threads that serve connections, each by itself.
//!
//! A connection stays on the thread that it was given to, and so does all that is done for it: nothing is handed from one
//! thread to another between the request's first byte and the answer's last, and a thread that has work never waits for
//! another one.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

thread_local! {
    static CURRENT: Cell<usize> = const { Cell::new(0) };
}

/// The thread that this runs on. Threads that serve no connections are 0 together.
pub(crate) fn current() -> usize {
    CURRENT.get()
}

/// Threads that connections are given to. They end when this is dropped, with whatever is still under way on them.
#[derive(Debug)]
pub struct Workers {
    all: Vec<Worker>,
    /// Closed when they are to end.
    _stop: watch::Sender<()>,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// Held once more by each connection.
    load: Arc<()>,
}

/// A connection's place on a thread.
pub(crate) struct Load(#[expect(dead_code, reason = "held to be counted")] Arc<()>);

impl Workers {
    /// Starts as many threads, but one at least.
    ///
    /// # Errors
    /// The system gives no thread, or no runtime for it.
    pub fn start(count: usize) -> io::Result<Workers> {
        let (stop, stopping) = watch::channel(());
        let all = (1..=count.max(1)).map(|number| Worker::start(number, stopping.clone()));
        Ok(Workers { all: all.collect::<io::Result<_>>()?, _stop: stop })
    }

    /// The thread with the fewest connections, and a place on it.
    pub(crate) fn pick(&self) -> (&Handle, Load) {
        let least = self.all.iter().min_by_key(|worker| Arc::strong_count(&worker.load));
        let worker = least.expect("there is one at least");
        (&worker.runtime, Load(Arc::clone(&worker.load)))
    }
}

impl Worker {
    fn start(number: usize, mut stopping: watch::Receiver<()>) -> io::Result<Worker> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new().name(format!("cordon-{number}")).spawn(move || {
            CURRENT.set(number);
            // It never changes, and closes.
            runtime.block_on(async { while stopping.changed().await.is_ok() {} });
            // What still runs may block; the process need not wait for it.
            runtime.shutdown_background();
        })?;
        Ok(Worker { runtime: handle, load: Arc::new(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_spread_and_stay_on_their_thread() {
        let workers = Workers::start(3).expect("threads");
        let mut numbers = Vec::new();
        let mut loads = Vec::new();
        for _ in 0..6 {
            let (runtime, load) = workers.pick();
            loads.push(load);
            let (told, heard) = std::sync::mpsc::channel();
            runtime.spawn(async move {
                let before = current();
                tokio::task::yield_now().await;
                told.send((before, current()))
            });
            let (before, after) = heard.recv().expect("a task that ends");
            assert_eq!(before, after);
            numbers.push(before);
        }
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 1, 2, 2, 3, 3]);
    }
}
