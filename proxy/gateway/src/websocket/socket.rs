//! One side's frames.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::websocket::ending::{Farewell, frame};

/// Bytes that are read, or written, in one go.
const BUFFER: usize = 8 << 10;
/// How long a side may take for its part of the closing handshake, and to hang up after it.
const PARTING: Duration = Duration::from_secs(2);
/// The most bytes that are read of a side that was told to go.
const REST: u64 = 1 << 20;

type Frames = WebSocketStream<TokioIo<Upgraded>>;
pub(crate) type Incoming = SplitStream<Frames>;
pub(crate) type Outgoing = SplitSink<Frames, Message>;

/// Reads and writes frames on what was HTTP. Messages may have this length at the most.
pub(crate) async fn split(connection: Upgraded, role: Role, longest: usize) -> (Outgoing, Incoming) {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    WebSocketStream::from_raw_socket(TokioIo::new(connection), role, Some(config)).await.split()
}

/// Ends a side in order, and hangs up. What it still sends goes nowhere.
pub(crate) async fn part(mut outgoing: Outgoing, mut incoming: Incoming, farewell: Farewell) {
    let parting = async {
        match farewell {
            Farewell::Gone => return,
            Farewell::Close(code) => {
                if outgoing.send(Message::Close(frame(code))).await.is_err() {
                    return;
                }
                while let Some(Ok(_)) = incoming.next().await {}
            }
            Farewell::Answered => {
                let _ = outgoing.flush().await;
            }
        }
        // Hanging up on bytes that were not read would take the close frame along.
        if let Ok(mut frames) = outgoing.reunite(incoming) {
            let stream = frames.get_mut();
            let _ = stream.shutdown().await;
            let mut rest = stream.take(REST);
            let mut buffer = [0; 1024];
            while matches!(rest.read(&mut buffer).await, Ok(1..)) {}
        }
    };
    let _ = tokio::time::timeout(PARTING, parting).await;
}
