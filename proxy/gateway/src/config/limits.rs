//! How long things may take, and how large they may be.

use std::num::NonZeroU32;
use std::time::Duration;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a TCP connection to the backend.
    pub connect: Duration,
    /// From a request sent to the backend's response head.
    pub head: Duration,
    /// Between two pieces of a body, from either side, and for a client that does not read.
    pub idle: Duration,
    /// From the request's head to the last byte from the backend.
    pub whole: Duration,
    /// For a TLS handshake with a client.
    pub handshake: Duration,
    /// For a client to send a request head; also how long an idle connection is kept.
    pub request_head: Duration,
    /// For requests under way when the gateway is told to stop.
    pub drain: Duration,
    /// How long clients are still let in when the gateway is told to stop.
    pub drain_notice: Option<Duration>,
}

impl Default for Deadlines {
    fn default() -> Deadlines {
        Deadlines {
            connect: Duration::from_secs(5),
            head: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            whole: Duration::from_secs(600),
            handshake: Duration::from_secs(10),
            request_head: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            drain_notice: None,
        }
    }
}

/// How large things may be, in bytes where nothing else is said.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A request's body.
    pub request_body: u64,
    /// A response's body as it comes from the backend.
    pub response_body: u64,
    /// A response's body after decoding its content coding.
    pub decoded_body: u64,
    /// How many times its coded size a decoded body may have, beyond the first MiB (H15).
    pub decoded_ratio: u64,
    /// A request's head.
    pub request_head: usize,
    /// Number of headers in a request.
    pub request_headers: usize,
    /// Results of at most this size are sent with a `Content-Length`; of larger ones this much is held until the
    /// head is sent. It counts what the caller gets, so that framing tells nothing of what was taken away.
    pub whole_answer: usize,
    /// Concurrent HTTP/2 streams on a connection.
    pub streams: u32,
    /// Connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// Connections at a time from one address, or from one network of 64 bits of IPv6; further ones are closed.
    pub connections_per_address: Option<usize>,
    /// Requests under way at a time, from the head to the last byte of the answer; further ones are refused at once.
    pub requests: usize,
    /// How often one address may ask, whoever it is; of IPv6 a network of 64 bits.
    pub per_address: Option<Rate>,
    /// How often one caller may ask, wherever they are.
    pub per_caller: Option<Rate>,
    /// What a client must send of a body, and take of an answer, while it is waited for. Without it one byte now and
    /// then is enough to meet [`Deadlines::idle`].
    pub least_rate: LeastRate,
}

/// How slow a client may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastRate {
    /// So many bytes…
    pub bytes: u64,
    /// … in this time, of which only counts what is spent waiting for the client.
    pub every: Duration,
}

/// How often somebody may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many requests…
    pub requests: NonZeroU32,
    /// … in this time, in the long run.
    pub every: Duration,
    /// So many at once, after a pause.
    pub burst: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            request_body: 16 << 20,
            response_body: 4 << 30,
            decoded_body: 4 << 30,
            decoded_ratio: 200,
            request_head: 32 << 10,
            request_headers: 100,
            whole_answer: 64 << 10,
            streams: 128,
            connections: 20_000,
            connections_per_address: None,
            requests: 10_000,
            per_address: None,
            per_caller: None,
            least_rate: LeastRate { bytes: 1000, every: Duration::from_secs(60) },
        }
    }
}
