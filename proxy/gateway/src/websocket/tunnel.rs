//! How a connection is handed from HTTP to frames.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::access::Entry;

/// What is done with a connection after the 101. It gets the access log's entry, and a future that is ready when the
/// gateway stops.
type Frames = Box<dyn FnOnce(Box<Entry>, Ending) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Ready when the gateway stops.
pub(crate) type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a connection becomes, if it becomes anything: there is one for each connection that can.
#[derive(Default)]
pub(crate) struct Tunnel {
    state: Mutex<State>,
    is_open: AtomicBool,
}

#[derive(Default)]
struct State {
    frames: Option<Frames>,
    entry: Option<Box<Entry>>,
}

impl Tunnel {
    /// The answer will be a 101: what follows it is no HTTP.
    pub(crate) fn open<F>(&self, frames: impl FnOnce(Box<Entry>, Ending) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.change(|state| {
            state.frames = Some(Box::new(|entry, ending| Box::pin(frames(entry, ending))));
        });
        self.is_open.store(true, Ordering::Release);
    }

    /// Whether no HTTP follows.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// The entry of the request that led to the 101: it is written when the last frame is sent.
    pub(crate) fn attach(&self, entry: Box<Entry>) {
        self.change(|state| state.entry = Some(entry));
    }

    /// Goes on with frames, if it comes to that, once HTTP has ended.
    pub(crate) async fn run(&self, ending: Ending) {
        let taken = self.change(|state| Some((state.frames.take()?, state.entry.take()?)));
        if let Some((frames, entry)) = taken {
            frames(entry, ending).await;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
