//! What operators are told, over real sockets: a gateway with the default policy before a backend in memory, clients that
//! speak HTTP/1.1 byte by byte.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are a test")]

mod audit;
mod bounds;
mod examples;
mod exposition;
mod health;
mod logs;
mod metrics;
mod prometheus;
mod stage;
mod streams;
mod traces;
