//! A connection of which hyper gets to see nothing that has two readings (H3).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::serve::control::{Control, Flood};
use crate::serve::framing::Framing;
use crate::websocket::Tunnel;

/// Its first byte is lawful in no place of a request that [`Framing`] looks at, so hyper refuses it with 400 and
/// closes; the empty line after it makes hyper look, which may wait for a head's end.
const POISON: &[u8] = b"\0\r\n\r\n";

/// The bytes by which a connection shows that it speaks HTTP/2.
const PREFACE: usize = 24;

/// Ends the client's bytes where they stop being lawful, with [`POISON`], and the connection if it is flooded (H9) or
/// if its first bytes do not come: hyper's own deadlines begin when the version is known (H11).
pub(crate) struct Guarded<S> {
    stream: S,
    framing: Framing,
    control: Control,
    /// What comes once it is open is no HTTP.
    tunnel: Arc<Tunnel>,
    /// What is left to be handed over once bytes were refused.
    poison: Option<&'static [u8]>,
    /// In force until the first bytes are there, and how many of them are missing.
    opening: Option<Pin<Box<Sleep>>>,
    missing: usize,
}

impl<S> Guarded<S> {
    /// Expects the first bytes by `due`.
    pub(crate) fn new(stream: S, due: Instant, tunnel: Arc<Tunnel>) -> Guarded<S> {
        Guarded {
            stream,
            framing: Framing::default(),
            control: Control::new(),
            tunnel,
            poison: None,
            opening: Some(Box::pin(tokio::time::sleep_until(due))),
            missing: PREFACE,
        }
    }
}

impl<S> Guarded<S> {
    fn poll_opening(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.opening {
            Some(due) => due.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl<S> Guarded<S> {
    fn note(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.control.sent(*bytes);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poison.is_none() {
            let before = buffer.filled().len();
            let read = Pin::new(&mut self.stream).poll_read(context, buffer);
            if read.is_pending() {
                return self.poll_opening(context);
            }
            ready!(read)?;
            let came = buffer.filled().len() - before;
            let of_preface = self.missing.min(came);
            self.missing -= of_preface;
            if self.missing == 0 {
                self.opening = None;
            }
            if self.tunnel.is_open() {
                return Poll::Ready(Ok(()));
            }
            if let Err(refused) = self.framing.inspect(&buffer.filled()[before..]) {
                tracing::debug!(reason = refused.reason, "malformed request");
                buffer.set_filled(before + refused.lawful);
                self.poison = Some(POISON);
            }
            if self.framing.is_opaque()
                && let Err(Flood) = self.control.inspect(&buffer.filled()[before + of_preface..])
            {
                tracing::debug!("flood of frames that bring nothing");
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
        }
        if let Some(poison) = &mut self.poison {
            let (now, later) = poison.split_at(poison.len().min(buffer.remaining()));
            buffer.put_slice(now);
            *poison = later;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
