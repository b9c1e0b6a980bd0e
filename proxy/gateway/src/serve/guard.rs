//! A connection of which hyper gets to see nothing that has two readings (H3).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::serve::framing::Framing;

/// Its first byte is lawful in no place of a request that [`Framing`] looks at, so hyper refuses it with 400 and
/// closes; the empty line after it makes hyper look, which may wait for a head's end.
const POISON: &[u8] = b"\0\r\n\r\n";

/// Ends the client's bytes where they stop being lawful, with [`POISON`].
pub(crate) struct Guarded<S> {
    stream: S,
    framing: Framing,
    /// What is left to be handed over once bytes were refused.
    poison: Option<&'static [u8]>,
}

impl<S> Guarded<S> {
    pub(crate) fn new(stream: S) -> Guarded<S> {
        Guarded {
            stream,
            framing: Framing::default(),
            poison: None,
        }
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
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            if let Err(refused) = self.framing.inspect(&buffer.filled()[before..]) {
                tracing::debug!(reason = refused.reason, "malformed request");
                buffer.set_filled(before + refused.lawful);
                self.poison = Some(POISON);
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
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
