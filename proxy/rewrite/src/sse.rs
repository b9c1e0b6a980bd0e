//! Server-sent events (WHATWG HTML, "Server-sent events"): an array of events, each an object whose member `data` is
//! JSON (H31).

mod admit;
mod comment;
mod data;
mod edit;
mod event;
mod flush;
mod line;
mod queue;
mod read;
mod reader;
mod tree;

pub(crate) use reader::Sse;
