//! What is told of an exchange when it is over, to whoever keeps a record of it.

use std::fmt;
use std::time::{Duration, SystemTime};

use cordon_policy::Digest;

use crate::counters::Messages;
use crate::stage::Stage;
use crate::trace::TraceContext;

/// Keeps records of exchanges, such as an access log. It is called where exchanges end, and must not wait for anything.
pub trait Recorder: Send + Sync {
    /// An exchange is over.
    fn exchange(&self, record: &ExchangeRecord<'_>);

    /// Whether the process's own log need not tell of exchanges.
    fn keeps_log(&self) -> bool;
}

/// One exchange. Nothing in it is a value of the request or of a body but what names who asked (H42).
#[derive(Clone, Debug)]
pub struct ExchangeRecord<'a> {
    /// When its head was read.
    pub began: SystemTime,
    /// Its method; `other` where it is none of HTTP's own.
    pub method: &'static str,
    /// The route's name, and its path with the names of parameters and not their values. None: no route matched, or none
    /// was looked for.
    pub route: Option<(&'a str, &'a str)>,
    /// The status that the caller was sent.
    pub status: u16,
    /// The login of who asked, if that was found out.
    pub caller: Option<&'a str>,
    /// The digest of the policy that served the exchange.
    pub policy: Digest,
    /// The directory's revision.
    pub revision: u64,
    /// Records that passed.
    pub kept: u64,
    /// Records that did not.
    pub dropped: u64,
    /// Values that an edit removed.
    pub removed: u64,
    /// Values that an edit masked.
    pub masked: u64,
    /// Values that nothing in the plan names.
    pub unlisted: u64,
    /// Messages, of a WebSocket.
    pub messages: Messages,
    /// Why it was refused or broken off: a word of this program.
    pub reason: Option<&'static str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Nothing was enforced (observe mode).
    pub observed: bool,
    /// Bytes of the request's body, or of a client's messages.
    pub received: u64,
    /// Bytes of the answer's body, or of messages to the client.
    pub sent: u64,
    /// What the time went into, in order.
    pub stages: &'a [(Stage, Duration)],
    /// What the request is called: hexadecimal digits and dashes. Where ids are not given here, it is what the client says, if
    /// that looks so.
    pub request_id: Option<&'a str>,
    /// Its place in a trace.
    pub trace: Option<TraceContext>,
    /// From the head to the last byte.
    pub duration: Duration,
}

impl ExchangeRecord<'_> {
    /// Whether it became a WebSocket, so that bytes are those of messages.
    #[must_use]
    pub fn is_websocket(&self) -> bool {
        self.status == 101
    }
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client went away, or the connection was lost.
    Abandoned,
    /// The answer was sent as a whole.
    Complete,
    /// The answer was broken off, since it could not go on.
    Broken,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Abandoned => "abandoned",
            Outcome::Complete => "complete",
            Outcome::Broken => "broken",
        })
    }
}

/// A method as a word of HTTP's: what clients make up is no label (H42).
pub(crate) fn method_word(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "CONNECT" => "CONNECT",
        _ => "other",
    }
}
