//! A connection whose client must take what is sent to it (H11).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::counters::Totals;
use crate::gateway::Gateway;
use crate::limit::patience::{Over, Patience};
use crate::rescue::Cause;

/// Fails writes that make no progress for a while, or too little, so that a client that never reads holds nothing for
/// ever.
pub(crate) struct Stalling<S> {
    stream: S,
    patience: Patience,
    totals: Arc<Totals>,
}

impl<S> Stalling<S> {
    pub(crate) fn new(stream: S, gateway: &Gateway) -> Stalling<S> {
        let config = &gateway.config;
        Stalling {
            stream,
            patience: Patience::new(config.deadlines.idle, None, config.limits.least_rate),
            totals: Arc::clone(&gateway.totals),
        }
    }

    fn written(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(bytes)) if !self.patience.moved(bytes as u64) => Poll::Ready(Err(self.too_slow())),
            _ => self.watch(context, outcome),
        }
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.patience.rest();
            return outcome;
        }
        Poll::Ready(Err(match ready!(self.patience.poll_over(context)) {
            Over::Late => io::ErrorKind::TimedOut.into(),
            Over::Slow => self.too_slow(),
        }))
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
