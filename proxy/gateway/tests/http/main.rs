//! The data plane over real sockets: a raw backend that sends what a test tells it to, the real default policy, and
//! clients that speak HTTP/1.1 byte by byte or HTTP/2. Tests carry the numbers of `http-checklist.md` in their names.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod backend;
mod bodies;
mod callers;
mod certificates;
mod checklist;
mod client;
mod connections;
mod content;
mod drain;
mod failures;
mod faults;
mod formats;
mod framing;
mod hidden;
mod hosts;
mod http2;
mod identity;
mod kills;
mod live;
mod log;
mod memory;
mod messages;
mod mutations;
mod observe;
mod opaque;
mod overload;
mod packed;
mod reading;
mod representation;
mod smuggling;
mod stage;
mod standing;
mod tls;
mod tokens;
mod trial;
mod vanishing;
mod websocket;
