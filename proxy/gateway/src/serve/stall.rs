//! A connection whose client must take what is sent to it (H11).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::counters::Totals;
use crate::gateway::Gateway;
use crate::limit::tempo::Tempo;
use crate::rescue::Cause;

/// Fails writes that make no progress for a while, or too little, so that a client that never reads holds nothing for
/// ever.
pub(crate) struct Stalling<S> {
    stream: S,
    patience: Duration,
    tempo: Tempo,
    totals: Arc<Totals>,
    /// When a write that waits must have moved; none while none waits.
    due: Option<Instant>,
    /// Made when a write first had to wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Stalling<S> {
    pub(crate) fn new(stream: S, gateway: &Gateway) -> Stalling<S> {
        let config = &gateway.config;
        Stalling {
            stream,
            patience: config.deadlines.idle,
            tempo: Tempo::new(config.limits.least_rate),
            totals: Arc::clone(&gateway.totals),
            due: None,
            timer: None,
        }
    }

    fn written(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &outcome {
            self.tempo.moved(*bytes as u64);
            if self.due.is_some() && self.tempo.is_slow(Instant::now()) {
                return Poll::Ready(Err(self.too_slow()));
            }
        }
        self.watch(context, outcome)
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.due = None;
            return outcome;
        }
        let now = Instant::now();
        let due = *self.due.get_or_insert(now + self.patience);
        let mut look = self.tempo.wait(now).min(due);
        loop {
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(look)));
            if timer.deadline() != look {
                timer.as_mut().reset(look);
            }
            if timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if now >= due {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            if self.tempo.is_slow(now) {
                return Poll::Ready(Err(self.too_slow()));
            }
            look = self.tempo.wait(now).min(due);
        }
    }

    fn too_slow(&self) -> io::Error {
        tracing::debug!("client that takes its answers too slowly");
        self.totals.refusals.enter(&Cause::TakenSlowly);
        io::ErrorKind::TimedOut.into()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, outcome)
    }
}
