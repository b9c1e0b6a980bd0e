//! A client of a gateway in this process, over a connection in memory.

use std::sync::Arc;

use cordon_gateway::Gateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A connection, over which one request after the other is asked.
pub(crate) struct Line {
    stream: DuplexStream,
    buffer: Vec<u8>,
}

impl Line {
    pub(crate) fn to(gateway: &Arc<Gateway>) -> Line {
        let (stream, server) = tokio::io::duplex(256 << 10);
        tokio::spawn(Arc::clone(gateway).serve_stream(server));
        Line { stream, buffer: Vec::new() }
    }

    /// Sends a request and reads its answer, whose length its head tells.
    pub(crate) async fn ask(&mut self, request: &str) -> &str {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            assert_ne!(self.stream.read_buf(&mut self.buffer).await.unwrap(), 0);
            let text = std::str::from_utf8(&self.buffer).unwrap();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap_or_else(|| panic!("{head}")).parse().unwrap();
            if body.len() >= length {
                break;
            }
        }
        std::str::from_utf8(&self.buffer).unwrap()
    }
}
